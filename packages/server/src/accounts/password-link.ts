/**
 * Links by which a person sets a password: for one use, for an hour, the newest one only.
 *
 * Owns: the token of a link, its life, and setting the password by it. Does not own: who gets a link (an administrator
 * hands it over), nor the page (`endpoints/set-password`).
 */
import {
  createPrefixedToken,
  epochSeconds,
  hashSecret,
  parsePrefixedToken,
  type Runtime,
  tokenPrefixes,
} from '@castellan/protocol';
import type { Acting } from '../http/exchange.ts';
import type { PasswordLinkStore } from '../store/password-link-store.ts';
import type { PersonRow } from '../store/store.ts';
import type { PasswordHasher } from './password.ts';
import { passwordProblem } from './password-rules.ts';

/** Seconds. */
const lifetime = 3600;

interface IssueDeps {
  readonly store: Pick<PasswordLinkStore, 'issuePasswordLink'>;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
}

/** The token stands in clear only here, and in the link. */
export interface IssuedLink {
  readonly token: string;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

/** Makes a link; the one before is over, and so is the password of before. A disabled person gets none. */
export async function issuePasswordLink(
  { store, runtime }: IssueDeps,
  person: string,
  acting: Acting,
): Promise<IssuedLink | 'not_allowed'> {
  const token = createPrefixedToken(tokenPrefixes.passwordLink, runtime.randomBytes(32).toString('base64url'));
  const createdAt = epochSeconds(runtime);
  const expiresAt = createdAt + lifetime;
  const verdict = await store.issuePasswordLink(
    { person, tokenHash: hashSecret(token), createdAt, expiresAt },
    acting.effects({ type: 'password.link_issued', person }),
  );
  return verdict === 'issued' ? { token, expiresAt } : verdict;
}

/** The page a link leads to, and the parameter that it names the token with, once. */
export const passwordLinkPath = '/set-password';
export const passwordLinkParameter = 'token';

export function passwordLinkAddress(issuer: string, token: string): string {
  return `${issuer}${passwordLinkPath}?${passwordLinkParameter}=${token}`;
}

export interface PasswordLinks {
  /** Whose link it is; undefined when it is no link, or none any more. */
  readonly find: (token: string) => Promise<PersonRow | undefined>;
  /**
   * Sets the password, uses the link up and ends everything the person had signed in to or allowed.
   *
   * @throws {Refusal} `overloaded`
   */
  readonly use: (
    use: { readonly token: string; readonly password: string },
    acting: Acting,
  ) => Promise<PasswordLinkVerdict>;
}

type PasswordLinkVerdict =
  | { readonly verdict: 'set'; readonly person: string }
  | { readonly verdict: 'link_gone' }
  /** The rest of a sentence that begins with the password. */
  | { readonly verdict: 'refused'; readonly problem: string };

export interface PasswordLinkDeps {
  readonly store: Pick<PasswordLinkStore, 'findPasswordLink' | 'setPassword'>;
  readonly runtime: Pick<Runtime, 'now'>;
  readonly passwords: Pick<PasswordHasher, 'hash'>;
}

export function createPasswordLinks(deps: PasswordLinkDeps): PasswordLinks {
  return {
    find: (token) => findPerson(deps, token),
    use: (use, acting) => useLink(deps, use, acting),
  };
}

async function findPerson({ store, runtime }: PasswordLinkDeps, token: string): Promise<PersonRow | undefined> {
  if (parsePrefixedToken(tokenPrefixes.passwordLink, token) === undefined) return undefined;
  return store.findPasswordLink(hashSecret(token), epochSeconds(runtime));
}

/** INVARIANT: nothing is hashed for who holds no link; and a password that is refused leaves the link as it was. */
async function useLink(
  deps: PasswordLinkDeps,
  { token, password }: { readonly token: string; readonly password: string },
  acting: Acting,
): Promise<PasswordLinkVerdict> {
  const person = await findPerson(deps, token);
  if (person === undefined) return { verdict: 'link_gone' };
  const problem = passwordProblem(password);
  if (problem !== undefined) return { verdict: 'refused', problem };
  const set = {
    person: person.id,
    tokenHash: hashSecret(token),
    passwordHash: await deps.passwords.hash(password),
    now: epochSeconds(deps.runtime),
  };
  const event = { type: 'password.changed', person: person.id } as const;
  const verdict = await deps.store.setPassword(set, acting.effects(event));
  return verdict === 'set' ? { verdict, person: person.id } : { verdict };
}
