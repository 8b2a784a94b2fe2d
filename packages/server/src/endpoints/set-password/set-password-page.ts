/** What the pages of setting a password say. */
import { html } from 'hono/html';
import type { Html, PageContent } from '../../http/page.ts';

export interface SetPasswordView {
  readonly action: string;
  readonly formToken: string;
  readonly loginName: string;
  /** A whole sentence about what was typed. */
  readonly problem: string | undefined;
}

/** Typed twice, since a slip of the fingers would use the link up; the name is a field, for password managers. */
export function setPasswordPage({ action, formToken, loginName, problem }: SetPasswordView): PageContent {
  const state =
    problem === undefined
      ? html` aria-describedby="password-rule"`
      : html` aria-invalid="true" aria-describedby="password-error password-rule"`;
  const alert: Html | '' =
    problem === undefined ? '' : html`<p class="alert" role="alert" id="password-error">${problem}</p>`;
  return {
    status: problem === undefined ? 200 : 422,
    title: problem === undefined ? 'Set a password' : 'Set a password: try again',
    hasForm: true,
    main: html`<h1>Set a password</h1>
${alert}
<form method="post" action="${action}">
<input type="hidden" name="form_token" value="${formToken}">
<div class="field">
<label for="login-name">Login name</label>
<input id="login-name" name="username" type="text" value="${loginName}" autocomplete="username" readonly>
</div>
<div class="field">
<label for="new-password">New password</label>
<input id="new-password" name="password" type="password" autocomplete="new-password" maxlength="1024" required${state} autofocus>
<p class="small" id="password-rule">15 characters or more. A few words that do not belong together are easy to remember.</p>
</div>
<div class="field">
<label for="repeated-password">The same again</label>
<input id="repeated-password" name="repeated" type="password" autocomplete="new-password" maxlength="1024" required>
</div>
<div class="actions">
<button id="password-submit" type="submit">Set the password</button>
</div>
</form>
<p class="small">This signs you out everywhere: apps and devices have to ask you again.</p>`,
  };
}

export function passwordSetPage(): PageContent {
  return {
    status: 200,
    title: 'The password is set',
    main: html`<h1>The password is set</h1>
<p class="lead">Whatever was signed in before is signed out. Go to where you want to sign in, and use the new password there.</p>`,
  };
}

/** One text for a link that never was, one that is over, one that was used and one that a newer one took over from. */
export function linkGonePage(): PageContent {
  return {
    status: 410,
    title: 'This link does not work',
    main: html`<h1>This link does not work</h1>
<p class="lead" id="link-gone">A link works once, for an hour, and only until a newer one is made. Ask whoever gave it to you for another one.</p>`,
  };
}
