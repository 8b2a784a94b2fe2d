/**
 * How strong a sign-in can be here, by the names that clients and APIs ask for (`acr`): one list for metadata, for
 * what a session is, and for what can be demanded. A second factor becomes a second line.
 */

/** The `acr` of a sign-in with a password alone. */
export const passwordAcr = 'urn:castellan:acr:password';

/** All there are, the weakest first. */
export const authenticationContexts: readonly string[] = [passwordAcr];

/** Whether a sign-in can be one of these. */
export function isReachable(acrs: readonly string[]): boolean {
  return acrs.some((acr) => authenticationContexts.includes(acr));
}
