/** Which claims go with which scope: one table for UserInfo and for what discovery promises. */
import type { PersonRow, Profile } from '../../store/store.ts';

/** Scope -> claim -> where its value lies. OpenID Connect Core §5.4. */
const claimTable: Readonly<Record<string, Readonly<Record<string, keyof Profile>>>> = {
  profile: {
    name: 'name',
    given_name: 'givenName',
    family_name: 'familyName',
    preferred_username: 'preferredUsername',
    locale: 'locale',
    updated_at: 'updatedAt',
  },
  email: { email: 'email', email_verified: 'emailVerified' },
};

/** All claims that some scope asks for. */
export const profileClaims: readonly string[] = Object.values(claimTable).flatMap(Object.keys);

/**
 * The claims of a person that these scopes allow. What is not known is left out, never null.
 *
 * @example claimsOf(person, ['openid', 'email']); // { sub: '…', email: '…' }
 */
export function claimsOf(
  person: Pick<PersonRow, 'id' | 'profile'>,
  scopes: readonly string[],
): Readonly<Record<string, string | number | boolean>> {
  const claims: Record<string, string | number | boolean> = { sub: person.id };
  for (const [scope, members] of Object.entries(claimTable)) {
    if (!scopes.includes(scope)) continue;
    for (const [claim, member] of Object.entries(members)) {
      const value = person.profile[member];
      if (value !== undefined) claims[claim] = value;
    }
  }
  return claims;
}
