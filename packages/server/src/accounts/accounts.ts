/**
 * People and how they prove themselves.
 *
 * Owns: creating an account and signing in: canonical login names, passwords, their limits. Links to set a password
 * (`password-link.ts`), and what an administrator changes of a person (`person.ts`).
 * Does not own: sessions, nor what a signed-in person may allow.
 */
import { type Runtime, refuse } from '@castellan/protocol';
import type { Acting, Exchange } from '../http/exchange.ts';
import type { Profile } from '../store/profile.ts';
import type { PersonRow, PersonStore } from '../store/store.ts';
import { type AttemptLimitDeps, type AttemptLimits, createAttemptLimits } from './attempt-limits.ts';
import { canonicalLoginName } from './login-name.ts';
import type { PasswordHasher } from './password.ts';
import { passwordProblem } from './password-rules.ts';
import { addPerson } from './person.ts';

export interface Accounts {
  /**
   * Creates a person with a password.
   *
   * @throws {Refusal} `input_invalid`, naming what is wrong with login name or password; `overloaded`
   */
  readonly create: (person: NewPerson, acting: Acting) => Promise<{ readonly id: string } | 'login_taken'>;
  /**
   * Proves a person by password. Every failure looks alike but for the limits, which count for unknown names too.
   *
   * @throws {Refusal} `overloaded`
   */
  readonly signIn: (attempt: SignInAttempt, exchange: Exchange) => Promise<SignInVerdict>;
}

export interface NewPerson {
  readonly loginName: string;
  readonly password: string;
  readonly profile: Profile;
}

interface SignInAttempt {
  readonly loginName: string;
  readonly password: string;
  /** The client address after trusted proxies. */
  readonly address: string;
}

export type SignInVerdict =
  | { readonly verdict: 'signed_in'; readonly person: PersonRow }
  | { readonly verdict: 'refused' }
  | { readonly verdict: 'rate_limited'; readonly retryAfter: number };

export interface AccountDeps extends AttemptLimitDeps {
  readonly store: PersonStore;
  readonly runtime: Pick<Runtime, 'now' | 'monotonic' | 'randomBytes'>;
  readonly passwords: PasswordHasher;
}

/** The accounts of one server. */
export function createAccounts(deps: AccountDeps): Accounts {
  const attempts = createAttemptLimits(deps);
  return {
    create: (person, acting) => createPerson(deps, person, acting),
    signIn: (attempt, exchange) => signIn({ ...deps, attempts }, attempt, exchange),
  };
}

async function createPerson(
  deps: AccountDeps,
  person: NewPerson,
  acting: Acting,
): Promise<{ readonly id: string } | 'login_taken'> {
  const loginName = canonicalLoginName(person.loginName);
  const passwordMessage = passwordProblem(person.password);
  const problems = [
    ...(loginName === undefined ? [{ path: 'loginName', message: 'is not a login name' }] : []),
    ...(passwordMessage === undefined ? [] : [{ path: 'password', message: passwordMessage }]),
  ];
  if (loginName === undefined || problems.length > 0) return refuse('input_invalid', { problems });
  const passwordHash = await deps.passwords.hash(person.password);
  return addPerson(deps, { loginName, profile: person.profile, passwordHash }, acting);
}

type SignInDeps = AccountDeps & { readonly attempts: AttemptLimits };

async function signIn(deps: SignInDeps, attempt: SignInAttempt, exchange: Exchange): Promise<SignInVerdict> {
  const { address } = attempt;
  const loginName = canonicalLoginName(attempt.loginName);
  const retryAfter = await deps.attempts.take(loginName, address);
  if (retryAfter !== undefined) {
    exchange.notice({ type: 'sign_in.failed', person: undefined, address, reason: 'rate_limited' });
    return { verdict: 'rate_limited', retryAfter };
  }
  const person = loginName === undefined ? undefined : await deps.store.findPersonByLogin(loginName);
  // INVARIANT: an unknown person costs a hash too, and state is looked at only after it: time tells nothing.
  const fits = await deps.passwords.verify(attempt.password, person?.passwordHash);
  const failure = failureOf(person, fits);
  if (failure !== undefined || person === undefined) {
    const reason = failure ?? 'unknown_login';
    exchange.notice({ type: 'sign_in.failed', person: person?.id, address, reason });
    return { verdict: 'refused' };
  }
  if (fits === 'outdated') await rehash(deps, { person, password: attempt.password }, exchange);
  deps.attempts.remember(person.loginName, address);
  exchange.identify({ person: person.id });
  exchange.notice({ type: 'sign_in.succeeded', person: person.id, address });
  return { verdict: 'signed_in', person };
}

/** Known here already; whoever loses their state after this is not let in where the session is written. */
function failureOf(
  person: PersonRow | undefined,
  fits: 'right' | 'outdated' | 'wrong',
): 'unknown_login' | 'wrong_password' | 'not_active' | undefined {
  if (person === undefined) return 'unknown_login';
  if (fits === 'wrong') return 'wrong_password';
  return person.state === 'active' ? undefined : 'not_active';
}

async function rehash(
  deps: AccountDeps,
  known: { readonly person: PersonRow; readonly password: string },
  exchange: Exchange,
): Promise<void> {
  const { person, password } = known;
  const change = {
    person: person.id,
    previousHash: person.passwordHash ?? '',
    passwordHash: await deps.passwords.hash(password),
  };
  await deps.store.rehashPassword(change, exchange.effects({ type: 'password.rehashed', person: person.id }));
}
