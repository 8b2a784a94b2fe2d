/**
 * Changing what the store registers.
 *
 * A change is planned from what is registered now, judged beside everything else, and written only if nothing was
 * changed meanwhile; otherwise it is planned again.
 *
 * Owns: what may follow what, and the secrets. Does not own: what a registration must look like (`resolve-config/`).
 */
import type { EffectEvent } from '@castellan/audit';
import { createPrefixedToken, epochSeconds, hashSecret, type Runtime, tokenPrefixes } from '@castellan/protocol';
import type { Acting } from '../http/exchange.ts';
import { isBySecret } from '../resolve-config/credentials.ts';
import { type ConfigProblem, type ProblemList, problemList } from '../resolve-config/problems.ts';
import { clientRegistrationSchema, readPart, resourceRegistrationSchema } from '../resolve-config/schema.ts';
import type {
  RegistrationKind,
  RegistrationRow,
  RegistrationState,
  RegistryStore,
  StoredSecret,
} from '../store/registry-store.ts';
import { type Edition, type Foundation, nextEdition } from './edition.ts';
import type { Registry } from './registry.ts';

/** Whom a change is about: a client by its id, a resource by its audience. */
export type Party = Pick<RegistrationRow, 'kind' | 'id'>;

/** How a change ended; nothing is changed but by `done`. */
export type ChangeVerdict =
  | {
      readonly verdict: 'done';
      /** A new secret. INVARIANT: the only place it is ever in; the store has its hash. */
      readonly secret: string | undefined;
    }
  /** What is wrong with the registration, or would be with another one. */
  | { readonly verdict: 'invalid'; readonly problems: readonly ConfigProblem[] }
  | {
      readonly verdict:
        | 'unknown'
        /** It stands in the configuration, and is changed there. */
        | 'configured'
        | 'already_there'
        /** Which is final. */
        | 'removed'
        | 'unchanged'
        /** It proves itself by something else, or not at all. */
        | 'has_no_secret'
        | 'has_one_secret'
        | 'has_two_secrets';
    };

export interface ChangeDeps {
  readonly foundation: Foundation;
  /** One that is exact. */
  readonly registry: Pick<Registry, 'refresh' | 'edition'>;
  readonly store: Pick<RegistryStore, 'writeRegistration'>;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
  /** Begins one change; its events belong together. */
  readonly act: () => Acting;
}

/** What is to be written. */
interface Plan {
  readonly row: Omit<RegistrationRow, 'revision'>;
  readonly event: EffectEvent;
  readonly secret?: string | undefined;
  /** Absent for what only takes away: that is possible whatever else is wrong with it. */
  readonly judged?: true;
}

type Planning = Plan | Exclude<ChangeVerdict, { readonly verdict: 'done' }>;

/** More than administrators work at the same moment. */
const attempts = 20;

/** Registers a client or a resource, and draws its first secret if it proves itself by one. */
export async function addRegistration(
  deps: ChangeDeps,
  { kind, registration }: Pick<RegistrationRow, 'kind'> & { readonly registration: unknown },
): Promise<ChangeVerdict> {
  const read = readRegistration(kind, registration);
  if ('verdict' in read) return read;
  const party = { kind, id: read.id };
  return change(deps, party, (known) => {
    if (known !== undefined) return { verdict: known.state === 'removed' ? 'removed' : 'already_there' };
    const now = epochSeconds(deps.runtime);
    const { caller, registration: given } = read;
    const { secrets, secret } = secretsFor(deps, read, []);
    const row = {
      ...party,
      caller,
      registration: given,
      secrets,
      state: 'active',
      createdAt: now,
      changedAt: now,
    } as const;
    return { row, event: tell(party, 'added'), judged: true, secret };
  });
}

