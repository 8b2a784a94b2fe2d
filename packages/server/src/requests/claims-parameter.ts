/** The `claims` parameter: single claims, and what the sign-in itself must be (OpenID Connect Core §5.5). */
import { isJsonObject, readJson, refuse } from '@castellan/protocol';
import type { Client } from '../clients/client.ts';
import { scopeOfClaim } from '../resources/claims.ts';
import type { AskedClaim, AskedClaims } from '../store/asked-claims.ts';

/** What a request demands of the sign-in and wants to be told. */
export interface ClaimsDemand {
  /** Those this server can tell and this client may ask for; absent when there are none. */
  readonly claims?: AskedClaims;
  /** The `sub` that the person must have. */
  readonly subject?: string;
  /** The essential `acr`: the sign-in must be one of these. */
  readonly acr?: readonly string[];
}

const limits = { maxLength: 4096, maxDepth: 5 } as const;

/** Where claims are asked for, on the wire. */
const places = ['userinfo', 'id_token'] as const;

/**
 * Reads the parameter. Unknown claims and members are ignored, as the specification has it; what has a wrong form is
 * refused whole.
 *
 * @throws {Refusal} `invalid_parameter`
 */
export function parseClaims(text: string, client: Pick<Client, 'scopes'>): ClaimsDemand {
  const { value, problem } = readJson(text, limits);
  if (problem !== undefined) refuse('invalid_parameter', { detail: `claims: ${problem}` });
  if (!isJsonObject(value)) return invalid('no object');
  const [userinfo, idToken] = places.map((place) => parsePlace(value[place])) as [Individual, Individual];
  const tellable = (asked: Individual): readonly AskedClaim[] =>
    [...asked].flatMap(([name, { values }]) => (mayAsk(name, client) ? [{ name, ...optional('values', values) }] : []));
  const claims = { userinfo: tellable(userinfo), idToken: tellable(idToken) };
  const isEmpty = claims.userinfo.length + claims.idToken.length === 0;
  return {
    ...(isEmpty ? {} : { claims }),
    ...optional('subject', subjectOf(userinfo, idToken)),
    ...optional('acr', essentialAcr(idToken)),
  };
}

/** One claim, as asked for. */
interface Asked {
  readonly essential: boolean;
  readonly values: readonly unknown[] | undefined;
}

type Individual = ReadonlyMap<string, Asked>;

function parsePlace(place: unknown): Individual {
  if (place === undefined) return new Map();
  if (!isJsonObject(place)) return invalid('a place is no object');
  return new Map(Object.entries(place).map(([name, asked]) => [name, parseAsked(asked)]));
}

function parseAsked(asked: unknown): Asked {
  if (asked === null) return { essential: false, values: undefined };
  if (!isJsonObject(asked)) return invalid('a claim is neither null nor an object');
  const { essential = false, value, values } = asked;
  if (typeof essential !== 'boolean') return invalid('essential is neither true nor false');
  if (value !== undefined && values !== undefined) return invalid('both value and values');
  if (values !== undefined && (!Array.isArray(values) || values.length === 0)) return invalid('values is no list');
  return { essential, values: value === undefined ? (values as readonly unknown[] | undefined) : [value] };
}

/** a claim needs the scope it belongs to. */
function mayAsk(claim: string, client: Pick<Client, 'scopes'>): boolean {
  return client.scopes.has(scopeOfClaim(claim) ?? '');
}

/** OpenID Connect Core §5.5.1: a `sub` with a value is answered for that person or not at all. */
function subjectOf(...asked: readonly Individual[]): string | undefined {
  const named = new Set(asked.flatMap((individual) => individual.get('sub')?.values ?? []));
  const [subject] = named;
  if (named.size > 1 || (named.size === 1 && typeof subject !== 'string')) return invalid('sub is not one text');
  return subject as string | undefined;
}

/** Without values every `acr` will do, and one that is not essential is told as it is. */
function essentialAcr(idToken: Individual): readonly string[] | undefined {
  const asked = idToken.get('acr');
  if (asked?.essential !== true || asked.values === undefined) return undefined;
  return asked.values.map((value) => (typeof value === 'string' ? value : invalid('an acr is no text')));
}

function invalid(detail: string): never {
  return refuse('invalid_parameter', { detail: `claims: ${detail}` });
}

function optional<const K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: T };
}
