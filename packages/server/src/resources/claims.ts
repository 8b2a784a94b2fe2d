/**
 * The claims of the issuer's scopes: which there are, what each one lets a client see, and each alone as a right.
 *
 * A claim that is asked for by itself is a right of its own, less than its scope: whoever was allowed the scope was
 * allowed the claim, and never the other way round (`docs/decisions/0016`).
 */

/** Scope -> claim -> what it lets a client do, in words. OpenID Connect Core §5.4. */
const claimsByScope = {
  profile: {
    name: 'See your name',
    given_name: 'See your first name',
    family_name: 'See your last name',
    middle_name: 'See your middle name',
    nickname: 'See your nickname',
    preferred_username: 'See the user name you prefer',
    profile: 'See the address of your profile page',
    picture: 'See your picture',
    website: 'See the address of your website',
    gender: 'See your gender',
    birthdate: 'See your date of birth',
    zoneinfo: 'See your time zone',
    locale: 'See your language',
    updated_at: 'See when your profile last changed',
  },
  email: { email: 'See your e-mail address', email_verified: 'See whether your e-mail address was verified' },
  phone: { phone_number: 'See your phone number', phone_number_verified: 'See whether your phone number was verified' },
  address: { address: 'See your postal address' },
} as const;

type ClaimScope = keyof typeof claimsByScope;
type KeysOfEach<T> = T extends unknown ? keyof T : never;
/** A claim that tells something about a person. */
export type ProfileClaim = KeysOfEach<(typeof claimsByScope)[ClaimScope]>;

const scopeByClaim: ReadonlyMap<string, string> = new Map(
  Object.entries(claimsByScope).flatMap(([scope, claims]) => Object.keys(claims).map((claim) => [claim, scope])),
);

/** All claims that some scope asks for. */
export const profileClaims: readonly ProfileClaim[] = [...scopeByClaim.keys()] as ProfileClaim[];

/** The scope a claim belongs to; undefined for what this server does not tell. */
export function scopeOfClaim(claim: string): string | undefined {
  return scopeByClaim.get(claim);
}

/** The claims that these scopes ask for. */
export function claimsOfScopes(scopes: readonly string[]): readonly ProfileClaim[] {
  return profileClaims.filter((claim) => scopes.includes(scopeByClaim.get(claim) ?? ''));
}

/** The right to one claim, where consent is wanted and remembered: a scope of the issuer never has this form. */
export function claimRight(claim: string): string {
  return `claim:${claim}`;
}

/** Right -> what it lets a client do, in words. */
export const claimRights: ReadonlyMap<string, string> = new Map(
  Object.values(claimsByScope).flatMap((claims) =>
    Object.entries(claims).map(([claim, words]) => [claimRight(claim), words] as const),
  ),
);

/** The scope that a right to one claim lies within; any other right is its own. */
export function widerRight(right: string): string {
  const claim = profileClaims.find((one) => claimRight(one) === right);
  return (claim && scopeOfClaim(claim)) ?? right;
}

/** Scopes, and the rights that lie within them. */
export function withClaimRights(scopes: readonly string[]): readonly string[] {
  return [...scopes, ...claimsOfScopes(scopes).map(claimRight)];
}
