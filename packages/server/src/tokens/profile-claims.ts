/** What a client is told about a person, by scope and by name: one way for UserInfo and ID tokens. */
import { isDeepStrictEqual } from 'node:util';
import { claimsOfScopes, type ProfileClaim, scopeOfClaim } from '../resources/claims.ts';
import type { AskedClaim } from '../store/asked-claims.ts';
import type { Address, Profile } from '../store/profile.ts';
import type { PersonRow } from '../store/store.ts';

/** Where the value of a claim lies. A claim that is offered and lies nowhere does not compile. */
const members: Readonly<Record<ProfileClaim, keyof Profile>> = {
  name: 'name',
  given_name: 'givenName',
  family_name: 'familyName',
  middle_name: 'middleName',
  nickname: 'nickname',
  preferred_username: 'preferredUsername',
  profile: 'profile',
  picture: 'picture',
  website: 'website',
  gender: 'gender',
  birthdate: 'birthdate',
  zoneinfo: 'zoneinfo',
  locale: 'locale',
  updated_at: 'updatedAt',
  email: 'email',
  email_verified: 'emailVerified',
  phone_number: 'phoneNumber',
  phone_number_verified: 'phoneNumberVerified',
  address: 'address',
};

/** OpenID Connect Core §5.1.1. */
const addressMembers: Readonly<Record<keyof Address, string>> = {
  formatted: 'formatted',
  streetAddress: 'street_address',
  locality: 'locality',
  region: 'region',
  postalCode: 'postal_code',
  country: 'country',
};

type ClaimValue = string | number | boolean | Readonly<Record<string, string>>;
type Claims = Readonly<Record<string, ClaimValue>>;

/**
 * The claims of a person that these scopes allow, besides `sub`. What is not known is left out, never null.
 *
 * @example claimsOf(person, ['openid', 'email']); // { email: '…' }
 */
export function claimsOf(person: Pick<PersonRow, 'profile'>, scopes: readonly string[]): Claims {
  return tell(person, claimsOfScopes(scopes).map(named));
}

/**
 * The claims that were asked for one by one; not those of scopes that the client has lost since.
 *
 * @see OpenID Connect Core §5.5
 */
export function askedClaimsOf(
  person: Pick<PersonRow, 'profile'>,
  asked: readonly AskedClaim[],
  client: { readonly scopes: ReadonlySet<string> },
): Claims {
  return tell(
    person,
    asked.filter(({ name }) => client.scopes.has(scopeOfClaim(name) ?? '')),
  );
}

function named(name: string): AskedClaim {
  return { name };
}

function tell({ profile }: Pick<PersonRow, 'profile'>, asked: readonly AskedClaim[]): Claims {
  const told = asked.flatMap(({ name, values }) => {
    const value = valueOf(profile, name);
    const isAsked = values === undefined || values.some((one) => isDeepStrictEqual(one, value));
    return value === undefined || !isAsked ? [] : [[name, value] as const];
  });
  return Object.fromEntries(told);
}

function valueOf(profile: Profile, claim: string): ClaimValue | undefined {
  const value = Object.hasOwn(members, claim) ? profile[members[claim as ProfileClaim]] : undefined;
  return typeof value === 'object' ? addressOf(value) : value;
}

function addressOf(address: Address): ClaimValue | undefined {
  const known = (Object.entries(addressMembers) as [keyof Address, string][]).flatMap(([member, name]) => {
    const value = address[member];
    return value === undefined ? [] : [[name, value] as const];
  });
  return known.length === 0 ? undefined : Object.fromEntries(known);
}
