/**
 * Carries outcome events to the sinks: gathered for at most a second, then delivered. What was not yet delivered is
 * lost in a crash; a sink that fails is tried again, and never delays or fails a request.
 */
import type { RecordedEvent, Sink } from '@castellan/audit';
import type { Runtime } from '@castellan/protocol';

/** Takes events; `close` delivers the rest and closes the sinks. */
export interface EventBuffer {
  readonly record: (event: RecordedEvent) => void;
  readonly flush: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Milliseconds: the published loss window. */
const window = 1000;
/** What is kept for a sink that fails; the oldest go first. */
const capacity = 10_000;

export function createEventBuffer(sinks: readonly Sink[], runtime: Pick<Runtime, 'schedule'>): EventBuffer {
  const queues = sinks.map(createQueue);
  let cancel: (() => void) | undefined;
  const flush = async (): Promise<void> => {
    cancel?.();
    cancel = undefined;
    await Promise.all(queues.map((queue) => queue.flush()));
    if (queues.some((queue) => queue.waiting())) plan();
  };
  const plan = (): void => {
    cancel ??= runtime.schedule(window, () => void flush());
  };
  return {
    record: (event) => {
      for (const queue of queues) queue.add(event);
      plan();
    },
    flush,
    close: async () => {
      await flush();
      cancel?.();
      await Promise.allSettled(sinks.map((sink) => sink.close()));
    },
  };
}

interface Queue {
  readonly add: (event: RecordedEvent) => void;
  readonly waiting: () => boolean;
  readonly flush: () => Promise<void>;
}

/** One delivery at a time, so that the order is kept. */
function createQueue(sink: Sink): Queue {
  let events: RecordedEvent[] = [];
  let delivering = Promise.resolve();
  const deliver = async (): Promise<void> => {
    if (events.length === 0) return;
    const batch = events;
    events = [];
    try {
      await sink.deliver(batch);
    } catch {
      // A rejection means «deliver again»; readers drop repeats by the id of an event.
      events = [...batch, ...events].slice(-capacity);
    }
  };
  return {
    add: (event) => {
      events.push(event);
      if (events.length > capacity) events.shift();
    },
    waiting: () => events.length > 0,
    flush: () => {
      delivering = delivering.then(deliver);
      return delivering;
    },
  };
}
