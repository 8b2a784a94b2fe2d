/** Scope values: the syntax of RFC 6749 §3.3, and nothing about which scopes exist. */
import { refuse } from './refusal.ts';

/** scope-token of RFC 6749 §3.3: visible ASCII without quote and backslash. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * Reads a scope parameter: tokens parted by exactly one space. Repeats are dropped, the order is kept.
 *
 * Does not check that a scope exists or may be asked for.
 *
 * @throws {Refusal} `scope_malformed`
 * @example parseScope('openid invoices:read'); // ['openid', 'invoices:read']
 * @see RFC 6749 §3.3
 */
export function parseScope(text: string): readonly string[] {
  const tokens = text.split(' ');
  if (!tokens.every(isScopeToken)) refuse('scope_malformed', { detail: 'scope is not tokens parted by single spaces' });
  return [...new Set(tokens)];
}

/**
 * Writes scopes as one parameter.
 *
 * @throws {TypeError} when a scope is not a scope-token
 * @example formatScope(['openid', 'email']); // 'openid email'
 * @see RFC 6749 §3.3
 */
export function formatScope(scopes: readonly string[]): string {
  if (!scopes.every(isScopeToken)) throw new TypeError('A scope may not hold spaces, quotes or backslashes.');
  return scopes.join(' ');
}

/**
 * Whether a text is one scope.
 *
 * @example isScopeToken('invoices:read'); // true
 * @see RFC 6749 §3.3
 */
export function isScopeToken(text: string): boolean {
  return scopeToken.test(text);
}
