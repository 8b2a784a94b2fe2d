/**
 * The way of events to the sinks.
 *
 * Effects lie in the outbox, committed with what they tell of, and are dropped from it once every sink has them:
 * delivery at least once. Everything else waits in memory for at most a second: a crash may lose that second. Sinks that
 * stay down, or cannot keep up, lose the oldest of what waits, and are told how many once they take events again.
 *
 * Owns: when events are delivered, and again after a failure. Does not own: what an event is (`audit`), where it goes
 * (the sinks).
 */
import type { RecordedEvent, Sink } from '@castellan/audit';
import type { Runtime } from '@castellan/protocol';
import type { Outbox } from '../store/store.ts';

export interface EventFlow {
  /** Takes an event that changes no authority. */
  readonly record: (event: RecordedEvent) => void;
  /** Something may have been committed to the outbox: look there soon. */
  readonly nudge: () => void;
  /** Delivers what is there; resolves when it was tried. */
  readonly flush: () => Promise<void>;
  /** Delivers for the last time, and closes the sinks. */
  readonly close: () => Promise<void>;
}

export interface EventFlowDeps {
  readonly store: Outbox;
  readonly sinks: readonly Sink[];
  readonly runtime: Pick<Runtime, 'schedule' | 'monotonic'>;
  /** Makes the event that tells of so many lost ones. */
  readonly tellLoss: (lost: number) => RecordedEvent;
}

/** The stated loss window of events without a change of authority, in milliseconds. */
const flushInterval = 1000;
/** More than this waiting in memory and the oldest go: a sink that is down must not take the server along. */
const largestBuffer = 10_000;
/** So many waiting do not wait for the second: or whoever sends requests fast enough could push out what they did. */
const promptBatch = 500;
const outboxBatch = 200;
/**
 * Milliseconds between two deliveries that follow each other at once. Dropping what was delivered is a commit of its
 * own: under load, one for a batch instead of one beside each commit of the requests.
 */
const deliveryPause = 50;

interface Flow {
  readonly deps: EventFlowDeps;
  buffer: RecordedEvent[];
  /** How many have gone from the buffer without being told yet. */
  lost: number;
  /** The delivery that runs, if one does: one at a time, so that no event is delivered twice by ourselves. */
  running: Promise<void> | undefined;
  isNudged: boolean;
  /** The last delivery did not work: the next one waits for its time, whatever arrives. */
  isFailing: boolean;
  isClosed: boolean;
  /** Cancels the delivery that is due, if one is: an idle server has no timer. */
  cancel: (() => void) | undefined;
  /** When the delivery that is due comes, and when the outbox was emptied last; on the monotonic clock. */
  dueAt: number;
  emptiedAt: number;
}

/** Starts to deliver, first what an earlier life of the server has left in the outbox. */
export function startEventFlow(deps: EventFlowDeps): EventFlow {
  const flow: Flow = {
    deps,
    buffer: [],
    lost: 0,
    running: undefined,
    isNudged: false,
    isFailing: false,
    isClosed: false,
    cancel: undefined,
    dueAt: Number.POSITIVE_INFINITY,
    emptiedAt: Number.NEGATIVE_INFINITY,
  };
  void deliverAll(flow);
  return {
    record: (event) => {
      flow.buffer.push(event);
      dropOldest(flow);
      scheduleDelivery(flow, flushInterval);
      if (flow.buffer.length % promptBatch === 0 && !flow.isFailing) deliverAgain(flow);
    },
    nudge: () => nudge(flow),
    flush: () => deliverAll(flow),
    close: async () => {
      flow.isClosed = true;
      flow.cancel?.();
      await flow.running;
      await deliverAll(flow);
      await Promise.allSettled(deps.sinks.map((sink) => sink.close()));
    },
  };
}

function dropOldest(flow: Flow): void {
  const surplus = flow.buffer.length - largestBuffer;
  if (surplus <= 0) return;
  flow.buffer.splice(0, surplus);
  flow.lost += surplus;
}

function nudge(flow: Flow): void {
  const wait = flow.emptiedAt + deliveryPause - flow.deps.runtime.monotonic();
  if (wait > 0) scheduleDelivery(flow, wait);
  else deliverAgain(flow);
}

/** Delivers now, and once more after a delivery that runs already and may have looked too early. */
function deliverAgain(flow: Flow): void {
  flow.isNudged = true;
  if (flow.running === undefined) void deliverAll(flow);
}

/** Delivers after so many milliseconds at the latest; one that is due sooner stays. */
function scheduleDelivery(flow: Flow, delay: number): void {
  const dueAt = flow.deps.runtime.monotonic() + delay;
  if (flow.isClosed || (flow.cancel !== undefined && flow.dueAt <= dueAt)) return;
  flow.cancel?.();
  flow.dueAt = dueAt;
  flow.cancel = flow.deps.runtime.schedule(delay, () => {
    flow.cancel = undefined;
    void deliverAll(flow);
  });
}

/** Delivers until nothing is left or a sink says no; never rejects. */
function deliverAll(flow: Flow): Promise<void> {
  flow.running ??= deliverRounds(flow).finally(() => {
    flow.running = undefined;
  });
  return flow.running;
}

async function deliverRounds(flow: Flow): Promise<void> {
  do {
    flow.isNudged = false;
    const fromOutbox = await attempt(() => drainOutbox(flow));
    // Whatever became of the outbox: in an outage of the store, the sinks still hear what is refused meanwhile.
    const fromBuffer = await attempt(() => drainBuffer(flow));
    flow.isFailing = !fromBuffer;
    if (!fromOutbox || !fromBuffer) return scheduleDelivery(flow, flushInterval);
  } while (flow.isNudged);
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

async function drainOutbox(flow: Flow): Promise<void> {
  const { store, sinks, runtime } = flow.deps;
  for (;;) {
    const batch = await store.readOutbox(outboxBatch);
    if (batch.length === 0) return;
    await deliver(
      batch.map(({ event }) => event),
      sinks,
    );
    // INVARIANT: dropped only after every sink has taken them.
    await store.dropFromOutbox(batch.map(({ sequence }) => sequence));
    flow.emptiedAt = runtime.monotonic();
    if (batch.length < outboxBatch) return;
  }
}

async function drainBuffer(flow: Flow): Promise<void> {
  const { buffer: events, lost, deps } = flow;
  if (events.length === 0) return;
  flow.buffer = [];
  try {
    await deliver(lost === 0 ? events : [deps.tellLoss(lost), ...events], deps.sinks);
    flow.lost -= lost;
  } catch (error) {
    flow.buffer = [...events, ...flow.buffer];
    dropOldest(flow);
    throw error;
  }
}

async function deliver(events: readonly RecordedEvent[], sinks: readonly Sink[]): Promise<void> {
  await Promise.all(sinks.map((sink) => sink.deliver(events)));
}
