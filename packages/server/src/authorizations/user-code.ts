/**
 * User codes: short enough to be typed, too many to be guessed (RFC 8628 §6.1).
 *
 * Eight of twenty consonants are 20^8 codes, more than 34 bits. Without vowels no word comes up by chance; without
 * digits nothing looks like something else, and a phone need not change its keyboard.
 *
 * Owns: making, reading, showing and hashing them. Does not own: how often somebody may try one.
 */
import { createHmac } from 'node:crypto';
import type { Runtime } from '@castellan/protocol';

const alphabet = 'BCDFGHJKLMNPQRSTVWXZ';
const length = 8;
/** The largest multiple of the alphabet's length that a byte can have: bytes from there on would favour some letters. */
const fair = 256 - (256 % alphabet.length);
/** What people and their keyboards put between letters. */
const between = /[\s\p{Dash_Punctuation}._]/gu;
const syntax: RegExp = new RegExp(`^[${alphabet}]{${length}}$`);

/** A new code, every one as likely as any other. */
export function createUserCode(runtime: Pick<Runtime, 'randomBytes'>): string {
  let code = '';
  while (code.length < length) {
    for (const byte of runtime.randomBytes(length)) {
      if (byte < fair && code.length < length) code += alphabet[byte % alphabet.length];
    }
  }
  return code;
}

/** The code somebody typed, whatever its case and its separators; undefined for what can be none. */
export function parseUserCode(text: string): string | undefined {
  if (text.length > 64) return undefined;
  const code = text.replace(between, '').toUpperCase();
  return syntax.test(code) ? code : undefined;
}

/** `WDJB-MJHT` */
export function showUserCode(code: string): string {
  return `${code.slice(0, length / 2)}-${code.slice(length / 2)}`;
}

/** The stored form: keyed, since whoever has the database could try all codes otherwise. */
export function hashUserCode(code: string, key: Buffer): string {
  return createHmac('sha256', key).update(`castellan user code v1|${code}`).digest('base64url');
}
