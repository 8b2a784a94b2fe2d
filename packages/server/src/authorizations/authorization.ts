/**
 * Authorizations: what tokens are issued from.
 *
 * Owns: granting one with its code, what consent is missing (`consent.ts`), and the form of refresh tokens
 * (`refresh-family.ts`).
 * Does not own: parsing requests, minting access tokens and ID tokens.
 */
import type { Runtime } from '@castellan/protocol';
import type { Client } from '../clients/client.ts';
import type { Exchange } from '../http/exchange.ts';
import type { AuthorizationStore, SessionRow } from '../store/store.ts';

/** The part of the checked authorization request that is granted. */
export interface GrantedRequest {
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  /** Audiences as asked; empty when none was named. */
  readonly resources: readonly string[];
  readonly codeChallenge: string;
  readonly nonce?: string;
}

export interface Granting {
  readonly client: Client;
  readonly session: SessionRow;
  readonly request: GrantedRequest;
  /** Hash of the parked request's id, which ends with this. */
  readonly parkedIdHash: string | undefined;
}

export interface GrantDeps {
  readonly store: Pick<AuthorizationStore, 'createAuthorization'>;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
  readonly issuer: string;
  readonly lifetimes: { readonly code: number };
}

export type GrantAuthorization = (
  granting: Granting,
  exchange: Exchange,
) => Promise<{ readonly code: string } | 'parked_request_gone'>;
