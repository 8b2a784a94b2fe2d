/**
 * The composition root of an administrator, beside that of a server: what somebody may do who holds the configuration.
 *
 * It opens the store and nothing else, no port, and signing keys only to change them, so it works beside servers that run on the same
 * database. What it changes is committed with its events, which say that an administrator did it; a running server
 * delivers them within a minute.
 *
 * Owns: opening, closing, and who acts. Does not own: any rule about what may be changed (one file beside this for
 * each noun, and the rooms they use).
 */
import { createRecorder, type Recorder, recordEvents } from '@castellan/audit';
import { type Runtime, systemRuntime } from '@castellan/protocol';
import type { Config, ResolvedConfig } from '../config.ts';
import type { Acting } from '../http/exchange.ts';
import { resolveConfig } from '../resolve-config/resolve-config.ts';
import { openStore } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { administerConsents, type ConsentsAdministration } from './consents.ts';
import { administerKeys, type KeysAdministration } from './keys.ts';
import { administerPeople, type PeopleAdministration } from './people.ts';
import { administerRegistrations, type RegistrationAdministration } from './registrations.ts';
import { administerSessions, type SessionsAdministration } from './sessions.ts';

/** What an administrator may see and change. */
export interface Administration {
  readonly people: PeopleAdministration;
  readonly sessions: SessionsAdministration;
  readonly consents: ConsentsAdministration;
  readonly keys: KeysAdministration;
  readonly clients: RegistrationAdministration;
  /** Registered APIs. */
  readonly resources: RegistrationAdministration;
  /**
   * To be called when the store was put back from a backup, before a server starts on it: every session, authorization,
   * access token and link to set a password of before ends, also what was ended since the backup. Answers the new epoch.
   */
  readonly restored: () => Promise<number>;
  /** Closes the store. */
  readonly close: () => Promise<void>;
}

/** What each noun is built from. */
export interface AdministrationDeps {
  readonly config: ResolvedConfig;
  readonly store: Store;
  readonly runtime: Runtime;
  readonly recorder: Recorder;
  /** Begins one change: its events belong together, and say that an administrator acts. */
  readonly act: () => Acting;
}

/**
 * Opens the store of a configuration for an administrator; whoever holds the configuration is one.
 *
 * @throws {ConfigError} naming every problem of the configuration at once, before anything is opened; or what both it
 *   and the store register
 * @throws {Error} when the store cannot be opened
 * @example
 * const administration = await openAdministration(config);
 * for (const person of await administration.people.list({ after: '', limit: 100 })) console.log(person.loginName);
 * await administration.close();
 */
export async function openAdministration(config: Config, runtime: Runtime = systemRuntime): Promise<Administration> {
  const resolved = resolveConfig(config);
  const recorder = createRecorder({ source: resolved.issuer, actor: 'administrator' }, runtime);
  const store = await openStore(resolved.store, runtime);
  const deps: AdministrationDeps = { config: resolved, store, runtime, recorder, act: () => beginAct(recorder) };
  try {
    return Object.freeze({
      people: administerPeople(deps),
      sessions: administerSessions(deps),
      consents: administerConsents(deps),
      keys: administerKeys(deps),
      ...(await administerRegistrations(deps)),
      restored: () => store.raiseEpoch(deps.act().effects({ type: 'epoch.raised' })),
      close: store.close,
    });
  } catch (error) {
    await store.close();
    throw error;
  }
}

function beginAct(recorder: Recorder): Acting {
  const correlation = recorder.newCorrelation();
  return { effects: (...events) => recordEvents(recorder, correlation, events) };
}
