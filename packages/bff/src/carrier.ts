/**
 * The way of events to the sinks: outcomes and notices from memory within a second, effects from the outbox in which
 * they were committed, at least once.
 *
 * Owns: order, repetition and the bound on what waits. Does not own: what an event says (`journal.ts`).
 */
import type { NonEmpty, RecordedEvent, Sink } from '@castellan/audit';
import type { Runtime } from '@castellan/protocol';
import type { SessionPort } from './session-port.ts';

export interface CarrierDeps {
  readonly sessions: Pick<SessionPort, 'readOutbox' | 'dropFromOutbox'>;
  readonly runtime: Pick<Runtime, 'schedule'>;
  readonly sinks: readonly Sink[];
  /** The event that tells of so many lost ones. */
  readonly tellLoss: (lost: number) => RecordedEvent;
}

export interface Carrier {
  readonly add: (events: NonEmpty<RecordedEvent>) => void;
  /** Something may have been committed to the outbox: look there within a second. */
  readonly wake: () => void;
  readonly close: () => Promise<void>;
}

/** Events lost in a crash are at most this old, in milliseconds. */
const lossWindow = 1000;
/** More than this waiting means that no sink takes anything: the oldest go, and are told of. */
const capacity = 10_000;
/** So many waiting do not wait for the second: or whoever sends requests fast enough pushes out what they did. */
const promptBatch = 500;
const outboxBatch = 100;

interface Waiting {
  events: RecordedEvent[];
  /** How many have gone without being told of yet. */
  lost: number;
}

/** Starts carrying; what an earlier process left in the outbox goes first. */
export function createCarrier(deps: CarrierDeps): Carrier {
  const waiting: Waiting = { events: [], lost: 0 };
  let cancel: (() => void) | undefined;
  let running: Promise<void> = Promise.resolve();
  let isDue = false;
  let isFailing = false;
  const round = async (): Promise<void> => {
    isDue = false;
    const outbox = await attempt(() => drainOutbox(deps));
    // Whatever became of the outbox: in an outage of the store, the sinks still hear what is refused meanwhile.
    const memory = await attempt(() => drainWaiting(waiting, deps));
    isFailing = !memory;
    if (!outbox || !memory) wake();
  };
  const run = (): Promise<void> => {
    cancel?.();
    cancel = undefined;
    // One round at a time, so that nothing is delivered twice by ourselves. A request never waits for it.
    // INVARIANT: one under way and one after it, however many ask: a sink that hangs piles nothing up.
    if (!isDue) running = running.then(round);
    isDue = true;
    return running;
  };
  const wake = (): void => {
    cancel ??= deps.runtime.schedule(lossWindow, () => void run());
  };
  wake();
  return {
    add: (events) => {
      waiting.events.push(...events);
      dropOldest(waiting);
      if (waiting.events.length >= promptBatch && !isDue && !isFailing) void run();
      else wake();
    },
    wake,
    close: async () => {
      await run();
      cancel?.();
      await Promise.allSettled(deps.sinks.map((sink) => sink.close()));
    },
  };
}

/** Whether it worked. What a sink or the store says when it does not is no event: there is nowhere to deliver it. */
async function attempt(delivery: () => Promise<void>): Promise<boolean> {
  try {
    await delivery();
    return true;
  } catch {
    return false;
  }
}

function dropOldest(waiting: Waiting): void {
  const surplus = waiting.events.length - capacity;
  if (surplus <= 0) return;
  waiting.events.splice(0, surplus);
  waiting.lost += surplus;
}

async function drainOutbox({ sessions, sinks }: CarrierDeps): Promise<void> {
  for (;;) {
    const rows = await sessions.readOutbox(outboxBatch);
    if (rows.length === 0) return;
    const events = rows.map(({ event }) => event);
    await deliver(events, sinks);
    // INVARIANT: dropped only after every sink has taken them.
    await sessions.dropFromOutbox(rows.map(({ sequence }) => sequence));
  }
}

async function drainWaiting(waiting: Waiting, { sinks, tellLoss }: CarrierDeps): Promise<void> {
  const { events, lost } = waiting;
  if (events.length === 0) return;
  waiting.events = [];
  try {
    await deliver(lost === 0 ? events : [tellLoss(lost), ...events], sinks);
    waiting.lost -= lost;
  } catch (error) {
    waiting.events = [...events, ...waiting.events];
    dropOldest(waiting);
    throw error;
  }
}

async function deliver(events: readonly RecordedEvent[], sinks: readonly Sink[]): Promise<void> {
  await Promise.all(sinks.map((sink) => sink.deliver(events)));
}
