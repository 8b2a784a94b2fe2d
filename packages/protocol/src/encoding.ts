/** Bytes and text, strictly: what is not the one canonical spelling is undefined, never guessed. */
import { isUtf8 } from 'node:buffer';

const base64urlSyntax = /^[A-Za-z0-9_-]+$/;
/** The last characters of a group of two or three whose bits beyond the last byte are zero. */
const lastOfTwo = 'AQgw';
const lastOfThree = 'AEIMQUYcgkosw048';

/**
 * Bytes as UTF-8 text; undefined when they are not UTF-8. A byte order mark stays.
 *
 * @example decodeUtf8(body) ?? refuse('malformed_request');
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8') : undefined;
}

/**
 * Whether a text is what {@link decodeBase64url} takes.
 *
 * @example isBase64url('AQ'); // true, and 'AR' would be a second spelling of the same byte
 */
export function isBase64url(text: string): boolean {
  const surplus = text.length % 4;
  if (surplus === 1 || !base64urlSyntax.test(text)) return false;
  return surplus === 0 || (surplus === 2 ? lastOfTwo : lastOfThree).includes(text.at(-1) ?? '');
}

/**
 * The bytes of base64url text without padding; undefined for the empty text, for other characters, and when the bits
 * that the last character has too many are not zero: a second spelling of the same bytes is not accepted.
 *
 * @see RFC 7515 §2, RFC 4648 §3.5
 */
export function decodeBase64url(text: string): Buffer | undefined {
  return isBase64url(text) ? Buffer.from(text, 'base64url') : undefined;
}

/**
 * One name or value of application/x-www-form-urlencoded; undefined when a percent sign encodes no byte, when the
 * bytes are not UTF-8, or when there is a character outside visible ASCII.
 *
 * @see RFC 6749 appendix B
 */
export function decodeFormText(text: string): string | undefined {
  if (!/^(?:[\x21-\x24\x26-\x7e]|%[0-9A-Fa-f]{2})*$/.test(text)) return undefined;
  if (!/[%+]/.test(text)) return text;
  const octets = text
    .replaceAll('+', ' ')
    .replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decodeUtf8(Buffer.from(octets, 'latin1'));
}

/**
 * A text without the spaces and tabs at both ends (OWS of RFC 9110 §5.6.3), and nothing else: String.trim also takes
 * Unicode spaces away.
 *
 * INVARIANT: no pattern does this. `/[ \t]+$/` begins anew at each space, so a header of 16 KiB of them takes most of a
 * second, before anybody was asked who they are.
 */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text, start)) start += 1;
  while (end > start && isBlank(text, end - 1)) end -= 1;
  return text.slice(start, end);
}

function isBlank(text: string, at: number): boolean {
  return text[at] === ' ' || text[at] === '\t';
}
