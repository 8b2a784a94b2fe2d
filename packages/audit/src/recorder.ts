/** Puts events into their envelopes. */
import { type EventEnvelope, eventSchemaVersion, type NonEmpty, type SecurityEvent } from './event.ts';

/** Who records, and what each envelope needs: made once by {@link createRecorder}. */
export interface Recorder {
  readonly source: string;
  readonly actor: EventEnvelope['actor'];
  readonly now: () => number;
  /** For an event: 132 random bits, as 22 characters. */
  readonly newId: () => string;
  /** For a request or a job: 96 random bits, as 16 characters that somebody may have to read out. */
  readonly newCorrelation: () => string;
}

/**
 * Makes the recorder of one server, API or app.
 *
 * @example const recorder = createRecorder({ source: issuer }, systemRuntime);
 */
export function createRecorder(
  { source, actor }: Pick<EventEnvelope, 'source' | 'actor'>,
  { now, randomBytes }: { readonly now: () => number; readonly randomBytes: (size: number) => Buffer },
): Recorder {
  const take = textFrom(randomBytes);
  return { source, actor, now, newId: () => take(22), newCorrelation: () => take(16) };
}

/** Bytes that become text at once: a conversion for each id costs four times as much. */
const poolSize = 3072;

/** Random characters of base64url. INVARIANT: a piece of a pool is given out once. */
function textFrom(randomBytes: (size: number) => Buffer): (length: number) => string {
  let pool = '';
  let used = 0;
  return (length) => {
    if (used + length > pool.length) {
      pool = randomBytes(poolSize).toString('base64url');
      used = 0;
    }
    used += length;
    return pool.slice(used - length, used);
  };
}

/**
 * Puts events into their envelopes.
 *
 * @example recordEvents(recorder, correlation, [{ type: 'person.created', person }]);
 */
export function recordEvents<E extends SecurityEvent>(
  recorder: Recorder,
  correlation: string,
  events: NonEmpty<E>,
): NonEmpty<EventEnvelope & E> {
  const [first, ...rest] = events;
  const record = (event: E): EventEnvelope & E => ({ ...openEnvelope(recorder, correlation), ...event });
  return [record(first), ...rest.map(record)];
}

/**
 * An envelope for one event, to be written out together with it: a copy of both takes longer than either.
 *
 * @example const { id, version, time, source } = openEnvelope(recorder, correlation);
 */
export function openEnvelope({ source, actor, now, newId }: Recorder, correlation: string): EventEnvelope {
  const envelope = { id: newId(), version: eventSchemaVersion, time: isoTime(now()), correlation, source } as const;
  return actor === undefined ? envelope : { ...envelope, actor };
}

/** What is written for a millisecond is the same for all that happens in it. */
let written = { milliseconds: Number.NaN, text: '' };

function isoTime(milliseconds: number): string {
  if (written.milliseconds !== milliseconds) written = { milliseconds, text: new Date(milliseconds).toISOString() };
  return written.text;
}
