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
  route: string | undefined;
  principal: string | undefined;
  client: string | undefined;
  action: string | undefined;
  object: string | undefined;
  rules: readonly string[];
  operation: string | undefined;
  decisions: readonly DecidedEvent[] | undefined;
}

/** Data and no functions: a request makes one, and most of them are dropped a moment later. */
export interface Trace {
  readonly correlation: string;
  readonly address: string;
  readonly known: Known;
  readonly request: HttpRequest;
  /** By the monotonic clock. */
  readonly started: number;
  readonly deps: TraceDeps;
  /** Its operations end with events of their own, so it has none. */
  isForked: boolean;
}

const nothingYet: Known = {
  route: undefined,
  principal: undefined,
  client: undefined,
  action: undefined,
  object: undefined,
  rules: [],
  operation: undefined,
  decisions: undefined,
};

export function openTrace(request: HttpRequest, deps: TraceDeps): Trace {
  return {
    correlation: deps.recorder.newCorrelation(),
    address: clientAddress(request, deps.trustedProxies),
    known: { ...nothingYet },
    request,
    started: deps.runtime.monotonic(),
    deps,
    isForked: false,
  };
}

/**
 * A trace for one of several operations of the request, with an outcome event of its own; once there is one, the
 * request itself records none.
 */
export function forkTrace(trace: Trace): Trace {
  trace.isForked = true;
  return { ...trace, known: { ...trace.known }, isForked: false };
}

/** Records what happens on the way, beside the outcome event. */
export function noticeIn(
  { deps, correlation }: Trace,
  event: Extract<SecurityEvent, { type: 'limit.hit' | 'failure' }>,
): void {
  deps.record(recordEvents(deps.recorder, correlation, [event])[0]);
}

/** INVARIANT: called exactly once for each request, and once for each fork. */
export function endTrace(trace: Trace, status: number, refusal: Refusal | undefined): void {
  const { deps, correlation, known, request, address, started, isForked } = trace;
  if (isForked) return;
  const duration = Math.round(deps.runtime.monotonic() - started);
  const envelope = openEnvelope(deps.recorder, correlation);
  const ended = { status, refusal, method: speakableMethod(request.method), address, duration };
  deps.record(outcomeEvent(envelope, known, ended));
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
  const { route = 'none', principal, client, action, object, rules, operation, decisions } = known;
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

const methods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
]);

/** A request line may hold any token as its method. */
function speakableMethod(method: string): string {
  return methods.has(method) ? method : '(other)';
}
