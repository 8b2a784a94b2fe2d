/**
 * The feed of status lists: each change of the lists as it happens, as server-sent events.
 *
 * Owns: the form of a change and of its event, and reading both within bounds. Does not own: who may listen, and what
 * follows from a change.
 *
 * @see RFC 8417 §2 for the members of a message; https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import { isJsonObject, readJson } from './strict-json.ts';

/** A change of the lists of an issuer, or the place from which changes will be told. */
export interface StatusChange {
  /** Lists of another epoch have every bit set. */
  readonly epoch: number;
  /** Up to and with this version everything has been told. */
  readonly version: number;
  /**
   * The version after which `lists` has every bit that was set. Undefined when nothing is told of what was before: then
   * whoever knows an older version must read the lists again.
   */
  readonly since: number | undefined;
  /** The bits that were set, by the address of their list. */
  readonly lists: ReadonlyMap<string, readonly number[]>;
}

/** The type of the event in `events`. */
const eventType = 'urn:castellan:event:status-lists';

export interface StatusMessage {
  readonly iss: string;
  /** Seconds. */
  readonly iat: number;
  readonly jti: string;
}

/** An event of the stream that tells a change; its id is the place where a subscriber may go on. */
export function formatStatusEvent(message: StatusMessage, change: StatusChange): string {
  const { epoch, version, since, lists } = change;
  const told = { epoch, version, ...(since === undefined ? {} : { since, lists: Object.fromEntries(lists) }) };
  return `id: ${epoch}.${version}\nevent: status\ndata: ${JSON.stringify({ ...message, events: { [eventType]: told } })}\n\n`;
}

/** A comment: the feed is there, and nothing has changed. */
export const statusHeartbeat = ':\n\n';

/** Reads the data of an event; undefined when it is not a change of this issuer's lists. */
export function readStatusChange(data: string, issuer: string): StatusChange | undefined {
  const { value } = readJson(data, { maxLength: largestEvent, maxDepth: 8 });
  if (!isJsonObject(value) || value['iss'] !== issuer || !isJsonObject(value['events'])) return undefined;
  const told = value['events'][eventType];
  if (!isJsonObject(told)) return undefined;
  const { epoch, version, since, lists } = told;
  if (!isCount(epoch) || !isCount(version)) return undefined;
  if (since === undefined) return { epoch, version, since, lists: new Map() };
  if (!isCount(since) || since > version || !isJsonObject(lists)) return undefined;
  const entries = Object.entries(lists);
  if (!entries.every((entry): entry is [string, number[]] => Array.isArray(entry[1]) && entry[1].every(isCount))) {
    return undefined;
  }
  return { epoch, version, since, lists: new Map(entries) };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Characters of one event; a stream that sends more without ending one is cut. */
const largestEvent = 262_144;

/** What came on a stream: an event with its data, or a sign of life. */
export type StreamPart = { readonly data: string; readonly id: string } | 'comment';

/**
 * Reads server-sent events from bytes as they come.
 *
 * Fields besides `id` and `data` are skipped. Bytes that are not UTF-8 become replacement characters, which no JSON we
 * read survives.
 *
 * @throws {RangeError} when an event is too large
 * @example for await (const part of readEventStream(response.body)) if (part !== 'comment') apply(part.data);
 */
export async function* readEventStream(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<StreamPart> {
  const decoder = new TextDecoder();
  let rest = '';
  let lines: string[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true });
    const whole = rest.split(/\r\n|\n|\r(?!$)/);
    rest = whole.pop() ?? '';
    for (const line of whole) {
      size += line.length;
      if (size > largestEvent) throw new RangeError('an event is too large');
      if (line.startsWith(':')) yield 'comment';
      else if (line !== '') lines.push(line);
      else {
        if (lines.length > 0) yield { data: fieldOf(lines, 'data'), id: fieldOf(lines, 'id') };
        lines = [];
        size = 0;
      }
    }
    if (size + rest.length > largestEvent) throw new RangeError('an event is too large');
  }
}

/** The values of a field, one to a line. */
function fieldOf(lines: readonly string[], name: string): string {
  const start = `${name}:`;
  return lines
    .filter((line) => line.startsWith(start))
    .map((line) => line.slice(start.length).replace(/^ /, ''))
    .join('\n');
}
