/** Which claims go with which scope: one table for UserInfo and for what discovery promises. */
import type { Address, Profile } from '../../store/profile.ts';
import type { PersonRow } from '../../store/store.ts';

/** Claims of one value each, by where it lies. */
type SimpleMember = Exclude<keyof Profile, 'address'>;

/** Scope -> claim -> where its value lies. OpenID Connect Core §5.4. */
const claimTable: Readonly<Record<string, Readonly<Record<string, SimpleMember>>>> = {
  profile: {
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
  },
  email: { email: 'email', email_verified: 'emailVerified' },
  phone: { phone_number: 'phoneNumber', phone_number_verified: 'phoneNumberVerified' },
};

/** OpenID Connect Core §5.1.1. */
const addressTable: Readonly<Record<string, keyof Address>> = {
  formatted: 'formatted',
  street_address: 'streetAddress',
  locality: 'locality',
  region: 'region',
  postal_code: 'postalCode',
  country: 'country',
};

/** All claims that some scope asks for. */
export const profileClaims: readonly string[] = [...Object.values(claimTable).flatMap(Object.keys), 'address'];

type ClaimValue = string | number | boolean | Readonly<Record<string, string>>;

/**
 * The claims of a person that these scopes allow, besides `sub`. What is not known is left out, never null.
 *
 * @example claimsOf(person, ['openid', 'email']); // { email: '…' }
 */
export function claimsOf(
  { profile }: Pick<PersonRow, 'profile'>,
  scopes: readonly string[],
): Readonly<Record<string, ClaimValue>> {
  const claims: Record<string, ClaimValue> = {};
  for (const [scope, members] of Object.entries(claimTable)) {
    if (scopes.includes(scope)) Object.assign(claims, pick(profile, members));
  }
  const address = pick(profile.address ?? {}, addressTable);
  return scopes.includes('address') && Object.keys(address).length > 0 ? { ...claims, address } : claims;
}

function pick<T>(source: T, members: Readonly<Record<string, keyof T>>): { [claim: string]: NonNullable<T[keyof T]> } {
  const known = Object.entries(members).flatMap(([claim, member]) => {
    const value = source[member];
    return value === undefined || value === null ? [] : [[claim, value] as const];
  });
  return Object.fromEntries(known);
}
