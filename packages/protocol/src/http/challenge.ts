/** The `WWW-Authenticate` header of an API: what was wrong, and what the client needs. */
import { formatScope } from '../oauth/scope.ts';

/** What a challenge says. Without `error` it only asks for credentials (RFC 6750 §3.1). */
export interface BearerChallenge {
  readonly error?: 'invalid_request' | 'invalid_token' | 'insufficient_scope' | 'insufficient_user_authentication';
  /** A constant text, such as the description of a refusal. */
  readonly description?: string;
  /** All scopes needed at once, parted by spaces. */
  readonly scope?: string;
  /** How the person must have signed in, parted by spaces (RFC 9470 §3). */
  readonly acrValues?: string;
  /** Seconds since the person signed in at most (RFC 9470 §3). */
  readonly maxAge?: number;
  /** Where the API's metadata lies (RFC 9728 §5.1). */
  readonly resourceMetadata?: string;
}

/**
 * The value of a `WWW-Authenticate` header.
 *
 * @throws {TypeError} when a part has a quote, a backslash or a control character
 * @example bearerChallenge({ error: 'insufficient_scope', scope: 'invoices:read' });
 * @see RFC 6750 §3, RFC 9470 §3
 */
export function bearerChallenge(challenge: BearerChallenge): string {
  const parameters = {
    error: challenge.error,
    error_description: challenge.description,
    scope: challenge.scope === undefined ? undefined : formatScope(challenge.scope.split(' ')),
    acr_values: challenge.acrValues,
    max_age: challenge.maxAge === undefined ? undefined : String(challenge.maxAge),
    resource_metadata: challenge.resourceMetadata,
  };
  const parts: string[] = [];
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    if (!/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/.test(value))
      throw new TypeError(`The ${name} of a challenge cannot be quoted.`);
    parts.push(`${name}="${value}"`);
  }
  return parts.length === 0 ? 'Bearer' : `Bearer ${parts.join(', ')}`;
}
