/**
 * Asking an issuer about its tokens: plain answers over https (RFC 7662) or signed ones (RFC 9701).
 *
 * Owns: the question, whether an answer is one, and how long it is remembered. Does not own: what the claims mean. No
 * answer, or one that cannot be read, permits nothing and says nothing about the token.
 */
import {
  type ClaimRules,
  createBoundedMap,
  createClaimsCheck,
  createJwtVerifier,
  fetchBounded,
  isJsonObject,
  type JwtVerifier,
  Refusal,
  type Runtime,
  readJson,
  refuse,
  remoteKeySource,
  type SignatureAlgorithm,
  secureUrl,
  type VerifiedClaims,
} from '@castellan/protocol';

/** Whom to ask, and as whom. */
export interface IntrospectionConfig {
  /** https, or http on a loopback host. */
  readonly endpoint: string;
  /** This API's own client at the issuer. */
  readonly client: string;
  readonly secret: string;
  /** Seconds for which an answer is remembered, which a revocation may take to count; 0 to 300, 10 by default. */
  readonly cacheFor?: number;
  /** What opaque tokens of this issuer begin with; needed when several issuers are asked. */
  readonly prefix?: string;
  /** The issuer signs its answers; plain ones are then refused. */
  readonly signed?: {
    readonly algorithms: readonly SignatureAlgorithm[];
    readonly jwksUri: string;
    /** How the issuer names this API as the receiver of answers; the client by default. */
    readonly audience?: string;
  };
}

/** Answers claims that were checked, or throws. */
export type Introspect = (token: string) => Promise<VerifiedClaims>;

export type IntrospectionRuntime = Pick<Runtime, 'now' | 'monotonic' | 'schedule' | 'fetch'>;

interface Introspection {
  readonly config: IntrospectionConfig;
  readonly runtime: IntrospectionRuntime;
  readonly check: (claims: Readonly<Record<string, unknown>>) => VerifiedClaims;
  readonly answers: JwtVerifier | undefined;
  /** A rule of the issuer tells what kind of token it is. */
  readonly kindIsRuled: boolean;
}

const capacity = 10_000;
/** Questions under way; whoever sends made-up tokens must not exhaust the issuer. */
const mostQuestions = 256;
/** Seconds. */
const answerTime = 5;
const signedAnswerAge = 60;
const maximumBytes = 65_536;
const plainType = 'application/json';
const signedType = 'application/token-introspection+jwt';

/**
 * Makes the question.
 *
 * A remembered answer is checked again for time, so it never outlives its token.
 *
 * @throws {TypeError} when the rules are incomplete or weak
 * @see RFC 7662 §2, §4; RFC 9701 §5
 */
export function createIntrospect(
  config: IntrospectionConfig,
  rules: ClaimRules,
  runtime: IntrospectionRuntime,
): Introspect {
  const answers = config.signed === undefined ? undefined : createAnswerVerifier(config, rules, runtime);
  const kindIsRuled = Object.keys(rules.requiredValues ?? {}).length > 0;
  const deps: Introspection = { config, runtime, check: createClaimsCheck(rules), answers, kindIsRuled };
  const lifetime = (config.cacheFor ?? 10) * 1000;
  const remembered = createBoundedMap<string, { readonly claims: VerifiedClaims; readonly until: number }>(capacity);
  const asked = new Map<string, Promise<VerifiedClaims>>();
  const askOnce = async (token: string): Promise<VerifiedClaims> => {
    // The bound begins with the question: the answer may already be old when it comes.
    const until = runtime.monotonic() + lifetime;
    const claims = await ask(token, deps);
    if (lifetime > 0) remembered.set(token, { claims, until });
    return claims;
  };
  return async (token) => {
    const known = remembered.get(token);
    if (known !== undefined && runtime.monotonic() < known.until) return deps.check(known.claims);
    remembered.delete(token);
    const pending = asked.get(token);
    if (pending !== undefined) return pending;
    if (asked.size >= mostQuestions) refuse('overloaded', { detail: 'too many questions to the issuer' });
    const question = askOnce(token).finally(() => asked.delete(token));
    asked.set(token, question);
    return question;
  };
}

