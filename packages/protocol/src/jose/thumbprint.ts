/** The name of a key that is made from the key itself. */
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint';

/**
 * The thumbprint of a public key: SHA-256, base64url.
 *
 * @throws {TypeError} when a member that the thumbprint is made of is missing
 * @example const kid = await jwkThumbprint(jwk);
 * @see RFC 7638 §3
 */
export async function jwkThumbprint(jwk: Readonly<Record<string, unknown>>): Promise<string> {
  return await calculateJwkThumbprint({ ...jwk }, 'sha256');
}
