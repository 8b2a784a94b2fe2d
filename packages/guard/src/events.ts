/**
 * Carries outcome events to the sinks: gathered for at most a second, then delivered. What was not yet delivered is
 * lost in a crash; a sink that fails is tried again, and never delays or fails a request.
 */
import {
  createRecorder,
  type NoticeEvent,
  type RecordedEvent,
  type Recorder,
  recordEvents,
  type Sink,
} from '@castellan/audit';
import type { Runtime } from '@castellan/protocol';

/** Takes events; `close` delivers the rest and closes the sinks. */
export interface EventBuffer {
  readonly record: (event: RecordedEvent) => void;
  readonly flush: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Milliseconds: the published loss window. */
const window = 1000;
/** What is kept for a sink that fails; the oldest go first, and are told of. */
const capacity = 10_000;
/** So many do not wait for the second: or whoever sends requests fast enough pushes out what they did. */
const promptBatch = 128;

type EventRuntime = Pick<Runtime, 'schedule' | 'now' | 'randomBytes'>;

export function createEventBuffer(sinks: readonly Sink[], runtime: EventRuntime): EventBuffer {
  const queues = sinks.map((sink) => createQueue(sink, runtime));
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
      if (queues.some((queue) => queue.isPressing())) void flush();
      else plan();
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
  /** There is a batch that should go at once, and no reason to wait: no other is about to, the last one was taken. */
  readonly isPressing: () => boolean;
  readonly flush: () => Promise<void>;
}

/** One delivery at a time, so that the order is kept. */
function createQueue(sink: Sink, runtime: EventRuntime): Queue {
  let events: RecordedEvent[] = [];
  let lost = 0;
  let delivering = Promise.resolve();
  let isDue = false;
  let isFailing = false;
  const dropOldest = (): void => {
    const surplus = events.length - capacity;
    if (surplus <= 0) return;
    events.splice(0, surplus);
    lost += surplus;
  };
  const deliver = async (): Promise<void> => {
    isDue = false;
    const [first] = events;
    if (first === undefined) return;
    const [batch, untold] = [events, lost];
    events = [];
    try {
      await sink.deliver(
        untold === 0 ? batch : [lossOf(untold, createRecorder({ source: first.source }, runtime)), ...batch],
      );
      lost -= untold;
      isFailing = false;
    } catch {
      isFailing = true;
      // A rejection means «deliver again»; readers drop repeats by the id of an event.
      events = [...batch, ...events];
      dropOldest();
    }
  };
  return {
    add: (event) => {
      events.push(event);
      dropOldest();
    },
    waiting: () => events.length > 0,
    isPressing: () => events.length >= promptBatch && !isDue && !isFailing,
    flush: () => {
      // INVARIANT: one delivery under way and one after it, however many ask: a sink that hangs piles nothing up.
      if (isDue) return delivering;
      isDue = true;
      delivering = delivering.then(deliver);
      return delivering;
    },
  };
}

/** A gap in the record must not look like silence. */
function lossOf(count: number, recorder: Recorder): RecordedEvent {
  const error = `${count} events were lost: the sink did not take them in time`;
  const notice: NoticeEvent = { type: 'failure', where: 'events', error };
  return recordEvents<NoticeEvent>(recorder, recorder.newCorrelation(), [notice])[0];
}
