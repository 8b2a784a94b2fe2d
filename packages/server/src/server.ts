/**
 * The composition root: opens what has to be opened, and takes it apart again.
 *
 * Owns: the order of opening and closing, what runs on a timer. Does not own: which part gets which (`assemble.ts`),
 * which routes there are (`routes.ts`), any rule.
 */
import {
  createRecorder,
  describeFailure,
  type NoticeEvent,
  type RecordedEvent,
  type Recorder,
  recordEvents,
  type Sink,
} from '@castellan/audit';
import { epochSeconds, type HttpAnswer, type Runtime, systemRuntime } from '@castellan/protocol';
import type { Accounts, NewPerson } from './accounts/accounts.ts';
import { createSubjects, type SubjectOf } from './accounts/subject.ts';
import { assemble } from './assemble.ts';
import type { Config, ResolvedConfig } from './config.ts';
import { type EventFlow, startEventFlow } from './events/events.ts';
import type { CarriedRequest, Handle } from './http/handle.ts';
import { withPrivateHosts } from './http/private-hosts.ts';
import { createKeyRing, type KeyRing, type KeyRingDeps } from './keys/key-ring.ts';
import { deriveKey } from './keys/master-key.ts';
import { createLogoutDelivery, type LogoutDelivery } from './logout/logout-delivery.ts';
import { openRegistry, type Registry } from './registry/registry.ts';
import { resolveConfig } from './resolve-config/resolve-config.ts';
import { longestAccessToken } from './resources/resource.ts';
import type { StatusFeed } from './status/status-feed.ts';
import { openStore } from './store/open-store.ts';
import type { Store } from './store/store.ts';
import { createSessionNames, type SessionNames } from './tokens/session-name.ts';

/** An authorization server that answers plain requests; `nodeListener`, `listen` and `fetchHandler` carry them. */
export interface Server {
  readonly issuer: string;
  /** Answers a request; never rejects. */
  readonly handle: (request: CarriedRequest) => Promise<HttpAnswer>;
  readonly accounts: {
    /**
     * Creates a person with a password.
     *
     * @throws {Refusal} `input_invalid`, naming what is wrong
     */
    readonly create: (person: NewPerson) => ReturnType<Accounts['create']>;
  };
  /** Waits for the requests that run, delivers the events that wait, closes store and sinks. */
  readonly close: () => Promise<void>;
}

/**
 * Starts an authorization server: checks the configuration whole, opens the store, makes or opens the signing keys.
 * It opens no port.
 *
 * The server takes the sinks over: it delivers to them until it is closed, and closes them then.
 *
 * @throws {ConfigError} naming every problem of the configuration at once, before anything is opened
 * @throws {Error} when the store cannot be opened, or the master key is not the one it was set up with
 * @example
 * const server = await createServer(config);
 * const listening = await listen(server, { port: 4000 });
 */
