/**
 * The server's signing keys.
 *
 * Owns: their timetable (announced -> signing -> verifying -> retired), their sealing at rest, and the key set.
 * Does not own: what is signed with them.
 */
import type { KeyObject } from 'node:crypto';
import type { JwkSet, KeySource, SignatureAlgorithm } from '@castellan/protocol';

export interface KeyRing {
  /** The key that signs now. */
  readonly signer: (algorithm: SignatureAlgorithm) => Promise<SigningKey>;
  /** Announced, signing and verifying keys: public members only. */
  readonly jwks: () => Promise<JwkSet>;
  /** For verifying what this server has signed itself. */
  readonly source: KeySource;
  /** Announces the successors that are due; for a timer. */
  readonly maintain: () => Promise<void>;
}

export interface SigningKey {
  readonly kid: string;
  readonly algorithm: SignatureAlgorithm;
  readonly privateKey: KeyObject;
}
