/** Events kept in memory, for tests. */
import type { RecordedEvent, Sink } from '../event.ts';

/** A sink whose events can be read back. */
export interface MemorySink extends Sink {
  /** In the order of delivery; repeats are kept. */
  readonly events: readonly RecordedEvent[];
}

/**
 * A sink that keeps every event for as long as it lives.
 *
 * @example
 * const sink = memorySink();
 * assert.equal(sink.events.at(-1)?.type, 'request.answered');
 */
export function memorySink(): MemorySink {
  const events: RecordedEvent[] = [];
  return {
    events,
    deliver: async (delivered) => {
      events.push(...delivered);
    },
    close: async () => {},
  };
}
