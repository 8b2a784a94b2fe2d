/**
 * From the `Authorization` header to {@link Access}: one set of rules for each issuer.
 *
 * Owns: which rules a token is judged by, and that revocation and not-before are asked on every request. Does not own:
 * verification (`protocol`), asking the issuer (`introspect`), and what claims mean (`claims`).
 */
import {
  createJwtVerifier,
  type HttpRequest,
  parseCompact,
  peekBearer,
  type Runtime,
  readBearer,
  refuse,
  type VerifiedClaims,
} from '@castellan/protocol';
import type { Access } from './access.ts';
import { accessOf, type ClaimReading } from './claims.ts';
import { untypedTokens } from './insecure.ts';
import { createIntrospect } from './introspect.ts';
import { claimRulesOf, type IssuerConfig, namesOf } from './issuer.ts';
import { keysOf } from './issuer-keys.ts';
import { createNotBeforeCheck, type SubjectNotBefore } from './not-before.ts';
import { bitOf, type Revocation, type RevocationBit, requireNotRevoked } from './revocation.ts';

/**
 * Reads and verifies the token of a request; `permitUnknown` is the route's word on revocation. Answers or throws at once
 * when there is nothing to wait for: the token is remembered, and its revocation known here.
 */
export type ReadAccess = (request: Pick<HttpRequest, 'headers'>, permitUnknown: boolean) => Access | Promise<Access>;

type ReadRuntime = Pick<Runtime, 'now' | 'monotonic' | 'schedule' | 'fetch'>;

interface TokenRules {
  readonly issuers: readonly IssuerConfig[];
  readonly notBefore?: SubjectNotBefore | undefined;
}

/** One issuer's way of judging a token. */
interface Judge {
  /** The claims of a token that was verified before and would be now, when that is known at once. */
  readonly recall: (token: string) => VerifiedClaims | undefined;
  readonly verify: (token: string) => Promise<{ readonly claims: VerifiedClaims }>;
  readonly reading: ClaimReading;
  readonly revocation: Revocation | undefined;
}

/** Verified tokens that are remembered for each issuer. */
const cacheCapacity = 10_000;

/**
 * Makes the reader.
 *
 * @throws {TypeError} when the rules of an issuer are incomplete or weak
 */
export function createReadAccess({ issuers, notBefore }: TokenRules, runtime: ReadRuntime): ReadAccess {
  const judges = new Map(issuers.map((config) => [config.issuer, createJudge(config, runtime)]));
  const recall = createRecall([...judges.values()]);
  const findJudge = createJudgeFinder(issuers, judges);
  const requireAfter = notBefore === undefined ? undefined : createNotBeforeCheck(notBefore, runtime);
  // The same frozen claims are handed out for a remembered token, so what they mean is read once.
  const meanings = new WeakMap<VerifiedClaims, Meaning>();
  /** INVARIANT: all of this is asked for every request, whether the token was remembered or not. */
  const admit = ({ claims, judge }: Judged, permitUnknown: boolean): Access | Promise<Access> => {
    let meaning = meanings.get(claims);
    if (meaning === undefined) meanings.set(claims, (meaning = meaningOf(claims, judge)));
    const { access, bit } = meaning;
    const pending = bit && requireNotRevoked(bit, { runtime, permitUnknown });
    if (pending === undefined && requireAfter === undefined) return access;
    return Promise.all([pending, requireAfter?.(claims, access)]).then(() => access);
  };
  return (request, permitUnknown) => {
    const known = recall(request.headers);
    if (known !== undefined) return admit(known, permitUnknown);
    const token = readBearer(request.headers);
    const judge = findJudge(token);
    return judge.verify(token).then(({ claims }) => admit({ claims, judge }, permitUnknown));
  };
}

/** What claims say. */
interface Meaning {
  readonly access: Access;
  /** Undefined for an issuer without `revocation`, and for no other. */
  readonly bit: RevocationBit | undefined;
}

function meaningOf(claims: VerifiedClaims, { reading, revocation }: Judge): Meaning {
  return { access: accessOf(claims, reading), bit: revocation && bitOf(claims, revocation) };
}

/** Claims, and whose rules they fit. */
interface Judged {
  readonly claims: VerifiedClaims;
  readonly judge: Judge;
}

/**
 * INVARIANT: the header is not read strictly here, and need not be: what is remembered under a text, whole, was read so
 * when it came first.
 */
function createRecall(judges: readonly Judge[]): (headers: HttpRequest['headers']) => Judged | undefined {
  return (headers) => {
    const token = peekBearer(headers);
    if (token === undefined) return undefined;
    for (const judge of judges) {
      const claims = judge.recall(token);
      if (claims !== undefined) return { claims, judge };
    }
    return undefined;
  };
}

/**
 * A token in compact form goes to the issuer it claims; any other to the issuer that is asked about tokens that begin
 * so. That picks the rules and decides nothing: an issuer's rules say whether its tokens are verified here or asked
 * for, and check the issuer again.
 */
function createJudgeFinder(
  issuers: readonly IssuerConfig[],
  judges: ReadonlyMap<string, Judge>,
): (token: string) => Judge {
  const [only] = judges.values();
  if (only !== undefined && judges.size === 1) return () => only;
  const opaque = issuers.flatMap(({ issuer, introspection }) =>
    introspection === undefined ? [] : [[introspection.prefix ?? '', judges.get(issuer)] as const],
  );
  return (token) => {
    const judge = isCompactForm(token)
      ? judges.get(claimedIssuer(token))
      : opaque.find(([prefix]) => token.startsWith(prefix))?.[1];
    return judge ?? refuse('token_invalid', { detail: 'another issuer' });
  };
}

/** Three parts, the first of which begins as a JSON object does: a brace, then a quote or white space. */
function isCompactForm(token: string): boolean {
  return /^e[wy]/.test(token) && token.split('.', 4).length === 3;
}

function claimedIssuer(token: string): string {
  const { iss } = parseCompact(token).claims;
  return typeof iss === 'string' ? iss : '';
}

function createJudge(config: IssuerConfig, runtime: ReadRuntime): Judge {
  const rules = claimRulesOf(config, runtime.now);
  const reading = { names: namesOf(config), machine: config.machine };
  const { revocation } = config;
  if (config.introspection !== undefined) {
    const introspect = createIntrospect(config.introspection, rules, runtime);
    return {
      recall: () => undefined,
      verify: async (token) => ({ claims: await introspect(token) }),
      reading,
      revocation,
    };
  }
  const typ = config.typ === untypedTokens ? null : config.typ;
  const keys = keysOf(config, runtime);
  const verifier = createJwtVerifier({ ...rules, algorithms: config.algorithms, typ, keys, cacheCapacity });
  return {
    recall: (token) => verifier.recall(token)?.claims,
    verify: verifier.verify,
    reading,
    revocation,
  };
}
