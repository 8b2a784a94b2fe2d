/** Names of things that are made here, none of them a secret: for secrets see `prefixed-token.ts`. */
import type { Runtime } from './runtime.ts';

/**
 * A new id: 127 random bits as 22 characters of base64url, the first of which is a letter from A to f.
 *
 * INVARIANT: it never begins with a hyphen, or a command it is handed to takes it for an option, one id in 64.
 *
 * @example const id = newId(runtime); // not a secret: it stands in events, lists and tokens
 */
export function newId(runtime: Pick<Runtime, 'randomBytes'>): string {
  const bytes = Buffer.from(runtime.randomBytes(16));
  bytes.writeUInt8(bytes.readUInt8(0) & 0x7f);
  return bytes.toString('base64url');
}
