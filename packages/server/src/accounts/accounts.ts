/**
 * People and how they prove themselves.
 *
 * Owns: creating an account and signing in: canonical login names, passwords, their limits, and the one place where a
 * person's state is checked at sign-in.
 * Does not own: sessions, nor what a signed-in person may allow.
 */
import type { Exchange } from '../http/exchange.ts';
import type { PersonRow, Profile } from '../store/store.ts';

export interface Accounts {
  /**
   * Creates a person with a password.
   *
   * @throws {Refusal} `input_invalid`, naming what is wrong with login name or password
   */
  readonly create: (person: NewPerson, correlation: string) => Promise<{ readonly id: string } | 'login_taken'>;
  /** Every failure looks alike but for the rate limit, which is told for unknown login names too. */
  readonly signIn: (attempt: SignInAttempt, exchange: Exchange) => Promise<SignInVerdict>;
}

export interface NewPerson {
  readonly loginName: string;
  readonly password: string;
  readonly profile: Profile;
}

export interface SignInAttempt {
  readonly loginName: string;
  readonly password: string;
  /** The client address after trusted proxies. */
  readonly address: string;
}

export type SignInVerdict =
  | { readonly verdict: 'signed_in'; readonly person: PersonRow }
  | { readonly verdict: 'refused' }
  | { readonly verdict: 'rate_limited'; readonly retryAfter: number };
