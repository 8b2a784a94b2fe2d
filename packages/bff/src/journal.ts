/**
 * Carries events to the sinks: outcomes and notices from memory within a second, effects from the outbox in which
 * they were committed.
 *
 * Owns: order, repetition and the bound on what waits. Does not own: what an event says.
 */
import {
  type NonEmpty,
  type NoticeEvent,
  type OutcomeEvent,
  type RecordedEvent,
  recordEvents,
  type Sink,
} from '@castellan/audit';
import { clientAddress, type HttpRequest, type Runtime } from '@castellan/protocol';
import type { ResolvedBffConfig } from './config.ts';
import type { Exchange } from './exchange.ts';
import type { SessionPort } from './session-port.ts';

export interface JournalDeps {
  readonly config: Pick<ResolvedBffConfig, 'name' | 'trustedProxies'>;
  readonly sessions: Pick<SessionPort, 'readOutbox' | 'dropFromOutbox'>;
  readonly runtime: Pick<Runtime, 'now' | 'monotonic' | 'schedule' | 'randomBytes'>;
  readonly sinks: readonly Sink[];
}

/** How a request ended, as its one outcome event needs it. */
export interface Outcome {
  readonly endpoint: string;
  readonly method: string;
  readonly status: number;
  readonly outcome: 'success' | 'refusal' | 'failure';
  readonly reason: string | undefined;
  readonly detail: string | undefined;
}

export interface OpenExchange extends Exchange {
  readonly finish: (outcome: Outcome) => void;
}

export interface Journal {
  readonly open: (request: HttpRequest) => OpenExchange;
  /** Delivers what waits, once. */
  readonly close: () => Promise<void>;
}

/** Events lost in a crash are at most this old. */
const lossWindow = 1000;
/** More than this waiting means that no sink takes anything: the oldest go. */
const capacity = 10_000;

/** Starts carrying events; what an earlier process left in the outbox goes first. */
export function createJournal(deps: JournalDeps): Journal {
  const carrier = createCarrier(deps);
  const recorder = { source: deps.config.name, now: deps.runtime.now, randomBytes: deps.runtime.randomBytes };
  return {
    open: (request) => {
      const correlation = deps.runtime.randomBytes(12).toString('base64url');
      const address = clientAddress(request, deps.config.trustedProxies);
      const started = deps.runtime.monotonic();
      let person: string | undefined;
      const buffer = (event: NoticeEvent | OutcomeEvent): void =>
        carrier.add(recordEvents<NoticeEvent | OutcomeEvent>(recorder, correlation, [event]));
      return {
        correlation,
        address,
        identify: (subject) => {
          person = subject;
        },
        effects: (...events) => {
          carrier.wake();
          return recordEvents(recorder, correlation, events);
        },
        notice: buffer,
        finish: (outcome) => {
          const duration = Math.round(deps.runtime.monotonic() - started);
          buffer({ type: 'request.answered', ...outcome, address, client: undefined, person, duration });
        },
      };
    },
    close: carrier.close,
  };
}

interface Carrier {
  readonly add: (events: NonEmpty<RecordedEvent>) => void;
  readonly wake: () => void;
  readonly close: () => Promise<void>;
}

function createCarrier({ sessions, runtime, sinks }: JournalDeps): Carrier {
  let waiting: RecordedEvent[] = [];
  let cancel: (() => void) | undefined;
  let running: Promise<void> = Promise.resolve();
  const deliver = async (events: readonly RecordedEvent[]): Promise<void> => {
    await Promise.all(sinks.map((sink) => sink.deliver(events)));
  };
  const round = async (): Promise<void> => {
    for (let rows = await sessions.readOutbox(100); rows.length > 0; rows = await sessions.readOutbox(100)) {
      await deliver(rows.map(({ event }) => event));
      await sessions.dropFromOutbox(rows.map(({ sequence }) => sequence));
    }
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    await deliver(batch).catch((error: unknown) => {
      waiting = [...batch, ...waiting];
      throw error;
    });
  };
  // A sink that fails gets the same again later (readers drop repeats by id); a request never waits for it.
  const run = (): Promise<void> => {
    cancel = undefined;
    running = running.then(round).catch(() => wake());
    return running;
  };
  const wake = (): void => {
    cancel ??= runtime.schedule(lossWindow, () => void run());
  };
  wake();
  return {
    add: (events) => {
      waiting.push(...events);
      if (waiting.length > capacity) waiting = waiting.slice(-capacity);
      wake();
    },
    wake,
    close: async () => {
      cancel?.();
      await run();
      cancel?.();
    },
  };
}
