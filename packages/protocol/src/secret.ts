/** Keeping and comparing secrets: only a hash is stored, and no comparison tells by its time how far it got. */
import { hash, timingSafeEqual } from 'node:crypto';

/**
 * The form in which a secret of at least 128 bit of entropy is stored: SHA-256, base64url, 43 characters.
 *
 * Not for passwords, which people choose and others guess.
 *
 * @example const row = { codeHash: hashSecret(code) };
 */
export function hashSecret(text: string): string {
  return hash('sha256', text, 'base64url');
}

/**
 * Whether two secrets, or two hashes of secrets, are equal, in a time that depends on their lengths only.
 *
 * @example secretsEqual(hashSecret(presented), client.secretHash);
 */
export function secretsEqual(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}
