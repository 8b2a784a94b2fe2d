/** For how long a consent lets a client act, in words a person can use. */
import { offlineScope } from '../resources/resource.ts';

/** Seconds. */
export interface KeptFor {
  /** Of the access token that lives longest. */
  readonly accessToken: number;
  readonly refreshIdle: number;
  readonly refreshAbsolute: number;
}

/** How long the access lasts that is being asked for. */
export function accessDuration(
  asked: { readonly scopes: readonly string[]; readonly grants: ReadonlySet<string> },
  lifetimes: KeptFor,
): string {
  if (!asked.grants.has('refresh_token')) return `For ${inWords(lifetimes.accessToken)} after each sign-in.`;
  const whole = inWords(lifetimes.refreshAbsolute);
  if (asked.scopes.includes(offlineScope)) {
    return `For up to ${whole}, even after you sign out. It ends after ${inWords(lifetimes.refreshIdle)} without use.`;
  }
  // Not the session's own limit: who signs in again goes on with the same session, and with what came of it.
  return `Until you sign out, at the latest after ${whole}.`;
}

const units = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const;

/** Seconds in the largest unit that leaves at most two digits of error: `14 days`, `90 minutes`, `1 hour`. */
export function inWords(seconds: number): string {
  const [size, name] = units.find(([unit]) => seconds % unit === 0 && seconds >= unit) ?? units[3];
  const count = seconds / size;
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}
