/** What a verified access token says about who calls. */

/** Who calls, through which client, with what delegated rights. Made from a verified token only. */
export interface Access {
  readonly issuer: string;
  /** The `sub`: unique within its issuer only. */
  readonly subject: string;
  readonly client: string | undefined;
  readonly scopes: readonly string[];
  /** A client that calls for itself has the same subject and client (RFC 9068 §2.2, §5). */
  readonly kind: 'person' | 'client';
}
