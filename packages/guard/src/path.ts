/** The path of a request in its one canonical form, before any rule or handler sees it. */
import { refuse } from '@castellan/protocol';

const maximumLength = 2048;
/** RFC 3986 §3.3: segments of pchar. A backslash, a space or a raw letter outside ASCII is not among them. */
const syntax = /^(?:\/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*)+$/;
/** RFC 3986 §2.3: what never needs to be encoded. */
const unreserved = /^[A-Za-z0-9\-._~]$/;

/**
 * The decoded segments of a path. Each path has one spelling here: whatever another reader in the chain (a proxy, a
 * framework, the handler) could take for another path is refused, not repaired.
 *
 * INVARIANT: decoded once, here. Nothing downstream may decode again.
 *
 * @throws {Refusal} `malformed_request` for an encoded slash, backslash, percent sign or control character, for dot
 * segments, for letters and digits that were encoded without need, and for bytes that are not UTF-8
 * @example canonicalSegments('/invoices/42'); // ['invoices', '42']
 */
export function canonicalSegments(path: string): readonly string[] {
  if (path.length > maximumLength || !syntax.test(path))
    refuse('malformed_request', { detail: 'the path is malformed' });
  return path.slice(1).split('/').map(decodeSegment);
}

function decodeSegment(segment: string): string {
  if (segment === '.' || segment === '..') refuse('malformed_request', { detail: 'the path has dot segments' });
  if (!segment.includes('%')) return segment;
  const text = decode(segment);
  // A percent sign that is left over is the second layer of a double encoding.
  if (text === undefined || /[/\\%\p{Cc}]/u.test(text) || text !== text.normalize('NFC')) {
    return refuse('malformed_request', { detail: 'the path has a second spelling' });
  }
  return text;
}

function decode(segment: string): string | undefined {
  const needless = segment.match(/%[0-9A-Fa-f]{2}/g)?.some((octet) => unreserved.test(character(octet)));
  if (needless) return undefined;
  try {
    return decodeURIComponent(segment);
  } catch {
    // Bytes that are not UTF-8: no text, so no path.
    return undefined;
  }
}

function character(octet: string): string {
  return String.fromCharCode(Number.parseInt(octet.slice(1), 16));
}
