/**
 * Telling clients that sessions have ended (OpenID Connect Back-Channel Logout).
 *
 * What is to be told lies in the store since the commit that ended the session, so a crash loses none. Whichever node
 * comes first takes a notice up, for longer than a call lasts; when it dies, another one tries again.
 *
 * Owns: when clients are called, how often, how many at once. Does not own: which sessions end (`store/`), what a
 * logout token says (`tokens/`), where a call may go (`protocol/`).
 */
import { type EffectEvent, type RecordedEvent, type Recorder, recordEvents, type Sink } from '@castellan/audit';
import { epochSeconds, fetchBounded, type Runtime } from '@castellan/protocol';
import type { Client, ClientDirectory } from '../clients/client.ts';
import type { HeldNotice, LogoutNoticeRow, LogoutStore } from '../store/logout-store.ts';
import { issueLogoutToken, type LogoutTokenDeps } from '../tokens/logout-token.ts';

export interface LogoutDelivery {
  /** Something may be due: look soon. */
  readonly nudge: () => void;
  /** Looks, and resolves when nothing is under way here; for a timer, which also finds what other nodes left. */
  readonly run: () => Promise<void>;
  /** Hears of sessions that end, whoever ended them. */
  readonly sink: Sink;
  /** Takes nothing up any more, and waits for the calls that run. */
  readonly close: () => Promise<void>;
}

export interface LogoutDeliveryDeps extends LogoutTokenDeps {
  readonly store: LogoutStore;
  readonly clients: ClientDirectory;
  /** Brings the clients up to date. */
  readonly refresh: () => Promise<void>;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes' | 'schedule' | 'fetch' | 'fetchUntrusted'>;
  readonly recorder: Recorder;
  /** Something was committed to the outbox. */
  readonly committed: () => void;
  /** Takes an event that changes no authority. */
  readonly record: (event: RecordedEvent) => void;
  /** The names an error may be told by. */
  readonly describe: (error: unknown) => string;
}

/** Seconds that a call may last. */
const longestCall = 5;
/** Seconds for which a notice is ours: longer than a call and all around it. */
const heldFor = 60;
/** Seconds between the tries: six of them within a quarter of an hour. */
export const pauses: readonly number[] = [10, 30, 90, 240, 480];
/** Calls at once, and of those to one client: one that is slow keeps nobody else waiting. */
const mostCalls = 16;
const mostCallsEach = 2;

interface Delivery {
  readonly deps: LogoutDeliveryDeps;
  readonly calls: Set<Promise<void>>;
  readonly callsTo: Map<string, number>;
  readonly timers: Set<() => void>;
  looking: Promise<void> | undefined;
  isNudged: boolean;
  isClosed: boolean;
}

export function createLogoutDelivery(deps: LogoutDeliveryDeps): LogoutDelivery {
  const delivery: Delivery = {
    deps,
    calls: new Set(),
    callsTo: new Map(),
    timers: new Set(),
    looking: undefined,
    isNudged: false,
    isClosed: false,
  };
  return {
    nudge: () => void look(delivery),
    run: async () => {
      await look(delivery);
      await settled(delivery);
    },
    sink: {
      deliver: async (events) => {
        if (events.some(({ type }) => type === 'session.ended')) void look(delivery);
      },
      close: async () => undefined,
    },
    close: async () => {
      delivery.isClosed = true;
      for (const cancel of delivery.timers) cancel();
      await settled(delivery);
    },
  };
}

async function settled(delivery: Delivery): Promise<void> {
  while (delivery.looking !== undefined || delivery.calls.size > 0) {
    await Promise.all([delivery.looking, ...delivery.calls]);
  }
}

/** One look at a time; a nudge during one makes it look again. Never rejects. */
function look(delivery: Delivery): Promise<void> {
  delivery.isNudged = true;
  delivery.looking ??= lookWhileNudged(delivery).finally(() => {
    delivery.looking = undefined;
  });
  return delivery.looking;
}

async function lookWhileNudged(delivery: Delivery): Promise<void> {
  const { deps } = delivery;
  while (delivery.isNudged && !delivery.isClosed) {
    delivery.isNudged = false;
    try {
      const due = { now: epochSeconds(deps.runtime), limit: mostCalls, each: mostCallsEach };
      const notices = await deps.store.dueLogouts(due);
      if (notices.length > 0) await deps.refresh();
      for (const notice of notices) if (hasRoom(delivery, notice)) start(delivery, notice);
    } catch (error) {
      tellFailure(deps, error);
    }
  }
}

