/** Events for the eyes of a person at a terminal: one short line each. */
import type { RecordedEvent, Sink } from '../event.ts';

/** Envelope members that say nothing to a person watching; the type and the time have places of their own. */
const unsaid: ReadonlySet<string> = new Set(['id', 'version', 'time', 'correlation', 'source', 'type']);
const longestValue = 200;

/**
 * Writes one line for each event: time of day, source, type, then what the event holds.
 *
 *     12:00:01.250 issuer  sign_in.failed  address=203.0.113.7 reason=wrong_password
 *
 * INVARIANT: nothing an outsider chose can move the cursor, change colours, reverse the direction of writing, or begin
 * a line: whatever is not printable ASCII is escaped.
 *
 * @param write is given one line at a time, line break included
 * @example const sink = terminalSink((line) => process.stdout.write(line));
 */
export function terminalSink(write: (line: string) => void): Sink {
  return {
    deliver: async (events) => {
      for (const event of events) write(`${toLine(event)}\n`);
    },
    close: async () => {},
  };
}

function toLine(event: RecordedEvent): string {
  const head = [event.time.slice(11, 23), printable(event.source), '', event.type];
  const members = Object.entries(event)
    .filter(([name, value]) => !unsaid.has(name) && isShort(value))
    .map(([name, value]) => `${printable(name)}=${printable(toText(value))}`);
  return members.length === 0 ? head.join(' ') : `${head.join(' ')}  ${members.join(' ')}`;
}

/** Whole records, such as all settings at a start, are for the sinks that keep them. */
function isShort(value: unknown): boolean {
  return value !== undefined && (typeof value !== 'object' || Array.isArray(value));
}

function toText(value: unknown): string {
  const text = typeof value === 'string' ? value : Array.isArray(value) ? value.join(',') : String(value);
  const short = text.length > longestValue ? `${text.slice(0, longestValue)}...` : text;
  // A space would let a value look like the next member.
  return /[\s="]/.test(short) || short === '' ? JSON.stringify(short) : short;
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
