/** Claims that were asked for one by one (OpenID Connect Core §5.5), as they are kept with an authorization. */

export interface AskedClaim {
  readonly name: string;
  /** It is told only when it is one of these; whatever it is, when absent. */
  readonly values?: readonly unknown[];
}

/** By where they are told. */
export interface AskedClaims {
  readonly userinfo: readonly AskedClaim[];
  readonly idToken: readonly AskedClaim[];
}
