/**
 * What every request leaves behind: exactly one outcome, its effects and notices, all with one correlation.
 *
 * Owns: who and when of an event. Does not own: how events reach the sinks (`carrier.ts`).
 */
import { createRecorder, type NoticeEvent, type OutcomeEvent, recordEvents, type Sink } from '@castellan/audit';
import { clientAddress, type HttpRequest, type Runtime } from '@castellan/protocol';
import { createCarrier } from './carrier.ts';
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
  /** What happened to no request in particular. */
  readonly notice: (event: NoticeEvent) => void;
  /** Delivers what waits, once, and closes the sinks. */
  readonly close: () => Promise<void>;
}

/** Starts carrying events; what an earlier process left in the outbox goes first. */
export function createJournal(deps: JournalDeps): Journal {
  const recorder = createRecorder({ source: deps.config.name }, deps.runtime);
  const recordAlone = (event: NoticeEvent) => recordEvents<NoticeEvent>(recorder, recorder.newCorrelation(), [event]);
  const carrier = createCarrier({
    ...deps,
    tellLoss: (lost) => {
      const error = `${lost} events were lost: the sinks did not take them in time`;
      return recordAlone({ type: 'failure', where: 'events', error })[0];
    },
  });
  return {
    notice: (event) => carrier.add(recordAlone(event)),
    open: (request) => {
      const correlation = recorder.newCorrelation();
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
