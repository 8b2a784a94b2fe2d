/**
 * From the corpus, which speaks of one issuer, to the rules of another: the same mutation of its tokens.
 *
 * Owns: what a mutation means under other rules, and that one which means nothing there is not tested, with the reason.
 */
import type { Corpus, CorpusRules, Members, TokenCase } from './corpus.ts';

/** How an issuer's access tokens look, and what its verifier asks for. */
export interface TokenShape {
  readonly issuer: string;
  /** Undefined when its tokens have none. */
  readonly audience: string | undefined;
  /** Undefined when its tokens have none. */
  readonly typ: string | undefined;
  readonly subjectClaim: string;
  readonly clientClaim: string;
  /** Claims without which a token is refused. */
  readonly required: readonly string[];
  /** Seconds. */
  readonly clockTolerance: number;
  readonly maxLifetime: number;
}

/** Seconds beyond a bound, since a test takes its time and some clocks tolerate a minute. */
const margin = 120;

/** The case for an issuer, or why it says nothing there. */
export function adapt(one: TokenCase, { rules }: Corpus, shape: TokenShape): TokenCase | string {
  const reason = meaningless(one, shape);
  if (reason !== undefined) return reason;
  const header = headerFor(one, rules, shape);
  const claims = claimsFor(one.claims, rules, shape);
  if (header === undefined) return 'that is the type of this issuer’s own tokens';
  if (claims === undefined) return 'nothing would differ for this issuer';
  return {
    ...one,
    ...(one.header === undefined ? {} : { header }),
    ...(one.claims === undefined ? {} : { claims }),
    ...(one.removeClaims === undefined ? {} : { removeClaims: one.removeClaims.map((name) => nameFor(name, shape)) }),
    ...(one.times === undefined ? {} : { times: timesFor(one.times, rules, shape) }),
  };
}

/** RFC 6750 §2.1 lets any number of spaces stand before a token, and HTTP takes those at the end of a header away. */
const spaced = /^ |[ \n]$/;

function meaningless(one: TokenCase, shape: TokenShape): string | undefined {
  if (spaced.test(one.form ?? '')) return 'white space around a token is no part of it in a header';
  const touched = [...Object.keys(one.claims ?? {}), ...(one.removeClaims ?? [])];
  if (shape.typ === undefined && (one.header?.['typ'] === null || one.removeHeader?.includes('typ') === true)) {
    return 'this issuer writes no type';
  }
  if (shape.audience === undefined && touched.includes('aud')) return 'this issuer writes no audience';
  const optional = ['client_id', 'jti'].find(
    (name) => touched.includes(name) && !shape.required.includes(nameFor(name, shape)),
  );
  return optional === undefined ? undefined : `${nameFor(optional, shape)} is not required of this issuer`;
}

function headerFor(one: TokenCase, rules: CorpusRules, shape: TokenShape): Members | undefined {
  const typ = one.header?.['typ'];
  if (typeof typ !== 'string' || shape.typ === undefined) return one.header ?? {};
  const written = typ.replace(rules.typ, shape.typ);
  return bareType(written) === bareType(shape.typ) ? undefined : { ...one.header, typ: written };
}

function bareType(typ: string): string {
  return typ.toLowerCase().replace(/^application\/(?=[^/]+$)/, '');
}

function nameFor(name: string, shape: TokenShape): string {
  if (name === 'sub') return shape.subjectClaim;
  return name === 'client_id' ? shape.clientClaim : name;
}

/** Undefined when a value became the genuine one. */
function claimsFor(claims: Members = {}, rules: CorpusRules, shape: TokenShape): Members | undefined {
  const values = Object.entries(claims).map(([name, value]): [string, unknown] => {
    if (name === 'iss') return [name, vary(value, rules.issuer, shape.issuer)];
    if (name === 'aud') return [name, vary(value, rules.audience, shape.audience ?? '')];
    return [nameFor(name, shape), value];
  });
  const isGenuine = values.some(([name, value]) => {
    const own = name === 'iss' ? shape.issuer : name === 'aud' ? shape.audience : undefined;
    return own !== undefined && value === own;
  });
  return isGenuine ? undefined : Object.fromEntries(values);
}

/** The same variation of another text: longer, shorter, in other letters, without its scheme. */
function vary(value: unknown, from: string, to: string): unknown {
  if (Array.isArray(value)) return value.map((item) => vary(item, from, to));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name === from ? to : name, vary(item, from, to)]),
    );
  }
  if (typeof value !== 'string' || value === '') return value;
  const bare = (text: string): string => text.replace(/^https?:\/\//, '');
  if (value.startsWith(from)) return to + value.slice(from.length);
  if (value.toLowerCase() === from) return to === to.toUpperCase() ? to.toLowerCase() : to.toUpperCase();
  if (value === from.replace('https:', 'http:'))
    return to.startsWith('https:') ? to.replace('https:', 'http:') : `http:${to}`;
  if (value === bare(from)) return bare(to) === to ? to.slice(1) : bare(to);
  return from.startsWith(value) ? to.slice(0, -1) : value;
}

/** Moments just outside the bounds of the corpus become moments well outside those of the issuer. */
function timesFor(
  times: Readonly<Record<string, number>>,
  rules: CorpusRules,
  { clockTolerance, maxLifetime }: TokenShape,
): Readonly<Record<string, number>> {
  const { iat = 0, exp } = times;
  const late = clockTolerance + margin;
  if (exp !== undefined && exp > iat && exp - iat > rules.maxLifetime) {
    // Over the longest lifetime by as much as there.
    return { ...times, exp: exp > 1e9 ? exp : iat + maxLifetime + late };
  }
  if (exp !== undefined && exp <= -rules.clockTolerance) return { ...times, exp: exp - late, iat: iat - late };
  return Object.fromEntries(
    Object.entries(times).map(([name, offset]) => [name, offset > rules.clockTolerance ? late : offset]),
  );
}