/** Replaces a registration whole. Its secrets stay good as long as it proves itself by one; a first one is drawn. */
export async function changeRegistration(
  deps: ChangeDeps,
  { party, registration }: { readonly party: Party; readonly registration: unknown },
): Promise<ChangeVerdict> {
  const read = readRegistration(party.kind, registration);
  if ('verdict' in read) return read;
  return changeKnown(deps, party, (row) => {
    const problem = identityProblem(row, read);
    if (problem !== undefined) return { verdict: 'invalid', problems: [problem] };
    const changes = changedKeys(row.registration, read.registration);
    if (changes.length === 0) return { verdict: 'unchanged' };
    const { secrets, secret } = secretsFor(deps, read, row.secrets);
    const caller = read.caller ?? row.caller;
    const changed = { ...row, caller, registration: read.registration, secrets };
    return { row: changed, event: tellChanges(party, changes), judged: true, secret };
  });
}

/** Switches a party off, on again, or off for ever. */
export function setRegistrationState(
  deps: ChangeDeps,
  { party, state }: { readonly party: Party; readonly state: RegistrationState },
): Promise<ChangeVerdict> {
  return changeKnown(deps, party, (row) => {
    if (row.state === state) return { verdict: 'unchanged' };
    if (state === 'active') return { row: { ...row, state }, event: tell(party, 'enabled'), judged: true };
    if (state === 'disabled') return { row: { ...row, state }, event: tell(party, 'disabled') };
    return { row: { ...row, state, secrets: [] }, event: tell(party, 'removed') };
  });
}

/** Draws a second secret; both are good until the older one is ended. */
export function rotateSecret(deps: ChangeDeps, party: Party): Promise<ChangeVerdict> {
  return changeKnown(deps, party, (row) => {
    if (row.secrets.length === 0) return { verdict: 'has_no_secret' };
    if (row.secrets.length > 1) return { verdict: 'has_two_secrets' };
    const { stored, text } = drawSecret(deps);
    return { row: { ...row, secrets: [...row.secrets, stored] }, event: tell(party, 'secret_rotated'), secret: text };
  });
}

/** Ends the older of two secrets. */
export function dropOldSecret(deps: ChangeDeps, party: Party): Promise<ChangeVerdict> {
  return changeKnown(deps, party, (row) => {
    if (row.secrets.length === 0) return { verdict: 'has_no_secret' };
    if (row.secrets.length === 1) return { verdict: 'has_one_secret' };
    return { row: { ...row, secrets: row.secrets.slice(1) }, event: tell(party, 'secret_ended') };
  });
}

/** {@link change} of somebody who is registered; what is removed stays so. */
function changeKnown(deps: ChangeDeps, party: Party, plan: (row: RegistrationRow) => Planning): Promise<ChangeVerdict> {
  return change(deps, party, (row) => {
    if (row === undefined || row.state === 'removed') return { verdict: row === undefined ? 'unknown' : 'removed' };
    const planned = plan(row);
    return 'verdict' in planned
      ? planned
      : { ...planned, row: { ...planned.row, changedAt: epochSeconds(deps.runtime) } };
  });
}

async function change(
  deps: ChangeDeps,
  party: Party,
  plan: (row: RegistrationRow | undefined) => Planning,
): Promise<ChangeVerdict> {
  const { foundation, registry, store } = deps;
  if (isConfigured(foundation, party)) return { verdict: 'configured' };
  const { effects } = deps.act();
  for (let tries = 1; tries <= attempts; tries += 1) {
    await registry.refresh();
    const edition = registry.edition();
    const planned = plan(edition.entries[party.kind].get(party.id)?.row);
    if ('verdict' in planned) return planned;
    const problems = problemsOf(foundation, edition, planned);
    if (problems.length > 0) return { verdict: 'invalid', problems };
    const written = await store.writeRegistration(
      { row: planned.row, expected: edition.revision },
      effects(planned.event),
    );
    if (written === 'written') return { verdict: 'done', secret: planned.secret };
  }
  throw new Error('the registry is changed all the time by others');
}

function isConfigured({ clients, resources }: Foundation, { kind, id }: Party): boolean {
  return kind === 'client'
    ? clients.some((client) => client.id === id)
    : resources.some(({ audience }) => audience === id);
}

