/**
 * The named exceptions of the guard, `@castellan/guard/insecure`. Each is written where the safe value would stand, so
 * a search for this import lists every deployment that needs one; each is told as an event at every start.
 */

/**
 * In place of an `audience`: the issuer writes no `aud`, so its tokens do not say for which API they are. Then
 * `clients` and `require` must say whose tokens these are, and of what kind.
 *
 * @deprecated Every API of that issuer accepts the same tokens. Have the issuer write an audience, if it can.
 */
export const tokensWithoutAudience: unique symbol = Symbol('tokensWithoutAudience');

/**
 * In place of a `typ`: the issuer types none of its tokens, and a token with a `typ` is refused. Then `audience`,
 * `require` and the claims that only ID tokens have are all that tells an access token from another kind.
 *
 * @deprecated Another kind of token may pass for an access token (RFC 8725 §3.11). Have the issuer write `at+jwt`.
 */
export const untypedTokens: unique symbol = Symbol('untypedTokens');

/**
 * In a route's `whenRevocationUnknown`: the route answers although it is not known whether the token was revoked.
 *
 * @deprecated Whoever cuts the guard off from its revocation feed keeps revoked tokens alive here until they expire.
 */
export const permitUnknownRevocation: unique symbol = Symbol('permitUnknownRevocation');

/**
 * In the `visibility` of a GraphQL endpoint: introspection is answered, and errors of validation name types and fields.
 *
 * @deprecated For development: whoever can reach the endpoint reads the whole schema.
 */
export const visibleSchema: unique symbol = Symbol('visibleSchema');
