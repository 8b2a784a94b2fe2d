/**
 * An honest little browser: cookies, redirects and meta refresh hop by hop, forms by element id, and the `Origin`,
 * `Referer` and `Sec-Fetch-*` headers Chromium sends. It runs no script.
 *
 * Owns: what a browser does by itself. Does not own: any knowledge of what the pages are for (`walk.ts`).
 */
import { type CookieJar, createCookieJar, siteOf } from './cookie-jar.ts';
import { createPage, formMayGoTo, originOf, type Page, refererOf } from './page.ts';
import {
  type HeaderPairs,
  headerValue,
  headerValues,
  type Transport,
  type WireAnswer,
  type WireRequest,
} from './wire.ts';

export interface Hop {
  readonly request: WireRequest;
  readonly answer: WireAnswer;
}

export interface Browser {
  readonly cookies: CookieJar;
  /** Every request and answer so far. */
  readonly trail: readonly Hop[];
  /** The page that is shown. */
  readonly page: () => Page;
  /** Types an address. */
  readonly open: (url: string | URL) => Promise<Page>;
  /** Types into a field, or ticks a box with `on`. */
  readonly fill: (id: string, value: string) => void;
  /** Clicks a link or a submit button. */
  readonly click: (id: string) => Promise<Page>;
  /** What a script of the shown page does with `fetch(url, { credentials: 'include' })`, without preflight. */
  readonly script: (url: string, init?: ScriptRequest) => Promise<WireAnswer>;
}

export interface ScriptRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface BrowserOptions {
  readonly transport: Transport;
  readonly now: () => number;
  /** False for a browser that drops `Secure` cookies of http://localhost. */
  readonly secureOnLoopback?: boolean;
  /** False to stay on a page with a meta refresh. */
  readonly followRefresh?: boolean;
}

interface Navigation {
  readonly url: URL;
  readonly method: string;
  readonly body: string;
  /** The page whose link, form or refresh began it; undefined for a typed address. */
  readonly initiator: Page | undefined;
  readonly byForm: boolean;
  readonly byPerson: boolean;
}

