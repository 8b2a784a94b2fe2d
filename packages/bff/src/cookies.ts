/** The two cookies of the BFF: the session, and the browser that a sign-in under way belongs to. */
import { formatCookie, type HttpRequest, parseCookies } from '@castellan/protocol';
import type { ResolvedBffConfig } from './config.ts';
import { isSecret } from './seal.ts';

/** One cookie: reading it, and the `Set-Cookie` values that set or erase it. */
export interface BffCookie {
  /** Undefined for everything but exactly one value of the form we write. */
  readonly read: (request: Pick<HttpRequest, 'headers'>) => string | undefined;
  readonly set: (secret: string) => readonly string[];
  readonly clear: () => readonly string[];
}

export interface BffCookies {
  readonly session: BffCookie;
  readonly login: BffCookie;
}

/**
 * The cookies of an app: `__Host-`, Secure, HttpOnly, without Domain.
 *
 * The session is Strict: no navigation from another site carries it. The login cookie has to come along when the
 * issuer sends the browser back, so it is Lax, short-lived, and good for nothing but finishing a sign-in.
 */
export function createBffCookies(config: Pick<ResolvedBffConfig, 'name' | 'secure' | 'lifetimes'>): BffCookies {
  const hasTwin = !config.secure;
  return {
    session: createCookie({ name: `${config.name}-session`, sameSite: 'Strict', hasTwin }),
    login: createCookie({ name: `${config.name}-login`, sameSite: 'Lax', maxAge: config.lifetimes.login, hasTwin }),
  };
}

interface CookieShape {
  readonly name: string;
  readonly sameSite: 'Lax' | 'Strict';
  readonly maxAge?: number;
  /** Some browsers keep no Secure cookie on an http loopback host: they get a plain twin, on such hosts only. */
  readonly hasTwin: boolean;
}

function createCookie({ name, sameSite, maxAge, hasTwin }: CookieShape): BffCookie {
  const prefixed = `__Host-${name}`;
  const write = (value: string, age: number | undefined): readonly string[] => {
    const options = { sameSite, ...(age === undefined ? {} : { maxAge: age }) };
    const cookie = formatCookie(prefixed, value, { ...options, secure: true });
    return hasTwin ? [cookie, formatCookie(name, value, { ...options, secure: false })] : [cookie];
  };
  return {
    read: (request) => {
      const cookies = parseCookies(request.headers['cookie']);
      // INVARIANT: on https the plain name is never read: a sibling host or a page on http could have tossed it.
      const value = cookies.get(prefixed) ?? (hasTwin ? cookies.get(name) : undefined);
      return value !== undefined && isSecret(value) ? value : undefined;
    },
    set: (secret) => write(secret, maxAge),
    clear: () => write('', 0),
  };
}
