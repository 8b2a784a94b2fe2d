/** Rows and events for the suite: valid ones, of which a test changes what it is about. */
import assert from 'node:assert/strict';
import type { EffectEvent, RecordedEffects } from '@castellan/audit';
import type {
  AccessTokenGround,
  AuthorizationRow,
  CodeRow,
  ParkedRequestRow,
  PersonRow,
  PresentedRefresh,
  RefreshFamilyRow,
  SessionRow,
  Store,
} from '../store.ts';

/** The time at which the rows below are made. */
export const start = 1_800_000_000;

let count = 0;

/** An id that no other row of this run has. */
export function newId(kind: string): string {
  count += 1;
  return `${kind}-${count}`;
}

/** A status index that no other row of this run has. */
export function newIndex(): number {
  count += 1;
  return count;
}

const envelope = { version: 1, time: '2027-01-15T08:00:00.000Z', correlation: 'conformance', source: 'test' } as const;

/** Events told apart by the word `label`, which stands where a client's id would. */
export function effects(label: string): RecordedEffects {
  return [effect({ type: 'code.redeemed', authorization: 'some', client: label })];
}

export function effect(event: EffectEvent): RecordedEffects[0] {
  return { id: newId('event'), ...envelope, ...event };
}

/** What waits in the outbox, as the labels of {@link effects}; events the store made itself by their type. */
export async function recorded(store: Store): Promise<readonly string[]> {
  const waiting = await store.readOutbox(1000);
  return waiting.map(({ event }) => (event.type === 'code.redeemed' ? event.client : event.type));
}

export async function assertRecorded(store: Store, ...labels: readonly string[]): Promise<void> {
  assert.deepEqual(await recorded(store), labels);
}

/** Forgets what the preparation of a test has recorded. */
export async function emptyOutbox(store: Store): Promise<void> {
  await store.dropFromOutbox((await store.readOutbox(1000)).map(({ sequence }) => sequence));
}

export function personRow(change: Partial<PersonRow> = {}): PersonRow & { readonly passwordHash: string } {
  const id = newId('person');
  return {
    id,
    loginName: `${id}@example.org`,
    passwordHash: '$argon2id$first',
    state: 'active',
    signInEpoch: 0,
    profile: { name: 'Änne «Ann» O’Neill', emailVerified: true },
    createdAt: start,
    ...change,
  } as PersonRow & { readonly passwordHash: string };
}

export function sessionRow(person: string, change: Partial<SessionRow> = {}): SessionRow {
  const id = newId('session');
  return {
    id,
    secretHash: `hash-of-${id}`,
    person,
    authTime: start,
    acr: 'urn:example:password',
    amr: ['pwd'],
    createdAt: start,
    idleExpiresAt: start + 3600,
    absoluteExpiresAt: start + 86_400,
    endedAt: undefined,
    ...change,
  };
}

export function parkedRow(change: Partial<ParkedRequestRow> = {}): ParkedRequestRow {
  return {
    idHash: newId('parked'),
    browserHash: 'hash-of-browser',
    client: 'web',
    request: '{"scope":"openid"}',
    createdAt: start,
    expiresAt: start + 900,
    session: undefined,
    consentedAt: undefined,
    deniedAt: undefined,
    ...change,
  };
}

export function authorizationRow(change: Partial<AuthorizationRow> = {}): AuthorizationRow {
  return {
    id: newId('authorization'),
    client: 'web',
    person: undefined,
    session: undefined,
    scopes: ['openid', 'invoices:read'],
    resources: ['https://issuer.example', 'https://api.example'],
    claims: undefined,
    authTime: start,
    acr: 'urn:example:password',
    amr: ['pwd'],
    cnf: undefined,
    sector: undefined,
    epoch: 1,
    offline: false,
    createdAt: start,
    revokedAt: undefined,
    statusIndex: newIndex(),
    ...change,
  };
}

export function codeRow(authorization: string, change: Partial<CodeRow> = {}): CodeRow {
  return {
    codeHash: newId('code'),
    authorization,
    client: 'web',
    redirectUri: 'https://web.example/callback',
    codeChallenge: 'challenge',
    nonce: 'nonce',
    createdAt: start,
    expiresAt: start + 60,
    redeemedAt: undefined,
    ...change,
  };
}

