/**
 * Our pages: one frame around all of them, and the pages that no endpoint owns (an error, going on to the client).
 *
 * Owns: the document, its policy (CSP), and that what comes from outside is text. Does not own: what sign-in,
 * consent and logout say; which refusal becomes which page (`handle.ts`).
 */
import { hash } from 'node:crypto';
import type { HttpAnswer } from '@castellan/protocol';
import { html, raw } from 'hono/html';
import { assets } from './assets.ts';

/** Escaped HTML. Text in a template is escaped unless it is of this type. */
export type Html = ReturnType<typeof html>;

export interface PageContent {
  readonly status: number;
  readonly title: string;
  readonly main: Html;
  readonly footer?: Html;
  /** Where the page's form leads after its redirects, besides this origin: `com.example.app:`. */
  readonly formTargets?: readonly string[];
  /** Whether the page has a form at all. */
  readonly hasForm?: boolean;
  /** The page's only form goes to this foreign origin, and nowhere else. */
  readonly postsTo?: string;
  /** Whether a script sends the first form as soon as the page is there. */
  readonly submitsItself?: boolean;
  /** Origins of images besides this one. */
  readonly imageOrigins?: readonly string[];
  /** A checked address that the page goes on to by itself, at once. */
  readonly goOn?: string;
  readonly headers?: HttpAnswer['headers'];
}

interface ErrorContent {
  readonly status: number;
  /** The stable word of `#error-code`. */
  readonly code: string;
  readonly description: string;
  readonly correlation: string;
  /** Where the person may go on to with the error, if they want to. */
  readonly client?: string;
  /** Instead of `client`: the form they may send there. */
  readonly clientForm?: PostForm;
  /** Instead of both: where they may begin anew, and what that place calls itself. */
  readonly startAgain?: { readonly name: string; readonly address: string } | undefined;
  readonly headers?: HttpAnswer['headers'];
}

/** Fields that a browser posts to a client (OAuth 2.0 Form Post Response Mode §2). */
interface PostForm {
  /** A checked redirect URI. */
  readonly action: string;
  readonly fields: Readonly<Record<string, string | undefined>>;
}

export interface Pages {
  readonly page: (content: PageContent) => HttpAnswer;
  readonly error: (content: ErrorContent) => HttpAnswer;
  /** Goes on to a checked address, from a chain that began with one of our forms. */
  readonly goOn: (address: string) => HttpAnswer;
  /** Posts fields to a checked address. */
  readonly post: (form: PostForm) => HttpAnswer;
}

/** The pages of an issuer; every address in them comes from its identifier, never from a request (R-020). */
export function createPages(issuer: string): Pages {
  const { pathname, host } = new URL(issuer);
  const base = pathname === '/' ? '' : pathname;
  const page: Pages['page'] = (content) => ({
    status: content.status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': pagePolicy(content),
      // A form post from a no-referrer page has `Origin: null` (Fetch, «append a request Origin header»), and the
      // origin check needs the real one. Nothing leaves this origin either way.
      'referrer-policy': content.hasForm === true ? 'same-origin' : 'no-referrer',
      ...content.headers,
    },
    body: String(frame(content, { base, host })),
  });
  return {
    page,
    error: (content) => page(errorPage(content)),
    goOn: (address) => goOn(page, address),
    post: (form) => post(page, form),
  };
}

