/**
 * Whether a request was made by this app's own page.
 *
 * Two walls, since either has been climbed alone: what the browser says of the request's origin, and a header that no
 * page of another origin can add without a preflight, which is never granted here (there is no CORS at all).
 */
import { checkOrigin, type HttpRequest, refuse, singleHeader } from '@castellan/protocol';

/** The header that scripts of the app send along; its value is `1`. */
export const csrfHeader = 'x-castellan-csrf';

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/**
 * Refuses a request that could change something unless a script of this very origin made it; siblings on the same
 * site and other ports are strangers.
 *
 * @throws {Refusal} `csrf_rejected`
 */
export function checkWriter(request: HttpRequest, origin: string): void {
  checkOrigin(request, origin);
  if (singleHeader(request, csrfHeader) !== '1') refuse('csrf_rejected', { detail: `no ${csrfHeader}` });
}

/**
 * Refuses a read that another origin caused. A browser that says nothing about where a request comes from must show
 * the header; the person's own address bar need not.
 *
 * @throws {Refusal} `csrf_rejected`
 */
export function checkReader(request: HttpRequest, origin: string): void {
  const sites = request.headers['sec-fetch-site'] ?? [];
  const origins = request.headers['origin'] ?? [];
  if (origins.some((one) => one !== origin)) refuse('csrf_rejected', { detail: 'another Origin' });
  if (sites.length === 0) {
    if (singleHeader(request, csrfHeader) !== '1')
      refuse('csrf_rejected', { detail: `no Sec-Fetch-Site, no ${csrfHeader}` });
    return;
  }
  if (sites.some((site) => site !== 'same-origin' && site !== 'none'))
    refuse('csrf_rejected', { detail: 'another Sec-Fetch-Site' });
}

/** Reader or writer, as the method has it. */
export function checkOwnPage(request: HttpRequest, origin: string): void {
  if (safeMethods.has(request.method)) checkReader(request, origin);
  else checkWriter(request, origin);
}

/**
 * Whether the request loads a whole page into the browser's own window. Frames, scripts and images do not; a browser
 * that sends no Fetch Metadata is believed, since such a request carries nothing of the person's yet.
 */
export function isTopLevel(request: HttpRequest): boolean {
  const mode = request.headers['sec-fetch-mode'];
  const destination = request.headers['sec-fetch-dest'];
  return (mode?.join() ?? 'navigate') === 'navigate' && (destination?.join() ?? 'document') === 'document';
}

/** Whether another site, or a sibling of this one, sent the browser here. */
export function isFromElsewhere(request: HttpRequest): boolean {
  return (request.headers['sec-fetch-site'] ?? []).some((site) => site !== 'same-origin' && site !== 'none');
}
