/** What a verified access token says about who calls. */

/** Who calls, through which client, with what delegated rights. Made from a verified token only. */
export interface Access {
  readonly issuer: string;
  /** The `sub`: unique within its issuer only. */
  readonly subject: string;
  readonly client: string | undefined;
  readonly scopes: readonly string[];
  /** What the issuer says of roles or groups, where its rules name a claim for them. Of this issuer's making only. */
  readonly roles: readonly string[];
  /** A client that calls for itself has the same subject and client (RFC 9068 §2.2, §5), or says so otherwise. */
  readonly kind: 'person' | 'client';
  /** How the client authenticated, in the words of `token_endpoint_auth_methods_supported`, where the issuer says so. */
  readonly clientAuthentication: string | undefined;
  /** How the person signed in, in the issuer's words (`acr`). */
  readonly acr: string | undefined;
  /** When the person signed in, seconds since the epoch (`auth_time`). */
  readonly authenticatedAt: number | undefined;
}
