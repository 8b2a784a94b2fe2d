/**
 * Whether a form post comes from our own pages, told by what a browser says and a page cannot change.
 *
 * A page whose form is posted here must not carry `Referrer-Policy: no-referrer`: with it, browsers send
 * `Origin: null`, which is refused. `same-origin` hides as much from others.
 */
import { refuse } from '../oauth/refusal.ts';
import type { HttpRequest } from './message.ts';

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses a request that could change something and that another site may have caused. `Origin` must be the allowed
 * origin when it is there; `Sec-Fetch-Site` must be `same-origin`, or `none` for what the person did in the browser's
 * own surface; without either header the request is refused.
 *
 * Does not check that the person meant it: a page of ours that another site frames or scripts passes.
 *
 * @throws {Refusal} `csrf_rejected`
 * @example checkOrigin(request, new URL(issuer).origin);
 * @see Fetch Metadata Request Headers §2, RFC 6454 §7
 */
export function checkOrigin(request: Pick<HttpRequest, 'method' | 'headers'>, allowedOrigin: string): void {
  if (safeMethods.has(request.method)) return;
  const origins = request.headers['origin'] ?? [];
  const sites = request.headers['sec-fetch-site'] ?? [];
  if (origins.length + sites.length === 0) rejected('neither Origin nor Sec-Fetch-Site');
  if (origins.length > 1 || sites.length > 1) rejected('Origin or Sec-Fetch-Site is repeated');
  if (origins.some((origin) => origin !== allowedOrigin)) rejected('another Origin');
  if (sites.some((site) => site !== 'same-origin' && site !== 'none')) rejected('another Sec-Fetch-Site');
}

function rejected(detail: string): never {
  return refuse('csrf_rejected', { detail });
}