export async function createServer(
  config: Config,
  given: Runtime = systemRuntime,
  sinks: readonly Sink[] = [],
): Promise<Server> {
  const resolved = resolveConfig(config);
  const runtime = withPrivateHosts(given, resolved.privateHosts);
  const recorder = createRecorder({ source: resolved.issuer }, runtime);
  const store = await openStore(resolved.store, runtime);
  try {
    const registry = await openRegistry({ foundation: resolved, store, runtime });
    const keys = await openKeys(resolved, { store, recorder, runtime, registry });
    const subjectOf = createSubjects(deriveKey(resolved.masterKey, 'pairwise-subject'));
    const sessionNames = createSessionNames({ masterKey: resolved.masterKey, runtime });
    const logouts: LogoutDelivery = createLogoutDelivery({
      issuer: resolved.issuer,
      store,
      clients: registry.clients,
      refresh: registry.refresh,
      keys,
      subjectOf,
      sessionNames,
      runtime,
      recorder,
      committed: () => events.nudge(),
      record: (event) => events.record(event),
      describe: describeFailure,
    });
    const events: EventFlow = startEventFlow({
      store,
      sinks: [...sinks, logouts.sink],
      runtime,
      tellLoss: (lost) => lossEvent(recorder, lost),
    });
    return run({
      config: resolved,
      runtime,
      recorder,
      store,
      registry,
      keys,
      subjectOf,
      sessionNames,
      logouts,
      events,
    });
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Everything that is open. */
export interface Opened {
  readonly config: ResolvedConfig;
  readonly runtime: Runtime;
  readonly recorder: Recorder;
  readonly store: Store;
  readonly registry: Registry;
  readonly keys: KeyRing;
  readonly subjectOf: SubjectOf;
  readonly sessionNames: SessionNames;
  readonly logouts: LogoutDelivery;
  readonly events: EventFlow;
}

async function openKeys(
  { masterKey }: ResolvedConfig,
  { registry, ...deps }: Pick<Opened, 'store' | 'recorder' | 'runtime' | 'registry'>,
): Promise<KeyRing> {
  const algorithms = async (): ReturnType<KeyRingDeps['algorithms']> => {
    await registry.refresh();
    return registry.algorithms();
  };
  return createKeyRing({ ...deps, masterKey, algorithms, longestToken: longestAccessToken });
}

function run(opened: Opened): Server {
  const { config, events, recorder } = opened;
  const { handle, accounts, statusFeed } = assemble(opened);
  const requests = trackRequests(handle);
  const stopJobs = startJobs(opened);
  let closing: Promise<void> | undefined;
  notice(opened, { type: 'server.started', settings: describeSettings(config) });
  if (config.privateHosts.length > 0) {
    notice(opened, { type: 'insecure.used', choice: `privateHosts ${config.privateHosts.join(' ')}` });
  }
  opened.registry.watch((event) => notice(opened, event));
  return {
    issuer: config.issuer,
    handle: requests.handle,
    accounts: {
      create: async (person) => {
        const correlation = recorder.newCorrelation();
        const created = await accounts.create(person, {
          effects: (...effects) => recordEvents(recorder, correlation, effects),
        });
        events.nudge();
        return created;
      },
    },
    close: () => {
      closing ??= close(opened, { requests, stopJobs, statusFeed });
      return closing;
    },
  };
}

interface Running {
  readonly requests: ReturnType<typeof trackRequests>;
  readonly stopJobs: () => void;
  readonly statusFeed: StatusFeed;
}

async function close({ logouts, events, store }: Opened, { requests, stopJobs, statusFeed }: Running): Promise<void> {
  stopJobs();
  statusFeed.close();
  await requests.settled();
  await logouts.close();
  await events.close();
  await store.close();
}

/** Knows which requests are being answered, so that nothing is closed under them. */
function trackRequests(handle: Handle): { readonly handle: Handle; readonly settled: () => Promise<void> } {
  const running = new Set<Promise<HttpAnswer>>();
  return {
    handle: (request) => {
      const answer = handle(request);
      running.add(answer);
      return answer.finally(() => running.delete(answer));
    },
    settled: async () => {
      await Promise.allSettled(running);
    },
  };
}

/** Name and interval in milliseconds. */
const jobs = [
  ['keys.maintain', 3_600_000],
  // A sealed successor is erased within a minute of the end of its window.
  ['store.purge', 60_000],
  // What was ended by others, and what another node has left.
  ['logouts.deliver', 60_000],
] as const;

function startJobs(opened: Opened): () => void {
  const stops = jobs.map(([name, interval]) => {
    const work = {
      'keys.maintain': () => opened.keys.maintain(),
      'store.purge': () => purge(opened),
      'logouts.deliver': opened.logouts.run,
    }[name];
    return repeat(opened, { name, interval, work });
  });
  return () => {
    for (const stop of stops) stop();
  };
}

async function purge({ store, runtime }: Opened): Promise<void> {
  await store.purge(epochSeconds(runtime));
}

interface Job {
  readonly name: string;
  readonly interval: number;
  readonly work: () => Promise<void>;
}

/** Runs a job again and again, one run at a time; a run that fails is told and tried again. */
function repeat(opened: Opened, job: Job): () => void {
  let isStopped = false;
  let cancel = (): void => {};
  const next = (): void => {
    cancel = opened.runtime.schedule(job.interval, () => {
      void runJob(opened, job).then(() => {
        if (!isStopped) next();
      });
    });
  };
  next();
  return () => {
    isStopped = true;
    cancel();
  };
}

async function runJob(opened: Opened, { name, work }: Job): Promise<void> {
  try {
    await work();
    opened.events.nudge();
  } catch (error) {
    notice(opened, { type: 'failure', where: name, error: describeFailure(error) });
  }
}

function notice({ recorder, events }: Opened, event: NoticeEvent): void {
  events.record(recordEvents(recorder, recorder.newCorrelation(), [event])[0]);
}

function lossEvent(recorder: Recorder, lost: number): RecordedEvent {
  const event = { type: 'failure', where: 'events', error: `${lost} events were lost` } as const;
  return recordEvents(recorder, recorder.newCorrelation(), [event])[0];
}

/** What the first event tells of the configuration: nothing that is secret, or says where a secret lies. */
function describeSettings(config: ResolvedConfig): Readonly<Record<string, string>> {
  return {
    issuer: config.issuer,
    store: 'sqlite' in config.store ? 'sqlite' : 'postgres',
    clients: config.clients.map(({ id }) => id).join(' '),
    resources: config.resources.map(({ audience }) => audience).join(' '),
    ...Object.fromEntries(
      Object.entries(config.lifetimes).map(([name, seconds]) => [`lifetimes.${name}`, `${seconds}`]),
    ),
  };
}
