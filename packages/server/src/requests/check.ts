/** Checks an authorization request whole, before anybody is asked anything. */

/** An authorization request that may be granted if the person agrees. Parked as JSON, so plain data only. */
export interface CheckedRequest {
  readonly client: string;
  /** As sent; it fits a registered one. */
  readonly redirectUri: string;
  readonly responseMode: 'query';
  readonly state?: string;
  readonly scopes: readonly string[];
  /** Audiences: those named, or the client's default; with `openid` the issuer as well. */
  readonly resources: readonly string[];
  readonly codeChallenge: string;
  readonly nonce?: string;
  readonly prompt: readonly Prompt[];
  /** Seconds. */
  readonly maxAge?: number;
  readonly loginHint?: string;
  /** The subject of a verified `id_token_hint`. */
  readonly hintedPerson?: string;
}

export type Prompt = 'none' | 'login' | 'consent' | 'select_account';
