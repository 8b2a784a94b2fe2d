/** Who is signed in, as pages of ours show it. */
import { html } from 'hono/html';
import type { Html } from './page.ts';

interface Shown {
  readonly person: { readonly loginName: string; readonly profile: { readonly name?: string } };
  /** Of the element with the name. */
  readonly id: string;
  /** Beside it: what to do when it is not you. */
  readonly aside: Html;
}

/** The name a person goes by, and the login name when that is another. */
export function personIdentity({ person, id, aside }: Shown): Html {
  const name = person.profile.name ?? person.loginName;
  const login = name === person.loginName ? '' : html`<small>${person.loginName}</small>`;
  return html`<div class="who"><div>Signed in as <strong><bdi id="${id}">${name}</bdi></strong>${login}</div>${aside}</div>`;
}

/** The way to sign in as somebody else. */
export function notYou(address: string): Html {
  return html`<a href="${address}">Not you?</a>`;
}

/** `23 November 2026`: in UTC, since the server does not know where the person is. */
export function dayInWords(seconds: number): string {
  const date = new Date(seconds * 1000);
  return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
}