/** What would be wrong if it were made: with itself, and with those that hold now and would not any more. */
function problemsOf(foundation: Foundation, edition: Edition, { row, judged }: Plan): readonly ConfigProblem[] {
  const next = nextEdition(foundation, edition, [{ ...row, revision: edition.revision + 1 }]);
  const own = judged === true ? (next.entries[row.kind].get(row.id)?.problems ?? []) : [];
  const broken = (['resource', 'client'] as const).flatMap((kind) =>
    [...next.entries[kind].values()].flatMap(({ row: { id }, problems }) => {
      const held = id !== row.id && edition.entries[kind].get(id)?.party !== undefined;
      return held ? problems.map((problem) => ({ ...problem, key: `${kind} ${id}: ${problem.key}` })) : [];
    }),
  );
  return [...own, ...broken];
}

interface ReadRegistration {
  readonly id: string;
  readonly caller: string | undefined;
  readonly isBySecret: boolean;
  readonly registration: RegistrationRow['registration'];
}

/** Only so far that it is known whom it is about; what else is wrong with it is told when it is judged. */
function readRegistration(
  kind: RegistrationKind,
  value: unknown,
): ReadRegistration | { readonly verdict: 'invalid'; readonly problems: readonly ConfigProblem[] } {
  const problems = problemList();
  const read = kind === 'client' ? readClient(value, problems) : readResource(value, problems);
  if (read === undefined) return { verdict: 'invalid', problems: problems.all() };
  // As JSON, so that what is judged now is what will be read.
  return { ...read, registration: JSON.parse(JSON.stringify(value)) as RegistrationRow['registration'] };
}

type Identity = Omit<ReadRegistration, 'registration'>;

function readClient(value: unknown, problems: ProblemList): Identity | undefined {
  const shape = readPart({ key: '', schema: clientRegistrationSchema, value }, problems);
  return shape && { id: shape.id, caller: shape.id, isBySecret: isBySecret(shape) };
}

function readResource(value: unknown, problems: ProblemList): Identity | undefined {
  const shape = readPart({ key: '', schema: resourceRegistrationSchema, value }, problems);
  const { credentials } = shape ?? {};
  return (
    shape && {
      id: shape.audience,
      caller: credentials?.id,
      isBySecret: credentials !== undefined && isBySecret(credentials),
    }
  );
}

/** Ids are for ever: tokens, consents and assertions that were used name them. */
function identityProblem(row: RegistrationRow, read: ReadRegistration): ConfigProblem | undefined {
  const describe = (key: string, found: string, allowed: string): ConfigProblem => ({
    key,
    found: JSON.stringify(found),
    allowed: `${JSON.stringify(allowed)}, which never changes`,
  });
  if (read.id !== row.id) return describe(row.kind === 'client' ? 'id' : 'audience', read.id, row.id);
  if (read.caller === undefined || row.caller === undefined || read.caller === row.caller) return undefined;
  return describe('credentials.id', read.caller, row.caller);
}

function changedKeys(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key])).sort();
}

function secretsFor(
  deps: ChangeDeps,
  read: ReadRegistration,
  live: readonly StoredSecret[],
): { readonly secrets: readonly StoredSecret[]; readonly secret: string | undefined } {
  if (!read.isBySecret) return { secrets: [], secret: undefined };
  if (live.length > 0) return { secrets: live, secret: undefined };
  const { stored, text } = drawSecret(deps);
  return { secrets: [stored], secret: text };
}

/** 256 random bits, in the form that scanners know. */
function drawSecret({ runtime }: ChangeDeps): { readonly text: string; readonly stored: StoredSecret } {
  const text = createPrefixedToken(tokenPrefixes.clientSecret, runtime.randomBytes(32).toString('base64url'));
  return { text, stored: { hash: hashSecret(text), createdAt: epochSeconds(runtime) } };
}

type Step = 'added' | 'disabled' | 'enabled' | 'removed' | 'secret_rotated' | 'secret_ended';

function tell({ kind, id }: Party, step: Step): EffectEvent {
  return kind === 'client' ? { type: `client.${step}`, client: id } : { type: `resource.${step}`, resource: id };
}

function tellChanges({ kind, id }: Party, changes: readonly string[]): EffectEvent {
  return kind === 'client'
    ? { type: 'client.changed', client: id, changes }
    : { type: 'resource.changed', resource: id, changes };
}
