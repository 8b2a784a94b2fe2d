/** What the pages of logout say. */
import { html } from 'hono/html';
import { formTargets } from '../../http/client-identity.ts';
import { hostOf, type PageContent } from '../../http/page.ts';

export interface ConfirmView {
  readonly action: string;
  readonly formToken: string;
  /** Where the browser goes on to afterwards. */
  readonly address: string | undefined;
}

export function confirmPage({ action, formToken, address }: ConfirmView): PageContent {
  const onward = address === undefined ? '' : html`<p class="small">Afterwards you go to ${hostOf(address)}.</p>`;
  const field = address === undefined ? '' : html`<input type="hidden" name="address" value="${address}">`;
  return {
    status: 200,
    title: 'Sign out',
    hasForm: true,
    formTargets: address === undefined ? [] : formTargets(address),
    main: html`<h1>Sign out?</h1>
<p class="lead">This ends your session here, and with it the access of the apps you signed in to, but for those you allowed to keep it.</p>
<form method="post" action="${action}">
<input type="hidden" name="form_token" value="${formToken}">${field}
<div class="actions">
<button id="logout-confirm" type="submit">Sign out</button>
</div>
</form>
${onward}
<p class="small">To stay signed in, just leave this page.</p>`,
  };
}

export function signedOutPage(): PageContent {
  return {
    status: 200,
    title: 'Signed out',
    main: html`<h1>You are signed out</h1>
<p class="lead">You can close this page.</p>`,
  };
}