function createAnswerVerifier(
  { client, signed }: IntrospectionConfig,
  { issuer, now, clockTolerance = 10 }: ClaimRules,
  runtime: IntrospectionRuntime,
): JwtVerifier {
  const { algorithms = [], jwksUri = '', audience = client } = signed ?? {};
  return createJwtVerifier({
    issuer,
    audience,
    algorithms,
    typ: 'token-introspection+jwt',
    keys: remoteKeySource({ url: jwksUri, runtime }),
    now,
    clockTolerance,
    maxLifetime: 900,
    maxAge: signedAnswerAge,
  });
}

async function ask(token: string, deps: Introspection): Promise<VerifiedClaims> {
  const { config, runtime } = deps;
  const accept = deps.answers === undefined ? plainType : signedType;
  const { bytes, mediaType, problem } = {
    mediaType: '',
    ...(await fetchBounded({
      url: config.endpoint,
      accept,
      form: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
      authorization: basicCredentials(config),
      timeout: answerTime,
      maximumBytes,
      runtime,
    })),
  };
  if (bytes === undefined) return unusable(problem);
  // INVARIANT: a plain answer never passes where a signed one is asked for.
  if (mediaType !== accept) return unusable('an answer of another media type');
  const answer = deps.answers === undefined ? readPlain(bytes) : await readSigned(bytes, deps.answers);
  return Object.freeze(claimsOf(answer, deps));
}

/** RFC 6749 §2.3.1: both halves are form-encoded first. */
export function basicCredentials({ client, secret }: Pick<IntrospectionConfig, 'client' | 'secret'>): string {
  const [id, password] = [client, secret].map((half) => new URLSearchParams({ '': half }).toString().slice(1));
  return `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`;
}

function readPlain(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const { value, problem } = readJson(bytes, { maxLength: maximumBytes, maxDepth: 16 });
  if (problem !== undefined) return unusable(problem);
  return isJsonObject(value) ? value : unusable('an answer that is not an object');
}

async function readSigned(bytes: Uint8Array, answers: JwtVerifier): Promise<Readonly<Record<string, unknown>>> {
  try {
    const { claims } = await answers.verify(Buffer.from(bytes).toString('latin1'));
    const { token_introspection: answer } = claims;
    if (isJsonObject(answer)) return answer;
  } catch {
    // Whatever is wrong with the answer is not wrong with the token.
  }
  return unusable('an answer whose signature or claims are not accepted');
}

function claimsOf(answer: Readonly<Record<string, unknown>>, deps: Introspection): VerifiedClaims {
  const { active, token_type: type } = answer;
  if (active === false) return refuse('token_invalid', { detail: 'not active' });
  if (active !== true) return unusable('an answer that does not say whether the token is active');
  // A refresh token is active too (RFC 7662 §2.1): something must say that this is an access token.
  const isBearer = typeof type === 'string' && type.toLowerCase() === 'bearer';
  if (!isBearer && !(type === undefined && deps.kindIsRuled)) {
    return refuse('token_invalid', { detail: 'another type of token' });
  }
  return deps.check(answer);
}

function unusable(detail: string | undefined): never {
  throw new Refusal('store_unavailable', { detail: `introspection: ${detail ?? 'no answer'}` });
}

/** What is missing or weak; the rules for signed answers are the verifier's own check. */
export function introspectionProblems(
  where: string,
  config: Partial<IntrospectionConfig> | undefined,
): readonly string[] {
  const { endpoint, client, secret, cacheFor = 10, prefix, signed } = config ?? {};
  const problems: string[] = [];
  if (typeof endpoint !== 'string' || secureUrl(endpoint) === undefined) {
    problems.push(`${where}.endpoint must be https (http on a loopback host)`);
  }
  if (typeof client !== 'string' || client === '') problems.push(`${where}.client is missing`);
  if (typeof secret !== 'string' || secret.length < 16) problems.push(`${where}.secret is missing or too short`);
  if (typeof cacheFor !== 'number' || !(cacheFor >= 0 && cacheFor <= 300)) {
    problems.push(`${where}.cacheFor must be 0 to 300 seconds`);
  }
  if (prefix !== undefined && (typeof prefix !== 'string' || prefix === '')) problems.push(`${where}.prefix is empty`);
  if (signed !== undefined && typeof signed?.jwksUri !== 'string') problems.push(`${where}.signed.jwksUri is missing`);
  return problems;
}
