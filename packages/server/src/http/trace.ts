/** What is known of one request while it is answered, and the one outcome event it ends with. */
import { type NoticeEvent, type RecordedEvent, type Recorder, recordEvents } from '@castellan/audit';
import { clientAddress, type HttpRequest, type Runtime } from '@castellan/protocol';
import type { Exchange } from './exchange.ts';

export interface TraceDeps {
  readonly recorder: Recorder;
  readonly runtime: Pick<Runtime, 'monotonic' | 'randomBytes'>;
  readonly trustedProxies: readonly string[];
  /** Takes an event that changes no authority. */
  readonly record: (event: RecordedEvent) => void;
  /** Is told, when a request ends, that effects were handed out in it, which a store operation may have committed. */
  readonly committed: () => void;
}

/** How the answer came about. */
interface Ending {
  readonly endpoint: string;
  readonly method: string;
  readonly status: number;
  readonly reason?: string;
  readonly detail?: string | undefined;
}

export interface Trace {
  readonly exchange: Exchange;
  /** INVARIANT: called exactly once for each request (I-7). */
  readonly end: (ending: Ending) => void;
}

export function openTrace(request: HttpRequest, deps: TraceDeps): Trace {
  const started = deps.runtime.monotonic();
  const correlation = deps.recorder.newCorrelation();
  const address = clientAddress(request, deps.trustedProxies);
  const actor: { client?: string; person?: string } = {};
  let hasEffects = false;
  const exchange: Exchange = {
    correlation,
    address,
    identify: (known) => {
      Object.assign(actor, known);
    },
    effects: (...events) => {
      hasEffects = true;
      return recordEvents(deps.recorder, correlation, events);
    },
    notice: (event: NoticeEvent) => deps.record(recordEvents(deps.recorder, correlation, [event])[0]),
  };
  const end: Trace['end'] = ({ endpoint, method, status, reason, detail }) => {
    const [event] = recordEvents(deps.recorder, correlation, [
      {
        type: 'request.answered',
        endpoint,
        method,
        status,
        outcome: status >= 500 ? 'failure' : status >= 400 || reason !== undefined ? 'refusal' : 'success',
        reason,
        detail,
        address,
        client: actor.client,
        person: actor.person,
        duration: Math.round(deps.runtime.monotonic() - started),
      },
    ]);
    deps.record(event);
    if (hasEffects) deps.committed();
  };
  return { exchange, end };
}

/** Methods enter an event only when they are ones HTTP knows; a request line may hold any token. */
export function speakableMethod(method: string): string {
  return /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|CONNECT)$/.test(method) ? method : '(other)';
}
