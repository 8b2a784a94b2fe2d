/** The pages as the server sends them: the same for everybody, since a link from outside carries no session. */
import { html } from 'hono/html';

/** A page of the app. `view` names the script's part of it; without one the page is complete as it is. */
export interface ShellPage {
  readonly title: string;
  readonly view?: 'home' | 'invoices' | 'invoice' | 'profile' | 'admin';
  /** What stands there until a view replaces it. */
  readonly main?: ReturnType<typeof html>;
}

const entries = [
  ['home', '/', 'Overview'],
  ['invoices', '/invoices', 'Invoices'],
  ['profile', '/profile', 'Profile'],
  ['admin', '/admin', 'Admin'],
] as const;

/** Scripts that every view needs, so that the browser asks for them at once and not one after the other. */
const modules = ['api', 'dom', 'format', 'frame', 'pieces', 'views/home', 'views/invoices', 'views/invoice'];

const waiting = html`<div class="wait"><p class="visually-hidden">Loading</p>
<div class="bone wide"></div><div class="bone tall"></div><div class="bone"></div></div>
<noscript><p class="notice">This app needs JavaScript to show what is yours.</p></noscript>`;

/** Writes a page; `assets` is the path its scripts and styles lie below. */
export function renderShell(page: ShellPage, assets: string): string {
  const current = page.view === 'invoice' ? 'invoices' : page.view;
  const links = entries.map(
    ([view, href, text]) =>
      html`<li><a href="${href}"${view === current ? html` aria-current="page"` : ''}>${text}</a></li>`,
  );
  const scripts =
    page.view === undefined
      ? ''
      : html`${modules.map((name) => html`<link rel="modulepreload" href="${assets}/${name}.js">`)}
<script type="module" src="${assets}/app.js"></script>`;
  const text = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="A small product behind one policy.">
<title>${page.title} · Invoices</title>
<link rel="icon" href="${assets}/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${assets}/app.css">
${scripts}
</head>
<body data-view="${page.view ?? ''}">
<a class="skip" href="#main">Skip to content</a>
<header class="top"><div class="bar">
<a class="brand" href="/"><img src="${assets}/icon.svg" alt="">Invoices</a>
<nav id="pages" aria-label="Pages" hidden><ul>${links}</ul></nav>
<div class="account" id="account" hidden><span class="person" id="person"></span>
<button class="button quiet" id="sign-out" type="button">Sign out</button></div>
</div></header>
<main id="main"><div class="view" id="view"${page.view === undefined ? '' : html` aria-busy="true"`}>${page.main ?? waiting}</div>
<p class="visually-hidden" id="status" role="status"></p></main>
<footer class="foot">A demonstration of Castellan. The invoices are made up.</footer>
</body>
</html>
`;
  // Nothing in it is a promise; it is a String object, though, which is no text to a socket.
  return ''.concat(text as string);
}
