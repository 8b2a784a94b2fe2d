/**
 * The cookies of this server: the person's session, the browser that a parked request belongs to, and, for minutes, the
 * link by which somebody sets a password.
 */
import {
  createPrefixedToken,
  formatCookie,
  type HttpRequest,
  hashSecret,
  parseCookies,
  type Runtime,
  tokenPrefixes,
} from '@castellan/protocol';

/** One cookie: reading it, and the `Set-Cookie` values that set or clear it. */
interface ServerCookie {
  readonly read: (request: Pick<HttpRequest, 'headers'>) => string | undefined;
  readonly set: (value: string) => readonly string[];
  readonly clear: () => readonly string[];
}

export interface ServerCookies {
  readonly session: ServerCookie;
  readonly browser: ServerCookie;
  readonly passwordLink: ServerCookie;
}

/**
 * The cookies of an issuer: `__Host-`, Secure, HttpOnly, Lax (they must come along when a client sends the browser
 * here), and gone with the browser.
 *
 * Some browsers keep no Secure cookie on http://localhost; so a loopback http issuer sets a twin without prefix and
 * Secure, and reads it when the other is absent. Issuers that share a host differ in their path and get names that
 * differ too.
 */
export function createServerCookies(issuer: string): ServerCookies {
  const { protocol, pathname } = new URL(issuer);
  const suffix = pathname === '/' ? '' : `-${hashSecret(pathname).slice(0, 8)}`;
  const hasTwin = protocol === 'http:';
  return {
    session: createCookie(`castellan-session${suffix}`, { hasTwin }),
    browser: createCookie(`castellan-browser${suffix}`, { hasTwin }),
    passwordLink: createCookie(`castellan-password-link${suffix}`, { hasTwin, maxAge: 900 }),
  };
}

/** Without `maxAge`, in seconds, it is gone with the browser. */
function createCookie(
  plainName: string,
  { hasTwin, ...lifetime }: { readonly hasTwin: boolean; readonly maxAge?: number },
): ServerCookie {
  const name = `__Host-${plainName}`;
  const write = (value: string, lasting: { readonly maxAge?: number }): readonly string[] => [
    formatCookie(name, value, { sameSite: 'Lax', secure: true, ...lasting }),
    ...(hasTwin ? [formatCookie(plainName, value, { sameSite: 'Lax', secure: false, ...lasting })] : []),
  ];
  return {
    read: (request) => {
      const cookies = parseCookies(request.headers['cookie']);
      return cookies.get(name) ?? (hasTwin ? cookies.get(plainName) : undefined);
    },
    set: (value) => write(value, lifetime),
    clear: () => write('', { maxAge: 0 }),
  };
}

/** The browser a request comes from, and how to recognise it again: a browser without the cookie gets one. */
export function rememberBrowser(
  request: HttpRequest,
  { cookies, runtime }: { readonly cookies: ServerCookies; readonly runtime: Pick<Runtime, 'randomBytes'> },
): { readonly browser: string; readonly setCookie: readonly string[] } {
  const known = cookies.browser.read(request);
  if (known !== undefined) return { browser: known, setCookie: [] };
  const browser = createPrefixedToken(tokenPrefixes.browser, runtime.randomBytes(32).toString('base64url'));
  return { browser, setCookie: cookies.browser.set(browser) };
}
