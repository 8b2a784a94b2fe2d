/** What the device pages say: the field for the code, the question, and how it ended. */
import { html } from 'hono/html';
import type { Client } from '../../clients/client.ts';
import { clientFooter, clientLogo, logoOrigins } from '../../http/client-identity.ts';
import { grantList, takeBackHint } from '../../http/grant-list.ts';
import type { Html, PageContent } from '../../http/page.ts';
import { dayInWords, notYou, personIdentity } from '../../http/person-identity.ts';
import { accessDuration, inWords, type KeptFor } from '../../requests/duration.ts';
import type { Resource } from '../../resources/resource.ts';
import type { DeviceCodeRow } from '../../store/device-code-store.ts';
import type { PersonRow } from '../../store/store.ts';

export interface CodeView {
  readonly action: string;
  readonly formToken: string;
  /** As typed, or as the complete address brought it: well-formed, or nothing. */
  readonly userCode: string;
  readonly problem:
    | { readonly kind: 'invalid' }
    | { readonly kind: 'limited'; readonly retryAfter: number }
    | undefined;
}

/** Prefilled or not, nothing goes on before somebody has looked at the code and pressed the button (RFC 8628 §5.4). */
export function codePage(view: CodeView): PageContent {
  const { problem } = view;
  const state = problem === undefined ? '' : html` aria-invalid="true" aria-describedby="device-error"`;
  const check =
    view.userCode === '' || problem !== undefined
      ? html`Enter the code that your device shows.`
      : html`Go on only if your device shows exactly this code, and you started it yourself.`;
  return {
    status: problem === undefined ? 200 : problem.kind === 'limited' ? 429 : 400,
    title: 'Connect a device',
    hasForm: true,
    main: html`<h1>Connect a device</h1>
<p class="lead">${check}</p>
${alertOf(problem)}
<form method="post" action="${view.action}">
<input type="hidden" name="form_token" value="${view.formToken}">
<div class="field">
<label for="user-code">Code</label>
<input id="user-code" class="code" name="user_code" type="text" value="${view.userCode}" placeholder="XXXX-XXXX" autocomplete="off" autocapitalize="characters" autocorrect="off" spellcheck="false" maxlength="64" required${state}>
</div>
<div class="actions">
<button id="device-continue" type="submit">Continue</button>
</div>
</form>`,
    ...(problem?.kind === 'limited' ? { headers: { 'retry-after': String(waitOf(problem.retryAfter)) } } : {}),
  };
}

/** One text for a code that never was, one that is over and one that somebody else has claimed. */
function alertOf(problem: CodeView['problem']): Html | '' {
  if (problem === undefined) return '';
  const text =
    problem.kind === 'invalid'
      ? 'This code is not valid, or not any more. Look at your device again.'
      : `Too many attempts. Try again in ${inWords(Math.ceil(waitOf(problem.retryAfter) / 60) * 60)}.`;
  return html`<p class="alert" role="alert" id="device-error">${text}</p>`;
}

function waitOf(seconds: number): number {
  return Math.max(1, Math.ceil(seconds));
}

export interface ConfirmView {
  readonly client: Client;
  readonly code: DeviceCodeRow;
  readonly person: PersonRow;
  readonly asked: readonly { readonly resource: Resource; readonly scopes: readonly string[] }[];
  readonly lifetimes: KeptFor;
  readonly action: string;
  readonly otherAccount: string;
  /** Address of the account page. */
  readonly account: string;
  readonly formToken: string;
}

/** The question; what it says of the device is the device's own word, and so is its name (RFC 10027 §6.1). */
export function confirmPage(view: ConfirmView): PageContent {
  const { client, code, person } = view;
  const footer = clientFooter(client);
  const duration = accessDuration({ scopes: code.scopes, grants: client.grants }, view.lifetimes);
  const device = code.userAgent === '' ? 'does not say' : code.userAgent;
  return {
    status: 200,
    title: `Connect ${client.name}`,
    hasForm: true,
    imageOrigins: logoOrigins(client),
    ...(footer === undefined ? {} : { footer }),
    main: html`${clientLogo(client)}<h1>Connect <bdi id="client-name">${client.name}</bdi>?</h1>
<p class="alert" id="device-warning">Allow this only if you started it yourself, just now, on a device of your own. Did somebody send or tell you the code or the link? Then deny: they would get into your account.</p>
<p class="lead">A device asks to do this with your account:</p>
${grantList('device-grants', view.asked)}
<dl class="facts">
<div><dt>Asked from the address</dt><dd id="device-address">${code.address}</dd></div>
<div><dt>The device calls itself</dt><dd id="device-agent"><bdi>${device}</bdi></dd></div>
<div><dt>Asked at</dt><dd id="device-time">${timeOf(code.createdAt)}</dd></div>
<div><dt>How long</dt><dd id="device-duration">${duration}</dd></div>
</dl>
${personIdentity({ person, id: 'device-person', aside: notYou(view.otherAccount) })}
<form method="post" action="${view.action}">
<input type="hidden" name="form_token" value="${view.formToken}">
<div class="actions pair">
<button id="device-allow" type="submit" name="decision" value="allow">Allow</button>
<button id="device-deny" class="plain" type="submit" name="decision" value="deny">Deny</button>
</div>
</form>
${takeBackHint(view.account)}`,
  };
}

/** `14:05 UTC, 23 November 2026` */
function timeOf(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(11, 16)} UTC, ${dayInWords(seconds)}`;
}

export function donePage(decision: 'allow' | 'deny'): PageContent {
  const [title, text] =
    decision === 'allow'
      ? ['The device is connected', 'Go back to your device. You can close this page.']
      : ['You denied it', 'The device gets nothing. If you did not start this, there is nothing more to do.'];
  return {
    status: 200,
    title,
    main: html`<h1 id="device-done">${title}</h1>
<p class="lead">${text}</p>`,
  };
}
