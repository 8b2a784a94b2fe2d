/** What a shared store knows a key by. */
import { hash } from 'node:crypto';

/**
 * The key under which a shared store keeps what `namespace` calls `key`: 43 letters, digits, `-` and `_`.
 *
 * Keys hold what senders wrote (names they tried to sign in with, addresses): hashed, none of it stands in a store that
 * others read too, and no length, quote, line break or half of a character means anything there.
 */
export function storeKey(namespace: string, key: string): string {
  // UTF-16 as it is: in UTF-8 all halves of characters would become the same replacement, and share one limit.
  return hash('sha256', Buffer.from(`${namespace.length} ${namespace} ${key}`, 'utf16le'), 'base64url');
}

/** @throws {TypeError} when a shared store is not told whose limits it keeps */
export function checkNamespace(namespace: unknown): void {
  if (typeof namespace === 'string' && namespace !== '') return;
  throw new TypeError('A shared limit store needs a namespace: the same for all nodes of one service, and no other.');
}
