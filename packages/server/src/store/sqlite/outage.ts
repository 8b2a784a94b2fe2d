import { Refusal } from '@castellan/protocol';

/** Result codes (lowest byte) that say the database cannot be used now, whatever was asked. */
const outages: ReadonlyMap<number, string> = new Map([
  [5, 'busy'],
  [6, 'locked'],
  [7, 'out of memory'],
  [8, 'read-only'],
  [10, 'input or output error'],
  [11, 'corrupt'],
  [13, 'disk full'],
  [14, 'cannot open'],
  [15, 'locking protocol'],
  [26, 'not a database'],
]);

/** The result code of an error of SQLite, without its extended part. */
function resultCode(error: unknown): number | undefined {
  const code: unknown = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : undefined;
}

export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === 5 || code === 6;
}

/** An outage becomes a Refusal; an error of the program stays what it is. */
export function asOutage(error: unknown): unknown {
  const outage = outages.get(resultCode(error) ?? 0);
  return outage === undefined ? error : new Refusal('store_unavailable', { detail: `SQLite: ${outage}` });
}