function hasRoom({ calls, callsTo }: Delivery, { client }: LogoutNoticeRow): boolean {
  return calls.size < mostCalls && (callsTo.get(client) ?? 0) < mostCallsEach;
}

function start(delivery: Delivery, notice: LogoutNoticeRow): void {
  const { calls, callsTo } = delivery;
  const count = (by: number): void => void callsTo.set(notice.client, (callsTo.get(notice.client) ?? 0) + by);
  count(1);
  const call = takeUp(delivery, notice).then((isDone) => {
    count(-1);
    if (callsTo.get(notice.client) === 0) callsTo.delete(notice.client);
    calls.delete(call);
    // Whatever waited for the place. After a failure of the store that would be asking without a pause.
    if (isDone) void look(delivery);
  });
  calls.add(call);
}

/** Whether the store could be asked; never rejects. */
async function takeUp(delivery: Delivery, notice: LogoutNoticeRow): Promise<boolean> {
  const { deps } = delivery;
  try {
    const now = epochSeconds(deps.runtime);
    // INVARIANT: of several nodes one holds it, and only who holds it calls.
    if ((await deps.store.holdLogout({ ...notice, now, until: now + heldFor })) === 'held') {
      await deliver(delivery, { ...notice, attempts: notice.attempts + 1 });
    }
    return true;
  } catch (error) {
    tellFailure(deps, error);
    return false;
  }
}

async function deliver(delivery: Delivery, notice: LogoutNoticeRow): Promise<void> {
  const { deps } = delivery;
  const client = deps.clients.find(notice.client);
  if (client?.backchannelLogoutUri === undefined) {
    await deps.store.finishLogout(notice, undefined);
    return;
  }
  const problem = await call(deps, { client, uri: client.backchannelLogoutUri, notice });
  const about = { client: notice.client, session: notice.session, attempts: notice.attempts } as const;
  if (problem === undefined) return finish(deps, notice, { type: 'logout.delivered', ...about });
  const pause = pauses[notice.attempts - 1];
  if (pause === undefined) return finish(deps, notice, { type: 'logout.abandoned', ...about, reason: problem });
  await deps.store.postponeLogout({ ...notice, until: epochSeconds(deps.runtime) + pause });
  tryAgain(delivery, pause);
}

function tellFailure({ record, recorder, describe }: LogoutDeliveryDeps, error: unknown): void {
  const event = { type: 'failure', where: 'logout', error: describe(error) } as const;
  record(recordEvents(recorder, 'logout', [event])[0]);
}

interface Call {
  readonly client: Client;
  readonly uri: string;
  readonly notice: LogoutNoticeRow;
}

/**
 * What was wrong with the answer, or that there was none: a constant text. Some frameworks make an empty 200 a 204.
 *
 * INVARIANT: an https address is called as an address of a stranger. http is registered for loopback hosts at
 * loopback issuers only, so it is a developer's own machine.
 *
 * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#BCResponse
 */
async function call(deps: LogoutDeliveryDeps, { client, uri, notice }: Call): Promise<string | undefined> {
  const token = await issueLogoutToken(deps, client, notice);
  const { schedule, fetch, fetchUntrusted } = deps.runtime;
  const { problem } = await fetchBounded({
    url: uri,
    accept: '*/*',
    form: new URLSearchParams({ logout_token: token }).toString(),
    statuses: [200, 204],
    timeout: longestCall,
    maximumBytes: 262_144,
    runtime: { schedule, fetch: uri.startsWith('https:') ? fetchUntrusted : fetch },
  });
  return problem;
}

async function finish(deps: LogoutDeliveryDeps, held: HeldNotice, event: EffectEvent): Promise<void> {
  await deps.store.finishLogout(held, recordEvents(deps.recorder, `logout-${held.sequence}`, [event]));
  deps.committed();
}

function tryAgain(delivery: Delivery, pause: number): void {
  if (delivery.isClosed) return;
  const cancel = delivery.deps.runtime.schedule(pause * 1000, () => {
    delivery.timers.delete(cancel);
    void look(delivery);
  });
  delivery.timers.add(cancel);
}