function pagePolicy(content: PageContent): string {
  return [
    "default-src 'none'",
    ...(content.submitsItself === true ? [`script-src 'sha256-${submitScriptHash}'`] : []),
    "style-src 'self'",
    ["img-src 'self'", ...(content.imageOrigins ?? [])].join(' '),
    `form-action ${formAction(content)}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

function formAction({ postsTo, hasForm, formTargets = [] }: PageContent): string {
  if (postsTo !== undefined) return postsTo;
  return hasForm === true ? ["'self'", ...formTargets].join(' ') : "'none'";
}

/** Of old syntax, for the script engines of old clients' tests; allowed by its hash alone. */
const submitScript = 'document.forms[0].submit();';
const submitScriptHash = hash('sha256', submitScript, 'base64');

function frame(content: PageContent, { base, host }: { readonly base: string; readonly host: string }): Html {
  const refresh = content.goOn === undefined ? '' : html`<meta http-equiv="refresh" content="0; url=${content.goOn}">`;
  const script = content.submitsItself === true ? html`<script>${raw(submitScript)}</script>` : '';
  const footer = content.footer === undefined ? '' : html`<footer>${content.footer}</footer>`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${content.title} · ${host}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
${refresh}
<link rel="icon" type="image/svg+xml" href="${base}${assets.mark.path}">
<link rel="stylesheet" href="${base}${assets.stylesheet.path}">
</head>
<body>
<header class="brand"><img src="${base}${assets.mark.path}" alt="" width="28" height="28"><span>${host}</span></header>
<main>
${content.main}
</main>
${footer}${script}
</body>
</html>
`;
}

function errorPage(content: ErrorContent): PageContent {
  return {
    status: content.status,
    title: 'This did not work',
    main: html`<h1>This did not work</h1>
<p class="lead">${content.description}</p>
<dl class="facts">
<div><dt>What went wrong</dt><dd><code id="error-code">${content.code}</code></dd></div>
<div><dt>If you ask for help, quote</dt><dd><code id="correlation">${content.correlation}</code></dd></div>
</dl>
${wayBack(content)}`,
    ...(content.clientForm === undefined ? {} : { postsTo: new URL(content.clientForm.action).origin }),
    ...(content.headers === undefined ? {} : { headers: content.headers }),
  };
}

function wayBack({ client, clientForm, startAgain }: ErrorContent): Html {
  if (startAgain !== undefined) {
    return html`<div class="actions"><a class="button plain" id="start-again" href="${startAgain.address}" rel="noreferrer">Start again at <bdi>${startAgain.name}</bdi></a></div>
<p class="small">You go to ${hostOf(startAgain.address)}.</p>`;
  }
  if (clientForm !== undefined) {
    return postForm(
      clientForm,
      html`<button class="plain" id="error-continue" type="submit">Back to ${hostOf(clientForm.action)}</button>`,
    );
  }
  if (client === undefined) return html`<p class="small">Go back to where you came from and start again.</p>`;
  return html`<div class="actions"><a class="button plain" id="error-continue" href="${client}" rel="noreferrer">Back to ${hostOf(client)}</a></div>`;
}

/** The button has no name, so the client receives the fields and nothing else. */
function postForm({ action, fields }: PostForm, button: Html): Html {
  const inputs = Object.entries(fields).map(([name, value]) =>
    value === undefined ? '' : html`<input type="hidden" name="${name}" value="${value}">`,
  );
  return html`<form method="post" action="${action}">${inputs}
<div class="actions">${button}</div>
</form>`;
}

/** What a person should look at in an address: the host, or the scheme that hands over to an app. */
export function hostOf(address: string): string {
  const { protocol, host } = new URL(address);
  return /^https?:$/.test(protocol) ? host : `an app (${protocol})`;
}

/**
 * After one of our forms, Chromium holds every further hop against `form-action`; so an http(s) client is reached by
 * a page that navigates. An app with a scheme of its own is reached by a redirect only: phones hand over on nothing
 * else, and the pages before have named its scheme.
 */
function goOn(page: Pages['page'], address: string): HttpAnswer {
  if (!/^https?:/.test(address)) return redirect(address);
  return page({
    status: 200,
    title: 'Going on',
    goOn: address,
    main: html`<h1>You are going on to ${hostOf(address)}</h1>
<p class="lead">If nothing happens, use the link.</p>
<div class="actions"><a class="button" id="continue" href="${address}" rel="noreferrer">Continue</a></div>`,
  });
}

/** A page that posts itself to the client; without a script the person presses its button. */
function post(page: Pages['page'], form: PostForm): HttpAnswer {
  const host = hostOf(form.action);
  return page({
    status: 200,
    title: 'Going on',
    postsTo: new URL(form.action).origin,
    submitsItself: true,
    main: html`<h1>You are going on to ${host}</h1>
<p class="lead">If nothing happens, use the button.</p>
${postForm(form, html`<button id="continue" type="submit">Continue</button>`)}`,
  });
}

/**
 * A redirect that is always followed by GET, so that a posted password goes nowhere (RFC 9700 §4.12).
 *
 * Checks nothing: the address must be ours, or a redirect URI that was matched.
 */
export function redirect(address: string, cookies: readonly string[] = []): HttpAnswer {
  return { status: 303, headers: { location: address, ...setCookies(cookies) }, body: '' };
}

/** `Set-Cookie`, or nothing when there is nothing to set. */
export function setCookies(cookies: readonly string[]): HttpAnswer['headers'] {
  return cookies.length === 0 ? {} : { 'set-cookie': cookies };
}
