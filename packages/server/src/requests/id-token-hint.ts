/** ID tokens that come back as a hint: proof of who was signed in at which client, long after they expired. */
import { type JwtVerifier, type KeySource, parseCompact, Refusal, signatureAlgorithms } from '@castellan/protocol';
import type { ClientDirectory } from '../clients/client.ts';
import { type TellRefused, watchedVerifier } from '../keys/misuse.ts';

/** What a verified hint says. */
export interface HintedSession {
  /** Whom the ID token was issued to. */
  readonly client: string;
  /** The person, by the name this client was told. */
  readonly subject: string;
  /** That the token speaks of, whatever the client calls it. */
  readonly session: string | undefined;
}

export interface HintDeps {
  readonly issuer: string;
  readonly clients: ClientDirectory;
  /** Also keys that have retired: a session may outlive the key of its ID token. */
  readonly keys: KeySource;
  readonly now: () => number;
  /** The session that verified claims speak of. */
  readonly sessionOf: (claims: Readonly<Record<string, unknown>>) => string | undefined;
  readonly refused: TellRefused;
}

/** Verifies a hint; undefined for anything but an ID token of ours for a client that is still registered. */
export type VerifyHint = (hint: string) => Promise<HintedSession | undefined>;

/**
 * The longest life an ID token may ever have had, in seconds; its expiry itself does not count here.
 *
 * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout
 */
const longestLife = 3600;

export function createHintVerifier(deps: HintDeps): VerifyHint {
  return async (hint) => {
    try {
      const audience = audienceOf(hint);
      if (audience === undefined || deps.clients.find(audience) === undefined) return undefined;
      const { claims } = await hintVerifier(audience, deps).verify(hint);
      const { sub } = claims;
      if (sub === undefined) return undefined;
      return { client: audience, subject: sub, session: deps.sessionOf(claims) };
    } catch (error) {
      // A hint that does not verify is an answer, not an accident: each caller refuses in its own words.
      if (error instanceof Refusal && error.reason === 'token_invalid') return undefined;
      throw error;
    }
  };
}

function hintVerifier(audience: string, deps: HintDeps): JwtVerifier {
  const rules = {
    issuer: deps.issuer,
    audience,
    algorithms: signatureAlgorithms,
    typ: 'JWT',
    keys: deps.keys,
    now: deps.now,
    clockTolerance: 10,
    maxLifetime: longestLife,
    requiredClaims: ['sub'],
    allowExpired: true,
  };
  return watchedVerifier(rules, deps.refused);
}

/** Whose the token says it is; only then is that proven. */
function audienceOf(hint: string): string | undefined {
  const { aud } = parseCompact(hint).claims;
  return typeof aud === 'string' ? aud : undefined;
}