const baseHeaders: HeaderPairs = [
  ['accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
  ['accept-language', 'en-GB,en;q=0.9'],
  [
    'user-agent',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  ],
];

/**
 * Starts a browser with an empty cookie jar.
 *
 * @example const browser = createBrowser({ transport: socketTransport, now: runtime.now });
 */
export function createBrowser(options: BrowserOptions): Browser {
  const cookies = createCookieJar({ now: options.now, secureOnLoopback: options.secureOnLoopback ?? true });
  const trail: Hop[] = [];
  let shown: Page | undefined;
  let typed = new Map<string, string>();
  const page = (): Page => {
    if (shown === undefined) throw new Error('no page is open');
    return shown;
  };
  const go = async (navigation: Navigation): Promise<Page> => {
    let target: Navigation | undefined = navigation;
    for (let count = 0; target !== undefined; count += 1) {
      if (count > 10) throw new Error(`pages refresh each other without end at ${target.url.origin}`);
      shown = await load(target, { transport: options.transport, cookies, trail });
      typed = new Map();
      const refresh: URL | undefined = options.followRefresh === false ? undefined : shown.refresh;
      target = refresh && { ...plainNavigation(refresh, shown), byPerson: false };
    }
    return page();
  };
  return {
    cookies,
    trail,
    page,
    open: (url) => go(plainNavigation(new URL(url), undefined)),
    fill: (id, value) => {
      if (page().find(id) === undefined)
        throw new Error(`nothing to fill with id ${id} at ${page().url}: ${page().text}`);
      typed.set(id, value);
    },
    click: (id) => go(clicked(page(), id, typed)),
    script: (url, init = {}) => runScript(new URL(url, page().url), init, { ...options, cookies, trail, page: page() }),
  };
}

function plainNavigation(url: URL, initiator: Page | undefined): Navigation {
  return { url, method: 'GET', body: '', initiator, byForm: false, byPerson: true };
}

interface Machinery {
  readonly transport: Transport;
  readonly cookies: CookieJar;
  readonly trail: Hop[];
}

/** One navigation with its redirects, up to an answer that is a page. */
async function load(navigation: Navigation, machinery: Machinery): Promise<Page> {
  const { initiator } = navigation;
  const chain: URL[] = [];
  let { url, method, body } = navigation;
  while (chain.length <= 20) {
    if (navigation.byForm && initiator !== undefined && !formMayGoTo(initiator, url)) {
      throw new Error(`form-action of ${initiator.url.origin} blocks the way to ${url.origin}`);
    }
    if (!/^https?:$/.test(url.protocol)) return createPage(url, { status: 0, headers: [], body: '' });
    chain.push(url);
    const context = {
      sameSite: initiator === undefined || siteOf(initiator.url) === siteOf(url),
      topLevel: true,
      method,
    };
    const headers = navigationHeaders({ ...navigation, url, method }, chain, machinery.cookies.header(url, context));
    const answer = await exchange({ method, url, headers, body }, machinery);
    machinery.cookies.store(url, headerValues(answer, 'set-cookie'), context);
    const location = headerValue(answer, 'location');
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return createPage(url, answer);
    const keeps = answer.status >= 307 || method === 'GET';
    if (!keeps) [method, body] = ['GET', ''];
    url = new URL(location, url);
  }
  throw new Error(`more than 20 redirects, last to ${url.origin}`);
}

async function exchange(request: WireRequest, machinery: Pick<Machinery, 'transport' | 'trail'>): Promise<WireAnswer> {
  const answer = await machinery.transport(request);
  machinery.trail.push({ request, answer });
  return answer;
}

function navigationHeaders(navigation: Navigation, chain: readonly URL[], cookie: string | undefined): HeaderPairs {
  const { initiator, url, method } = navigation;
  const headers: [string, string][] = baseHeaders.map(([name, value]) => [name, value]);
  headers.push(['upgrade-insecure-requests', '1']);
  headers.push(['sec-fetch-site', fetchSite(initiator?.url, chain)]);
  headers.push(['sec-fetch-mode', 'navigate']);
  if (navigation.byPerson) headers.push(['sec-fetch-user', '?1']);
  headers.push(['sec-fetch-dest', 'document']);
  const referer = initiator && refererOf(initiator, url);
  if (referer !== undefined) headers.push(['referer', referer]);
  if (method !== 'GET' && initiator !== undefined) {
    const strayed = chain.length > 1 && new Set(chain.map((one) => one.origin)).size > 1;
    headers.push(['origin', strayed ? 'null' : originOf(initiator, url)]);
  }
  if (method !== 'GET') headers.push(['content-type', 'application/x-www-form-urlencoded']);
  if (cookie !== undefined) headers.push(['cookie', cookie]);
  return headers;
}

/** `Sec-Fetch-Site`: the worst relation of the initiator to any hop (Fetch Metadata §2.2). */
function fetchSite(initiator: URL | undefined, chain: readonly URL[]): string {
  if (initiator === undefined) return 'none';
  if (chain.every((url) => url.origin === initiator.origin)) return 'same-origin';
  return chain.every((url) => siteOf(url) === siteOf(initiator)) ? 'same-site' : 'cross-site';
}

function clicked(page: Page, id: string, typed: ReadonlyMap<string, string>): Navigation {
  const element = page.find(id);
  if (element === undefined) throw new Error(`nothing to click with id ${id} at ${page.url}: ${page.text}`);
  const { href } = element.attributes;
  if (element.tag === 'a' && href !== undefined) return plainNavigation(new URL(href, page.url), page);
  const form = element.form === undefined ? undefined : page.elements[element.form];
  if (form === undefined) throw new Error(`${id} is not in a form`);
  const fields = fieldsOf(page, element.form, typed);
  const { name, value } = element.attributes;
  if (name !== undefined) fields.append(name, value ?? '');
  const url = new URL(element.attributes['formaction'] ?? form.attributes['action'] ?? '', page.url);
  const method = (element.attributes['formmethod'] ?? form.attributes['method'] ?? 'get').toUpperCase();
  if (method === 'GET') url.search = fields.toString();
  const body = method === 'GET' ? '' : fields.toString();
  return { url, method, body, initiator: page, byForm: true, byPerson: true };
}

/** The successful controls of a form, without its buttons (HTML, «constructing the entry list»). */
function fieldsOf(page: Page, form: number | undefined, typed: ReadonlyMap<string, string>): URLSearchParams {
  const fields = new URLSearchParams();
  for (const { tag, attributes, text, form: owner } of page.elements) {
    const { name, type = 'text', id = '' } = attributes;
    if (owner !== form || name === undefined || 'disabled' in attributes) continue;
    if (tag === 'textarea') fields.append(name, typed.get(id) ?? text);
    if (tag !== 'input' || ['submit', 'button', 'image', 'reset'].includes(type)) continue;
    if (['checkbox', 'radio'].includes(type)) {
      if ('checked' in attributes || typed.has(id)) fields.append(name, attributes['value'] ?? 'on');
    } else fields.append(name, typed.get(id) ?? attributes['value'] ?? '');
  }
  return fields;
}

async function runScript(
  url: URL,
  init: ScriptRequest,
  machinery: Machinery & { readonly page: Page },
): Promise<WireAnswer> {
  const { page, cookies } = machinery;
  const method = init.method ?? 'GET';
  const sameOrigin = page.url.origin === url.origin;
  const context = { sameSite: siteOf(page.url) === siteOf(url), topLevel: false, method };
  const cookie = cookies.header(url, context);
  const referer = refererOf(page, url);
  const headers: HeaderPairs = [
    ['accept', '*/*'],
    ...baseHeaders.slice(1),
    ['sec-fetch-site', fetchSite(page.url, [url])],
    ['sec-fetch-mode', 'cors'],
    ['sec-fetch-dest', 'empty'],
    ...(referer === undefined ? [] : [['referer', referer] as const]),
    // A cors request names its origin whatever the referrer policy says (Fetch, «append a request Origin header»).
    ...(sameOrigin && method === 'GET' ? [] : [['origin', page.url.origin] as const]),
    ...Object.entries(init.headers ?? {}),
    ...(cookie === undefined ? [] : [['cookie', cookie] as const]),
  ];
  const answer = await exchange({ method, url, headers, body: init.body ?? '' }, machinery);
  cookies.store(url, headerValues(answer, 'set-cookie'), context);
  return answer;
}
