/** Conditional requests. */
import type { HttpRequest } from '@castellan/protocol';

/**
 * Whether the asker already has what bears this tag. Weak comparison: a cache on the way may have marked it as weak.
 *
 * @see RFC 9110 §13.1.2
 */
export function hasAlready(request: Pick<HttpRequest, 'headers'>, etag: string): boolean {
  const known = (request.headers['if-none-match'] ?? [])
    .join(',')
    .split(',')
    .map((tag) => tag.trim());
  return known.some((tag) => tag === '*' || tag.replace(/^W\//, '') === etag);
}
