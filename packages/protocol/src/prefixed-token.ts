/**
 * The form of every long-lived secret, made to be found when it leaks.
 *
 *     castellan_rt_<payload>_<checksum>
 *
 * `castellan_` and two letters name the kind. The payload is one or more of `A-Z a-z 0-9 - . _` and means nothing
 * here. The checksum is the CRC-32 (as in zlib) of everything before the last underscore, written in base 62 with
 * the digits 0-9, A-Z, a-z and padded to six. A secret scanner therefore finds one with
 *
 *     castellan_[a-z]{2}_[A-Za-z0-9._-]+_[0-9A-Za-z]{6}
 *
 * and drops look-alikes by the checksum, without asking us. The checksum proves nothing: anybody can compute it. It
 * only spares a look-up for text that was never ours.
 *
 * Owns: prefix and checksum. Does not own: what a payload holds, or whether a token is genuine.
 */
import { crc32 } from 'node:zlib';

/** Every kind of prefixed secret. The letters are public and must never change: scanners know them. */
export const tokenPrefixes: {
  readonly refreshToken: 'castellan_rt_';
  readonly accessToken: 'castellan_at_';
  readonly authorizationCode: 'castellan_ac_';
  readonly deviceCode: 'castellan_dc_';
  readonly clientSecret: 'castellan_cs_';
  readonly session: 'castellan_ss_';
  readonly browser: 'castellan_br_';
  readonly parkedRequest: 'castellan_pr_';
  readonly passwordLink: 'castellan_pl_';
} = Object.freeze({
  refreshToken: 'castellan_rt_',
  accessToken: 'castellan_at_',
  authorizationCode: 'castellan_ac_',
  deviceCode: 'castellan_dc_',
  clientSecret: 'castellan_cs_',
  session: 'castellan_ss_',
  browser: 'castellan_br_',
  parkedRequest: 'castellan_pr_',
  passwordLink: 'castellan_pl_',
});

export type TokenPrefix = (typeof tokenPrefixes)[keyof typeof tokenPrefixes];

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const checksumLength = 6;
const maximumLength = 512;
const payloadSyntax = /^[A-Za-z0-9._-]+$/;

/**
 * Puts prefix and checksum around a payload.
 *
 * @throws {TypeError} when the payload is empty, too long, or has other characters than `A-Z a-z 0-9 - . _`
 * @example createPrefixedToken(tokenPrefixes.authorizationCode, runtime.randomBytes(32).toString('base64url'));
 */
export function createPrefixedToken(prefix: TokenPrefix, payload: string): string {
  if (!payloadSyntax.test(payload)) throw new TypeError('A token payload is one or more of A-Z a-z 0-9 - . _');
  const body = prefix + payload;
  const token = `${body}_${checksum(body)}`;
  if (token.length > maximumLength) throw new TypeError(`A prefixed token has at most ${maximumLength} characters.`);
  return token;
}

/**
 * The payload, when prefix, syntax and checksum fit; otherwise undefined.
 *
 * Does not prove that the token was ever issued.
 *
 * @example const payload = parsePrefixedToken(tokenPrefixes.refreshToken, sent) ?? refuse('refresh_invalid');
 */
export function parsePrefixedToken(prefix: TokenPrefix, text: string): string | undefined {
  const end = text.length - checksumLength - 1;
  if (text.length > maximumLength || !text.startsWith(prefix) || text[end] !== '_') return undefined;
  const payload = text.slice(prefix.length, end);
  if (!payloadSyntax.test(payload)) return undefined;
  return text.slice(end + 1) === checksum(prefix + payload) ? payload : undefined;
}

function checksum(body: string): string {
  let rest = crc32(body);
  let text = '';
  for (let place = 0; place < checksumLength; place += 1) {
    text = digits[rest % digits.length] + text;
    rest = Math.floor(rest / digits.length);
  }
  return text;
}