export function familyRow(authorization: string, change: Partial<RefreshFamilyRow> = {}): RefreshFamilyRow {
  const id = newId('family');
  return {
    id,
    authorization,
    client: 'web',
    generation: 1,
    currentHash: tokenHash(id, 1),
    sealedSuccessor: undefined,
    retryUntil: undefined,
    retries: 0,
    idleExpiresAt: start + 14 * 86_400,
    absoluteExpiresAt: start + 30 * 86_400,
    createdAt: start,
    ...change,
  };
}

/** What a test's client would present, hashed; `of` tells successors apart that several nodes make at once. */
export function tokenHash(family: string, generation: number, of = ''): string {
  return `hash-of-${family}.${generation}${of}`;
}

/** The presentation of a generation as made, by the node `of`, at `start + 10`, with a window of 10 seconds. */
export function presentedRow(
  family: string,
  generation: number,
  change: Partial<PresentedRefresh> = {},
): PresentedRefresh {
  return {
    family,
    generation,
    presentedHash: tokenHash(family, generation),
    successorHash: tokenHash(family, generation + 1),
    sealedSuccessor: `sealed-${family}.${generation + 1}`,
    retryWindow: 10,
    retryLimit: 5,
    idleExpiresAt: start + 10 + 14 * 86_400,
    now: start + 10,
    ...change,
  };
}

export async function createPerson(store: Store): Promise<ReturnType<typeof personRow>> {
  const person = personRow();
  await store.createPerson(person, effects('person'));
  return person;
}

/** The start of a session of a person whose sessions were never ended all at once. */
export function startOf(
  session: SessionRow,
  change: Partial<Parameters<Store['startSession']>[0]> = {},
): Parameters<Store['startSession']>[0] {
  return { session, signInEpoch: 0, replaces: undefined, parked: undefined, now: start, ...change };
}

/** A person, signed in. */
export async function signIn(store: Store, change: Partial<SessionRow> = {}): Promise<SessionRow> {
  const person = change.person ?? (await createPerson(store)).id;
  const session = sessionRow(person, change);
  await store.startSession(startOf(session), effects('session'));
  return session;
}

/** An authorization with a code that was not redeemed yet. */
export async function authorize(
  store: Store,
  change: Partial<AuthorizationRow> = {},
): Promise<{ readonly authorization: AuthorizationRow; readonly code: CodeRow }> {
  const authorization = authorizationRow(change);
  const code = codeRow(authorization.id);
  await store.createAuthorization({ authorization, code, parked: undefined, relied: [] }, effects('granted'));
  return { authorization, code };
}

/** A refresh family in its first generation; the outbox is empty afterwards. */
export async function startFamily(
  store: Store,
  change: Partial<RefreshFamilyRow> = {},
  authorizationChange: Partial<AuthorizationRow> = {},
): Promise<RefreshFamilyRow> {
  const { authorization, code } = await authorize(store, authorizationChange);
  const family = familyRow(authorization.id, change);
  await store.redeemCode({ codeHash: code.codeHash, family, now: start }, redemptionEvents);
  await emptyOutbox(store);
  return family;
}

export const redemptionEvents: Parameters<Store['redeemCode']>[1] = {
  redeemed: effects('redeemed'),
  replayed: effects('replayed'),
};

export const refreshEvents: Parameters<Store['presentRefresh']>[1] = {
  rotated: effects('rotated'),
  retried: effects('retried'),
  reused: effects('reused'),
};

/** Runs the same on both nodes in turn, all at once. */
export function atOnce<T>(
  stores: { readonly first: Store; readonly second: Store },
  times: number,
  work: (store: Store, index: number) => Promise<T>,
): Promise<readonly T[]> {
  return Promise.all(
    Array.from({ length: times }, (_, index) => work(index % 2 === 0 ? stores.first : stores.second, index)),
  );
}

export function tally(verdicts: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const verdict of verdicts) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return counts;
}

/** What a client got for itself: the ground of its tokens for one resource. */
export async function startService(store: Store, client: string = newId('client')): Promise<AccessTokenGround> {
  const service = { client, resource: 'https://api.example' };
  const status = await store.startServiceStatus(service, newIndex());
  assert.ok(status !== undefined);
  return { ...service, ...status, authorization: undefined };
}
