/** What becomes known of one request while it is answered, and the one outcome event it ends with. */
import {
  type DecidedEvent,
  type EventEnvelope,
  openEnvelope,
  type RecordedEvent,
  type Recorder,
  recordEvents,
  type SecurityEvent,
} from '@castellan/audit';
import { clientAddress, type HttpRequest, type Refusal, type Runtime, wireRefusals } from '@castellan/protocol';
import type { Access } from './access.ts';

export interface TraceDeps {
  readonly recorder: Recorder;
  readonly runtime: Pick<Runtime, 'monotonic'>;
  readonly trustedProxies: readonly string[];
  readonly record: (event: RecordedEvent) => void;
}

/** What is known so far; each step adds to it. */
interface Known {
  route?: string;
  principal?: string;
  client?: string | undefined;
  action?: string;
  object?: string;
  rules?: readonly string[];
  operation?: string;
  decisions?: readonly DecidedEvent[];
}

export interface Trace {
  readonly correlation: string;
  readonly address: string;
  readonly known: Known;
  readonly notice: (event: Extract<SecurityEvent, { type: 'limit.hit' | 'failure' }>) => void;
  /**
   * A trace for one of several operations of the request, with an outcome event of its own; once there is one, the
   * request itself records none.
   */
  readonly fork: () => Trace;
  /** INVARIANT: called exactly once for each request, and once for each fork. */
  readonly end: (status: number, refusal: Refusal | undefined) => void;
}

export function openTrace(request: HttpRequest, deps: TraceDeps): Trace {
  const started = deps.runtime.monotonic();
  const correlation = deps.recorder.newCorrelation();
  const address = clientAddress(request, deps.trustedProxies);
  const record = (event: SecurityEvent): void => deps.record(recordEvents(deps.recorder, correlation, [event])[0]);
  const open = (start: Known): Trace => {
    const known = { ...start };
    let isForked = false;
    return {
      correlation,
      address,
      known,
      notice: record,
      fork: () => {
        isForked = true;
        return open(known);
      },
      end: (status, refusal) => {
        if (isForked) return;
        const duration = Math.round(deps.runtime.monotonic() - started);
        const envelope = openEnvelope(deps.recorder, correlation);
        const ended = { status, refusal, method: speakableMethod(request.method), address, duration };
        deps.record(outcomeEvent(envelope, known, ended));
      },
    };
  };
  return open({});
}

/** Notes who calls. */
export function knowCaller({ known }: Pick<Trace, 'known'>, { subject, client }: Access): void {
  known.principal = subject;
  known.client = client;
}

interface Ended {
  readonly status: number;
  readonly refusal: Refusal | undefined;
  readonly method: string;
  readonly address: string;
  readonly duration: number;
}

function outcomeEvent(envelope: EventEnvelope, known: Known, ended: Ended): RecordedEvent {
  const { id, version, time, correlation, source } = envelope;
  const { route = 'none', principal, client, action, object, rules = [], operation, decisions } = known;
  const { status, refusal, method, address, duration } = ended;
  // A failure behind an answer that is otherwise in order (one field of many) is a failure too.
  const worst = Math.max(status, refusal === undefined ? 0 : wireRefusals[refusal.reason].status);
  const outcome = worst >= 500 ? 'failure' : refusal === undefined ? 'permit' : 'deny';
  const event = {
    id,
    version,
    time,
    correlation,
    source,
    type: 'access.decided',
    route,
    method,
    status,
    outcome,
    reason: refusal?.reason,
    detail: refusal?.context.detail,
    address,
    principal,
    client,
    action,
    object,
    rules,
    duration,
  } as const;
  if (operation === undefined && decisions === undefined) return event;
  return {
    ...event,
    ...(operation === undefined ? {} : { operation }),
    ...(decisions === undefined ? {} : { decisions }),
  };
}

/** The name and the place of an unexpected error: never its message, which may quote what was being read. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return `a thrown ${typeof error}`;
  const name = /^[A-Za-z]{1,60}$/.test(error.name) ? error.name : 'Error';
  const place = /^\s+at .*?([\w.-]+\.[cm]?[jt]s):(\d+):\d+\)?$/m.exec(error.stack ?? '');
  return place === null ? name : `${name} at ${place[1]}:${place[2]}`;
}

/** A request line may hold any token as its method. */
function speakableMethod(method: string): string {
  return /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|CONNECT)$/.test(method) ? method : '(other)';
}
