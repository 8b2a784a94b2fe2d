/** What the sign-in page says. */
import { html } from 'hono/html';
import type { SignInVerdict } from '../../accounts/accounts.ts';
import type { Client } from '../../clients/client.ts';
import { clientFooter, clientLogo, formTargets, logoOrigins } from '../../http/client-identity.ts';
import type { Html, PageContent } from '../../http/page.ts';

export interface LoginView {
  /** Undefined on the way to a page of ours: whose code was typed is told only to somebody who has signed in. */
  readonly client: Client | undefined;
  readonly from: 'authorize' | 'device' | 'account';
  readonly redirectUri: string | undefined;
  readonly action: string;
  readonly formToken: string;
  /** As typed before, or as the client hinted. */
  readonly username: string;
  readonly verdict: Exclude<SignInVerdict, { verdict: 'signed_in' }> | undefined;
}

/**
 * The page. After a failed attempt it comes with 403: the credentials were understood and are not enough (RFC 9110
 * §15.5.4). 401 would need a challenge that no browser can answer here, and with 200 neither a log nor a password
 * manager could tell a failure from a success.
 */
export function loginPage(view: LoginView): PageContent {
  const { client, verdict } = view;
  const footer = client && clientFooter(client);
  return {
    status: verdict === undefined ? 200 : verdict.verdict === 'refused' ? 403 : 429,
    title: verdict === undefined ? 'Sign in' : 'Sign in: try again',
    main: loginMain(view),
    hasForm: true,
    formTargets: view.redirectUri === undefined ? [] : formTargets(view.redirectUri),
    imageOrigins: client === undefined ? [] : logoOrigins(client),
    ...(footer === undefined ? {} : { footer }),
    ...(verdict?.verdict === 'rate_limited'
      ? { headers: { 'retry-after': String(Math.max(1, Math.ceil(verdict.retryAfter))) } }
      : {}),
  };
}

function loginMain(view: LoginView): Html {
  const hasFailed = view.verdict !== undefined;
  const state = hasFailed ? html` aria-invalid="true" aria-describedby="login-error"` : '';
  // The cursor waits in the first field that is still empty.
  const [first, second] = view.username === '' ? [html` autofocus`, ''] : ['', html` autofocus`];
  const { client } = view;
  const purpose =
    client === undefined
      ? { authorize: 'go on', device: 'connect a device', account: 'see your account' }[view.from]
      : html`continue to <strong><bdi id="client-name">${client.name}</bdi></strong>`;
  return html`${client === undefined ? '' : clientLogo(client)}<h1>Sign in</h1>
<p class="lead">to ${purpose}</p>
${alertOf(view.verdict)}
<form method="post" action="${view.action}">
<input type="hidden" name="form_token" value="${view.formToken}">
<div class="field">
<label for="username">Login name</label>
<input id="username" name="username" type="text" value="${view.username}" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="320" required${state}${first}>
</div>
<div class="field">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024" required${state}${second}>
</div>
<div class="actions">
<button id="login-submit" type="submit" name="decision" value="sign_in">Sign in</button>
<button id="login-cancel" class="plain" type="submit" name="decision" value="cancel" formnovalidate>Cancel</button>
</div>
</form>`;
}

/** One text for a wrong password and for nobody of that name: the page must not tell who has an account. */
function alertOf(verdict: LoginView['verdict']): Html | '' {
  if (verdict === undefined) return '';
  const text =
    verdict.verdict === 'refused'
      ? 'Login name or password is wrong.'
      : `Too many attempts. Try again in ${minutes(verdict.retryAfter)}.`;
  return html`<p class="alert" role="alert" id="login-error">${text}</p>`;
}

function minutes(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds / 60));
  return whole === 1 ? 'a minute' : `${whole} minutes`;
}
