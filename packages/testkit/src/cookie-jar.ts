/**
 * A browser's cookie jar: RFC 6265bis as far as a sign-in depends on it — host-only and Domain cookies, `Secure` (kept
 * on loopback as Chromium and Firefox do), name prefixes, SameSite, HttpOnly, lifetimes. Ports do not separate cookies.
 */

export interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly host: string;
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: 'strict' | 'lax' | 'none';
  /** Milliseconds since the epoch; undefined for a session cookie. */
  readonly expiresAt: number | undefined;
}

/** From where a request comes: decides which cookies go along. */
export interface CookieContext {
  readonly sameSite: boolean;
  /** A navigation of the whole page, not a request of a script. */
  readonly topLevel: boolean;
  readonly method: string;
}

export interface CookieJar {
  /** Takes in the `Set-Cookie` headers of an answer; what a browser would refuse is refused. */
  readonly store: (url: URL, setCookies: readonly string[], context: CookieContext) => void;
  /** The `Cookie` header of a request; undefined when no cookie goes along. */
  readonly header: (url: URL, context: CookieContext) => string | undefined;
  /** What `document.cookie` shows to a script. */
  readonly script: (url: URL) => string;
  readonly all: () => readonly Cookie[];
  /** Puts a cookie in as it is, as an attacker on a sibling host or the person at the keyboard can. */
  readonly plant: (cookie: Cookie) => void;
  readonly clear: () => void;
}

const loopbackHost = /^(?:localhost|.+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether the browser treats the origin as secure: https, or a loopback host. */
export function isTrustworthy(url: URL): boolean {
  return url.protocol === 'https:' || loopbackHost.test(url.hostname);
}

/** Scheme and registrable domain. Two labels make a registrable domain here: there is no public suffix list. */
export function siteOf(url: URL): string {
  const host = url.hostname;
  const single = /^[\d.]+$|^\[/.test(host) || !host.includes('.');
  return `${url.protocol}//${single ? host : host.split('.').slice(-2).join('.')}`;
}

/**
 * Makes an empty jar.
 *
 * @param options `secureOnLoopback: false` is a browser that drops `Secure` cookies of http://localhost
 */
export function createCookieJar(options: {
  readonly now: () => number;
  readonly secureOnLoopback: boolean;
}): CookieJar {
  const cookies = new Map<string, Cookie>();
  const key = (cookie: Cookie): string => [cookie.name, cookie.host, cookie.path].join(' ');
  const secureEnough = (url: URL): boolean =>
    options.secureOnLoopback ? isTrustworthy(url) : url.protocol === 'https:';
  const matching = (url: URL): readonly Cookie[] =>
    [...cookies.values()]
      .filter((cookie) => cookie.expiresAt === undefined || cookie.expiresAt > options.now())
      .filter((cookie) => hostMatches(cookie, url.hostname) && pathMatches(cookie.path, url.pathname))
      .filter((cookie) => !cookie.secure || secureEnough(url))
      .sort((a, b) => b.path.length - a.path.length);
  const put = (cookie: Cookie): void => {
    cookies.delete(key(cookie));
    if (cookie.expiresAt === undefined || cookie.expiresAt > options.now()) cookies.set(key(cookie), cookie);
  };
  return {
    store: (url, setCookies, context) => {
      for (const text of setCookies) {
        const cookie = parseSetCookie(text, url, options.now());
        if (cookie !== undefined && acceptable(cookie, url, { secure: secureEnough(url), context })) put(cookie);
      }
    },
    header: (url, context) => joined(matching(url).filter((cookie) => goesAlong(cookie, context))),
    script: (url) => joined(matching(url).filter((cookie) => !cookie.httpOnly)) ?? '',
    all: () => [...cookies.values()],
    plant: put,
    clear: () => cookies.clear(),
  };
}

function joined(cookies: readonly Cookie[]): string | undefined {
  return cookies.length === 0 ? undefined : cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
}

function hostMatches(cookie: Cookie, host: string): boolean {
  return host === cookie.host || (!cookie.hostOnly && host.endsWith(`.${cookie.host}`));
}

function pathMatches(cookiePath: string, path: string): boolean {
  return path === cookiePath || path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`);
}

/** RFC 6265bis §5.8.3: Lax goes with a top-level navigation that does not change anything. */
function goesAlong(cookie: Cookie, context: CookieContext): boolean {
  if (context.sameSite || cookie.sameSite === 'none') return true;
  return cookie.sameSite === 'lax' && context.topLevel && ['GET', 'HEAD'].includes(context.method);
}

function acceptable(
  cookie: Cookie,
  url: URL,
  place: { readonly secure: boolean; readonly context: CookieContext },
): boolean {
  if (cookie.name.length + cookie.value.length > 4096) return false;
  if (cookie.secure && !place.secure) return false;
  if (cookie.sameSite === 'none' && !cookie.secure) return false;
  if (cookie.sameSite !== 'none' && !place.context.sameSite && !place.context.topLevel) return false;
  if (!hostMatches(cookie, url.hostname)) return false;
  const name = cookie.name.toLowerCase();
  if (name.startsWith('__host-')) return cookie.secure && cookie.hostOnly && cookie.path === '/';
  return !name.startsWith('__secure-') || cookie.secure;
}

function parseSetCookie(text: string, url: URL, now: number): Cookie | undefined {
  const [pair = '', ...rest] = text.split(';').map((part) => part.trim());
  const equals = pair.indexOf('=');
  if (equals < 1) return undefined;
  const attributes = new Map(
    rest.map((part) => {
      const [name = '', ...value] = part.split('=');
      return [name.toLowerCase(), value.join('=')];
    }),
  );
  const domain = attributes.get('domain')?.replace(/^\./, '').toLowerCase();
  const path = attributes.get('path');
  return {
    name: pair.slice(0, equals),
    value: pair.slice(equals + 1),
    host: domain || url.hostname,
    hostOnly: !domain,
    path: path?.startsWith('/') ? path : url.pathname.slice(0, url.pathname.lastIndexOf('/')) || '/',
    secure: attributes.has('secure'),
    httpOnly: attributes.has('httponly'),
    sameSite: sameSiteOf(attributes.get('samesite')),
    expiresAt: expiryOf(attributes, now),
  };
}

function sameSiteOf(value: string | undefined): Cookie['sameSite'] {
  const word = value?.toLowerCase();
  return word === 'strict' || word === 'none' ? word : 'lax';
}

function expiryOf(attributes: ReadonlyMap<string, string>, now: number): number | undefined {
  const maxAge = attributes.get('max-age');
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return now + Number(maxAge) * 1000;
  const expires = Date.parse(attributes.get('expires') ?? '');
  return Number.isNaN(expires) ? undefined : expires;
}
