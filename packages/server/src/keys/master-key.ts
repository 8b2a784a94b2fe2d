/** Keys derived from the master key, one for each purpose, so that none can stand in for another. */
import { hkdfSync } from 'node:crypto';

/** What a derived key is for. */
export type KeyPurpose = 'signing-keys' | 'refresh-tag' | (string & {});

/**
 * Derives the 32-byte key of a purpose.
 *
 * @example deriveKey(config.masterKey, 'refresh-tag');
 * @see https://www.rfc-editor.org/rfc/rfc5869
 */
export function deriveKey(masterKey: Buffer, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, '', `castellan ${purpose}`, 32));
}
