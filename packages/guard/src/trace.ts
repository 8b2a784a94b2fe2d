/** What becomes known of one request while it is answered, and the one outcome event it ends with. */
import { type RecordedEvent, type Recorder, recordEvents, type SecurityEvent } from '@castellan/audit';
import { clientAddress, type HttpRequest, type Refusal, type Runtime } from '@castellan/protocol';

export interface TraceDeps {
  readonly recorder: Recorder;
  readonly runtime: Pick<Runtime, 'monotonic' | 'randomBytes'>;
  readonly trustedProxies: readonly string[];
  readonly record: (event: RecordedEvent) => void;
}

/** What a step may add. */
interface Known {
  readonly route?: string;
  readonly principal?: string;
  readonly client?: string | undefined;
  readonly action?: string;
  readonly object?: string;
  readonly rules?: readonly string[];
}

export interface Trace {
  readonly correlation: string;
  readonly address: string;
  readonly know: (known: Known) => void;
  readonly notice: (event: Extract<SecurityEvent, { type: 'limit.hit' | 'failure' }>) => void;
  /** INVARIANT: called exactly once for each request. */
  readonly end: (status: number, refusal: Refusal | undefined) => void;
}

export function openTrace(request: HttpRequest, deps: TraceDeps): Trace {
  const started = deps.runtime.monotonic();
  const correlation = deps.runtime.randomBytes(12).toString('base64url');
  const address = clientAddress(request, deps.trustedProxies);
  let known: Known = {};
  const record = (event: SecurityEvent): void => deps.record(recordEvents(deps.recorder, correlation, [event])[0]);
  return {
    correlation,
    address,
    know: (more) => {
      known = { ...known, ...more };
    },
    notice: record,
    end: (status, refusal) =>
      record({
        type: 'access.decided',
        route: known.route ?? 'none',
        method: speakableMethod(request.method),
        status,
        outcome: status >= 500 ? 'failure' : refusal === undefined ? 'permit' : 'deny',
        reason: refusal?.reason,
        detail: refusal?.context.detail,
        address,
        principal: known.principal,
        client: known.client,
        action: known.action,
        object: known.object,
        rules: known.rules ?? [],
        duration: Math.round(deps.runtime.monotonic() - started),
      }),
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
