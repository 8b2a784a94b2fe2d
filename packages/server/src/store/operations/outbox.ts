/** Committed events that wait for their drain. */
import type { EffectEvent, EventEnvelope, RecordedEvent } from '@castellan/audit';
import { changes, type Operation, rows } from '../database.ts';
import { readInteger, readText } from '../shape.ts';

export interface WaitingEvent {
  readonly sequence: number;
  readonly event: RecordedEvent;
}

/** Part of every operation that changes authority: its last statement, in the same commit. */
export function* putIntoOutbox(events: readonly (EventEnvelope & EffectEvent)[]): Operation<void> {
  for (const event of events) yield* changes('INSERT INTO outbox (event) VALUES ($1)', [JSON.stringify(event)]);
}

/**
 * What the store itself found to be part of a change, in the envelope of the event that tells of the change: the caller
 * could not know of it. The id of what it is about tells it from the others.
 */
export function inEnvelope<E extends EffectEvent>(envelope: EventEnvelope, about: string, event: E): EventEnvelope & E {
  const { version, time, correlation, source, actor } = envelope;
  const by = actor === undefined ? {} : { actor };
  return { id: `${envelope.id}.${about}`, version, time, correlation, source, ...by, ...event };
}

export function* readOutbox(limit: number): Operation<readonly WaitingEvent[]> {
  const found = yield* rows('SELECT sequence, event FROM outbox ORDER BY sequence LIMIT $1', [limit]);
  return found.map((entry) => ({
    sequence: readInteger(entry['sequence']),
    event: JSON.parse(readText(entry['event'])) as RecordedEvent,
  }));
}

/**
 * INVARIANT: deletes exactly these. On PostgreSQL a lower number may be committed later than a higher one, so «all up
 * to here» would lose events; a run of consecutive numbers leaves no room for one.
 */
export function* dropFromOutbox(sequences: readonly number[]): Operation<void> {
  for (const [first, last] of consecutiveRuns(sequences)) {
    yield* changes('DELETE FROM outbox WHERE sequence BETWEEN $1 AND $2', [first, last]);
  }
}

export function consecutiveRuns(numbers: readonly number[]): readonly (readonly [first: number, last: number])[] {
  const runs: [number, number][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && number <= run[1] + 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs;
}
