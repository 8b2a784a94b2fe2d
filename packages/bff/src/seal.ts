/**
 * Seals what a stored row knows under a key that only the browser's cookie yields, so that a stolen database file
 * holds no token.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { hashSecret, type Runtime } from '@castellan/protocol';

/** What a sealed text is for: one made for one purpose does not open for another. */
export type SealPurpose = 'login' | 'session';

const secretBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** A new cookie value: 256 bit, base64url. */
export function createSecret(runtime: Pick<Runtime, 'randomBytes'>): string {
  return runtime.randomBytes(secretBytes).toString('base64url');
}

/** Whether a cookie value has the one form in which {@link createSecret} writes it. */
export function isSecret(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text) && Buffer.from(text, 'base64url').toString('base64url') === text;
}

/** A secret, the hash that finds its row, and the way in and out of what is sealed there. */
export interface Seal {
  readonly secretHash: string;
  readonly close: (value: unknown) => string;
  /** Undefined for what was changed, or sealed for another cookie or purpose. */
  readonly open: (sealed: string) => unknown;
}

/**
 * The seal of one cookie: AES-256-GCM under a key derived by HKDF-SHA-256 from the cookie's secret.
 *
 * @example const seal = sealOf('session', secret, runtime); const row = { secretHash: seal.secretHash, sealed: seal.close(tokens) };
 */
export function sealOf(purpose: SealPurpose, secret: string, runtime: Pick<Runtime, 'randomBytes'>): Seal {
  const secretHash = hashSecret(secret);
  const key = Buffer.from(
    hkdfSync('sha256', Buffer.from(secret, 'base64url'), '', `castellan bff ${purpose} seal 1`, 32),
  );
  // INVARIANT: the row's own name is associated data, so that a sealed text moved to another row does not open.
  const associated = Buffer.from(`${purpose}\n${secretHash}`);
  return {
    secretHash,
    close: (value) => {
      const nonce = runtime.randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(associated);
      const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, text, cipher.getAuthTag()]).toString('base64url');
    },
    open: (sealed) => openWith(key, associated, Buffer.from(sealed, 'base64url')),
  };
}

function openWith(key: Buffer, associated: Buffer, sealed: Buffer): unknown {
  if (sealed.length < nonceBytes + tagBytes) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
    .setAAD(associated)
    .setAuthTag(sealed.subarray(-tagBytes));
  try {
    const text = decipher.update(sealed.subarray(nonceBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8');
    return JSON.parse(text) as unknown;
  } catch {
    // A wrong tag throws: there is no session in what somebody changed.
    return undefined;
  }
}
