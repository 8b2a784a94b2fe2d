/**
 * Our pages: one frame around all of them, and the pages that no endpoint owns (an error, going on to the client).
 *
 * Owns: the document, its policy (CSP), and that what comes from outside is text. Does not own: what sign-in,
 * consent and logout say; which refusal becomes which page (`handle.ts`).
 */
import { appendQuery, type HttpAnswer } from '@castellan/protocol';
import { html } from 'hono/html';
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
  readonly headers?: HttpAnswer['headers'];
}

export interface Pages {
  readonly page: (content: PageContent) => HttpAnswer;
  readonly error: (content: ErrorContent) => HttpAnswer;
  /** Goes on to a checked address, from a chain that began with one of our forms. */
  readonly goOn: (address: string) => HttpAnswer;
}

/** The pages of an issuer; every address in them comes from its identifier, never from a request. */
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
  return { page, error: (content) => page(errorPage(content)), goOn: (address) => goOn(page, address) };
}

function pagePolicy(content: PageContent): string {
  const formAction = content.hasForm === true ? ["'self'", ...(content.formTargets ?? [])].join(' ') : "'none'";
  return [
    "default-src 'none'",
    "style-src 'self'",
    ["img-src 'self'", ...(content.imageOrigins ?? [])].join(' '),
    `form-action ${formAction}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

function frame(content: PageContent, { base, host }: { readonly base: string; readonly host: string }): Html {
  const refresh = content.goOn === undefined ? '' : html`<meta http-equiv="refresh" content="0; url=${content.goOn}">`;
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
${footer}
</body>
</html>
`;
}

function errorPage(content: ErrorContent): PageContent {
  const { client } = content;
  const back =
    client === undefined
      ? html`<p class="small">Go back to where you came from and start again.</p>`
      : html`<div class="actions"><a class="button plain" id="error-continue" href="${client}" rel="noreferrer">Back to ${hostOf(client)}</a></div>`;
  return {
    status: content.status,
    title: 'This did not work',
    main: html`<h1>This did not work</h1>
<p class="lead">${content.description}</p>
<dl class="facts">
<div><dt>What went wrong</dt><dd><code id="error-code">${content.code}</code></dd></div>
<div><dt>If you ask for help, quote</dt><dd><code id="correlation">${content.correlation}</code></dd></div>
</dl>
${back}`,
    ...(content.headers === undefined ? {} : { headers: content.headers }),
  };
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

/** The client's redirect URI with what it is told; `iss` is always among it (RFC 9207 §2). */
export function answerAddress(
  redirectUri: string,
  parameters: { readonly iss: string } & Readonly<Record<string, string | undefined>>,
): string {
  return appendQuery(redirectUri, parameters);
}
