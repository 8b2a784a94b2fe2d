/**
 * The web app of the invoices example: its pages, and the backend that signs people in and calls the API for them.
 *
 * Owns: which page lies at which path. Does not own: sessions and tokens (`@castellan/bff`), listening (`main.ts`), or
 * who may see what (the API).
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Sink } from '@castellan/audit';
import { type Bff, createBff, openSqliteSessions } from '@castellan/bff';
import { type HttpAnswer, type HttpRequest, type Runtime, refuse } from '@castellan/protocol';
import { html } from 'hono/html';
import { type Assets, loadAssets } from './assets.ts';
import { webScopes } from './scopes.ts';
import { renderShell, type ShellPage } from './shell.ts';

export interface InvoicesWebSettings {
  readonly issuer: string;
  /** The API's address, which is the audience of its tokens too. */
  readonly apiUrl: string;
  /** The app's own origin. */
  readonly url: string;
  /** Where `web.sqlite` lies. */
  readonly folder: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/**
 * Starts the app, without listening.
 *
 * @throws {BffConfigError} when the settings cannot be used
 */
export function createInvoicesWeb(settings: InvoicesWebSettings, runtime: Runtime, sinks: readonly Sink[]): Bff {
  const assets = loadAssets(fileURLToPath(new URL('./assets', import.meta.url)));
  const sessions = openSqliteSessions(join(settings.folder, 'web.sqlite'), runtime);
  const bff = createBff(
    {
      name: 'invoices-web',
      url: settings.url,
      issuer: settings.issuer,
      client: { id: settings.clientId, secret: settings.clientSecret },
      scopes: webScopes,
      resource: settings.apiUrl,
      sessions,
      proxy: [{ path: '/api', target: settings.apiUrl, methods: ['GET', 'PATCH'] }],
      app: createPages(assets),
      signedOutPath: '/signed-out',
      stylesheet: `${assets.base}/app.css`,
    },
    runtime,
    sinks,
  );
  const close = async (): Promise<void> => {
    await bff.close();
    await sessions.close();
  };
  return { ...bff, close };
}

const signedOut = (stillThere: boolean) => html`<section class="card stack" id="signed-out">
<h1>You are signed out</h1>
<p class="lead">${
  stillThere
    ? 'This app has forgotten you. The sign-in service did not answer, so you may still be signed in there.'
    : 'Your session has ended, here and at the sign-in service.'
}</p>
<a class="button" href="/login" id="sign-in">Sign in again</a></section>`;

const notFound: ShellPage = {
  title: 'Not found',
  main: html`<section class="card stack" id="not-found"><h1>There is nothing here</h1>
<p class="lead">The address may have been typed wrong.</p><a class="button" href="/">To the start</a></section>`,
};

const pages: Readonly<Record<string, ShellPage>> = {
  '/': { title: 'Overview', view: 'home' },
  '/invoices': { title: 'Invoices', view: 'invoices' },
  '/profile': { title: 'Profile', view: 'profile' },
  '/admin': { title: 'Admin', view: 'admin' },
};

function createPages(assets: Assets): (request: HttpRequest) => HttpAnswer {
  return (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') refuse('method_not_allowed', { allow: 'GET, HEAD' });
    // Browsers ask for this by themselves on pages that name no icon.
    const asset = assets.find(request.path === '/favicon.ico' ? `${assets.base}/icon.svg` : request.path);
    if (asset !== undefined) return asset;
    const page = findPage(request);
    const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' };
    return { status: page === undefined ? 404 : 200, headers, body: renderShell(page ?? notFound, assets.base) };
  };
}

function findPage({ path, query }: HttpRequest): ShellPage | undefined {
  // Whether there is such an invoice for whoever asks is for the API to say.
  if (/^\/invoices\/[0-9]{1,12}$/.test(path)) return { title: 'Invoice', view: 'invoice' };
  if (path === '/signed-out') return { title: 'Signed out', main: signedOut(query === 'still=1') };
  return Object.hasOwn(pages, path) ? pages[path] : undefined;
}
