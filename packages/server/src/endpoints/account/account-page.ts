/** What the account page says: what a person allows, where they are signed in, and how to take either back. */
import { html } from 'hono/html';
import { grantList } from '../../http/grant-list.ts';
import type { Html, PageContent } from '../../http/page.ts';
import { dayInWords, personIdentity } from '../../http/person-identity.ts';
import type { ListedSession, PersonRow } from '../../store/store.ts';

/** A client, and what it may do at which API. */
export interface AllowedApp {
  readonly client: string;
  readonly name: string;
  /** Seconds since the epoch. */
  readonly since: number;
  readonly allowed: Parameters<typeof grantList>[1];
}

export interface AccountView {
  readonly person: PersonRow;
  readonly apps: readonly AllowedApp[];
  readonly sessions: readonly ListedSession[];
  /** The session of this browser. */
  readonly current: string;
  /** What the form before has done. */
  readonly outcome: Outcome | undefined;
  readonly action: string;
  readonly formToken: string;
  readonly signOut: { readonly action: string; readonly formToken: string };
}

const outcomes = {
  withdrawn: 'The app has no access to your account any more.',
  ended: 'You are signed out there.',
  not_there: 'That was not there any more.',
} as const;

export type Outcome = keyof typeof outcomes;

export function isOutcome(word: string): word is Outcome {
  return Object.hasOwn(outcomes, word);
}

export function accountPage(view: AccountView): PageContent {
  const { outcome } = view;
  const status = outcome === undefined ? '' : html`<p class="note" role="status" id="outcome">${outcomes[outcome]}</p>`;
  return {
    status: 200,
    title: 'Your account',
    hasForm: true,
    main: html`<h1>Your account</h1>
${personIdentity({ person: view.person, id: 'account-person', aside: signOutForm(view.signOut) })}
${status}
<section aria-labelledby="apps-title">
<h2 class="section" id="apps-title">Apps you allowed</h2>
${appsOf(view)}
</section>
<section aria-labelledby="sessions-title">
<h2 class="section" id="sessions-title">Where you are signed in</h2>
<ul class="items" id="sessions">${view.sessions.map((session) => sessionOf(session, view))}</ul>
<p class="small">Not a browser of yours? End it, and ask for a new password. Times are UTC.</p>
</section>`,
  };
}

function signOutForm({ action, formToken }: AccountView['signOut']): Html {
  return html`<form class="inline" method="post" action="${action}">
<input type="hidden" name="form_token" value="${formToken}">
<button class="plain" id="sign-out" type="submit">Sign out</button>
</form>`;
}

function appsOf(view: AccountView): Html {
  if (view.apps.length === 0) return html`<p class="small" id="no-apps">You allow no app anything.</p>`;
  return html`<ul class="items" id="apps">${view.apps.map((app, index) => appOf(app, index, view))}</ul>`;
}

function appOf({ client, name, since, allowed }: AllowedApp, index: number, view: AccountView): Html {
  const id = `app-${index + 1}`;
  return html`<li>
<h3 id="${id}-name"><bdi>${name}</bdi></h3>
<p class="small">since ${timeOf(since)}</p>
${grantList(`${id}-grants`, allowed, 3)}
${itemForm(view, { field: 'withdraw', value: client, button: html`<button class="plain" id="${id}-withdraw" type="submit" aria-describedby="${id}-name">Withdraw</button>` })}
</li>`;
}

function sessionOf({ id, since, authTime }: ListedSession, view: AccountView): Html {
  const isCurrent = id === view.current;
  const times = html`<p class="small">since ${timeOf(since)}${since === authTime ? '' : html`, last sign-in ${timeOf(authTime)}`}</p>`;
  if (isCurrent) return html`<li><h3 id="this-session">This browser</h3>${times}</li>`;
  const name = `session-${id}`;
  return html`<li><h3 id="${name}-name">Another browser</h3>${times}
${itemForm(view, { field: 'end', value: id, button: html`<button class="plain" id="${name}-end" type="submit" aria-describedby="${name}-name">Sign out there</button>` })}
</li>`;
}

function itemForm(
  { action, formToken }: AccountView,
  { field, value, button }: { readonly field: string; readonly value: string; readonly button: Html },
): Html {
  return html`<form class="inline" method="post" action="${action}">
<input type="hidden" name="form_token" value="${formToken}">
<input type="hidden" name="${field}" value="${value}">
${button}
</form>`;
}

function timeOf(seconds: number): Html {
  const time = new Date(seconds * 1000).toISOString();
  return html`<time datetime="${time}">${dayInWords(seconds)}, ${time.slice(11, 16)}</time>`;
}

/** The person pressed cancel on the sign-in page. */
export function notSignedInPage(address: string): PageContent {
  return {
    status: 200,
    title: 'Not signed in',
    main: html`<h1>You are not signed in</h1>
<p class="lead">Your account is shown to you alone.</p>
<div class="actions"><a class="button" id="sign-in" href="${address}">Sign in</a></div>`,
  };
}
