/** Sealing at rest: AES-256-GCM with a random nonce. The form names its version, so that it can be replaced. */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Runtime } from '@castellan/protocol';

const version = 'v1';
const nonceSize = 12;
const tagSize = 16;

/** What a sealed text is bound to besides its key. */
export interface SealContext {
  /** 32 bytes. */
  readonly key: Buffer;
  /** Associated data: it opens only where it belongs. */
  readonly belongsTo: string;
}

/**
 * Seals bytes: `v1.` and base64url of nonce, ciphertext and tag.
 *
 * @example seal(Buffer.from('…'), { key, belongsTo: `${kid}.${algorithm}` }, runtime);
 */
export function seal(plain: Buffer, context: SealContext, runtime: Pick<Runtime, 'randomBytes'>): string {
  const nonce = runtime.randomBytes(nonceSize);
  const cipher = createCipheriv('aes-256-gcm', context.key, nonce, { authTagLength: tagSize });
  cipher.setAAD(Buffer.from(context.belongsTo));
  const sealed = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return `${version}.${sealed.toString('base64url')}`;
}

/**
 * Opens what {@link seal} has sealed.
 *
 * @throws {Error} when key or associated data are others, or the text was changed; it says nothing about which
 */
export function unseal(text: string, context: SealContext): Buffer {
  const [form, payload] = text.split('.');
  const bytes = Buffer.from(payload ?? '', 'base64url');
  if (form !== version || bytes.length < nonceSize + tagSize) throw new Error('not a sealed text');
  const decipher = createDecipheriv('aes-256-gcm', context.key, bytes.subarray(0, nonceSize), {
    authTagLength: tagSize,
  });
  decipher.setAAD(Buffer.from(context.belongsTo));
  decipher.setAuthTag(bytes.subarray(-tagSize));
  return Buffer.concat([decipher.update(bytes.subarray(nonceSize, -tagSize)), decipher.final()]);
}
