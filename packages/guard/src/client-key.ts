/**
 * Routes of high value: only clients that proved themselves by a key, since a shared secret is copied unnoticed.
 *
 * An access token does not say by itself how its client authenticated; an issuer that is configured to say so is
 * believed (`claims.clientAuthentication`). Where an issuer cannot, the issuance is the place to refuse: Castellan's
 * server does it for a whole API with `secretOnlyClients: false`.
 */
import { refuse } from '@castellan/protocol';
import type { Access } from './access.ts';

/** Of the registered methods those that need a private key (OpenID Connect Core §9, RFC 8705 §2). */
const byKey: ReadonlySet<string> = new Set(['private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth']);

/**
 * Requires that the client of a token authenticated by a key. A token that says nothing of it proves nothing.
 *
 * @throws {Refusal} `forbidden`
 */
export function requireClientKey({ clientAuthentication }: Pick<Access, 'clientAuthentication'>): void {
  if (clientAuthentication !== undefined && byKey.has(clientAuthentication)) return;
  refuse('forbidden', { detail: 'the token does not say that its client authenticated by a key' });
}
