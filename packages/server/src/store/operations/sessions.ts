import type { EventEnvelope, RecordedEffects, SessionEnding } from '@castellan/audit';
import { changes, lockedRow, type Operation, row, rows } from '../database.ts';
import { readInteger, readText } from '../shape.ts';
import { sessions, storedSessions } from '../shapes.ts';
import type { ListedSession, SessionPage, SessionRow } from '../store.ts';
import { currentEpoch, readEpoch } from './epoch.ts';
import { queueLogouts } from './logout-notices.ts';
import { inEnvelope, putIntoOutbox } from './outbox.ts';
import { rememberSession } from './parked-requests.ts';
import { revokeMatching } from './revocation.ts';
import { isActive, mayAct } from './standing.ts';

/** Of this life of the database, and never ended, whether or not its time is over. */
const unended = `ended_at IS NULL AND epoch = ${currentEpoch}`;
/** Not over at the time `$2`; it may have been replaced, and then authorizations still live by it. */
const lasting = `${unended} AND idle_expires_at > $2 AND absolute_expires_at > $2`;
/** Answers to its cookie at the time `$2`. */
const live = `replaced_at IS NULL AND ${lasting}`;

const bySecret = `SELECT ${sessions.select('s')} FROM sessions s
  WHERE s.secret_hash = $1 AND ${live} AND ${mayAct('s.person_id')}`;
/** A session's id stands for its whole chain: the newest member that never ended, one that was not replaced first. */
const lastOfChain = `SELECT ${sessions.select('s')} FROM sessions s
  WHERE s.chain = (SELECT chain FROM sessions WHERE id = $1) AND ${unended}
  ORDER BY s.replaced_at IS NULL DESC, s.created_at DESC LIMIT 1`;

export function* findSession(secretHash: string, now: number): Operation<SessionRow | undefined> {
  const found = yield* row(bySecret, [secretHash, now]);
  return found && sessions.read(found, 's');
}

export function* findSessionById(id: string): Operation<SessionRow | undefined> {
  const found = yield* row(lastOfChain, [id]);
  return found && sessions.read(found, 's');
}

/** Two statements, so that the sessions of one person are found by their index. */
const listed = (which: string): string => `SELECT ${sessions.select('s')}, p.login_name,
    (SELECT MIN(f.created_at) FROM sessions f WHERE f.chain = s.chain) AS since
  FROM sessions s JOIN persons p ON p.id = s.person_id
  WHERE ${which} s.id > $1 AND s.replaced_at IS NULL AND s.ended_at IS NULL
    AND s.idle_expires_at > $2 AND s.absolute_expires_at > $2 AND s.epoch = ${currentEpoch} AND ${isActive('p')}
  ORDER BY s.id LIMIT $3`;
const listedOfAll = listed('');
const listedOfPerson = listed('s.person_id = $4 AND');

export function* listSessions(page: SessionPage): Operation<readonly ListedSession[]> {
  const { person, after, limit, now } = page;
  const found = yield* person === undefined
    ? rows(listedOfAll, [after, now, limit])
    : rows(listedOfPerson, [after, now, limit, person]);
  return found.map((session) => ({
    ...sessions.read(session, 's'),
    loginName: readText(session['login_name']),
    since: readInteger(session['since']),
  }));
}

export interface SessionStart {
  readonly session: SessionRow;
  readonly signInEpoch: number;
  readonly replaces: string | undefined;
  readonly parked: string | undefined;
  readonly now: number;
}

export function* startSession(
  start: SessionStart,
  events: RecordedEffects,
): Operation<'started' | 'parked_request_gone' | 'not_admitted'> {
  const { session, replaces, parked, now } = start;
  if (!(yield* holdAdmission(session.person, start.signInEpoch))) return 'not_admitted';
  if (parked !== undefined && !(yield* rememberSession(parked, now, session.id))) return 'parked_request_gone';
  const chain = (replaces && (yield* replaceSession(replaces, session.person, now))) || session.id;
  const epoch = yield* readEpoch();
  yield* changes(storedSessions.insert, storedSessions.values({ ...session, chain, epoch }));
  yield* putIntoOutbox(events);
  return 'started';
}

/**
 * INVARIANT: state and epoch are compared where the session is written: a sign-in that overlaps with a lock, a new
 * password or the end of all sessions leaves none behind.
 */
function* holdAdmission(person: string, signInEpoch: number): Operation<boolean> {
  const held = yield* lockedRow(
    `SELECT p.id FROM persons p WHERE p.id = $1 AND p.sign_in_epoch = $2 AND ${isActive('p')}`,
    [person, signInEpoch],
  );
  return held !== undefined;
}

/**
 * The replaced session no longer answers to its cookie, but authorizations that came from it go on as if it had not
 * ended: until its limits, or until the same person ends the session that took over. Two sign-ins at once may replace
 * the same one: then both belong to its chain, and one logout ends both.
 *
 * @returns its chain, if the same person goes on
 */
function* replaceSession(id: string, person: string, now: number): Operation<string | undefined> {
  const replaced = yield* row(
    `UPDATE sessions SET replaced_at = $2 WHERE id = $1 AND ${lasting} RETURNING chain, person_id`,
    [id, now],
  );
  return replaced?.['person_id'] === person ? readText(replaced['chain']) : undefined;
}

export interface SessionTouch {
  readonly id: string;
  readonly idleExpiresAt: number;
  readonly now: number;
}

/** INVARIANT: idle never passes absolute, and never goes back. */
export function* touchSession(touch: SessionTouch): Operation<void> {
  yield* changes(
    `UPDATE sessions
      SET idle_expires_at = CASE WHEN $3 < absolute_expires_at THEN $3 ELSE absolute_expires_at END
      WHERE id = $1 AND idle_expires_at < $3 AND ${live}`,
    [touch.id, touch.now, touch.idleExpiresAt],
  );
}

/** Whoever starts a session holds this row too: none joins a chain that is being ended, unseen. */
const personOf = 'SELECT id FROM persons WHERE id = (SELECT person_id FROM sessions WHERE id = $1)';

export interface SessionEnd {
  readonly id: string;
  /** Of its authorizations too. */
  readonly reason: 'logout' | 'ended_elsewhere';
  readonly now: number;
}

/**
 * INVARIANT: whichever member of a chain is named, also a replaced one, nothing of the chain lives on. Nor does
 * it matter whether the session's time is over: access tokens that came of it may have some left, and a clock that goes
 * back gives the session some again (I-10).
 */
export function* endSession(end: SessionEnd, events: RecordedEffects): Operation<'ended' | 'not_live'> {
  yield* lockedRow(personOf, [end.id]);
  const chain = yield* holdSessionChain(end.id);
  if (chain === undefined) return 'not_live';
  const ended = yield* changes(`UPDATE sessions SET ended_at = $2 WHERE chain = $1 AND ${unended}`, [chain, end.now]);
  if (ended === 0) return 'not_live';
  yield* queueLogouts(chain, end.now);
  yield* putIntoOutbox(events);
  yield* revokeMatching({ target: { of: 'session chain', chain }, reason: end.reason, now: end.now }, events[0]);
  return 'ended';
}

export function* endSessionsOf(
  { person, now }: { readonly person: string; readonly now: number },
  events: RecordedEffects,
): Operation<number> {
  yield* putIntoOutbox(events);
  const ended = yield* endAllSessions({ person, reason: 'ended_elsewhere', now }, events[0]);
  const target = { of: 'sessions of person', person } as const;
  yield* revokeMatching({ target, reason: 'ended_elsewhere', now }, events[0]);
  return ended;
}

/**
 * A step of a larger operation: ends every session of a person, and every sign-in that is under way, with a
 * `session.ended` event for each that still answered to a cookie; answers how many those were.
 *
 * INVARIANT: the person's row comes first, then sessions, then authorizations, in every operation that touches several.
 */
export function* endAllSessions(
  end: { readonly person: string; readonly reason: SessionEnding; readonly now: number },
  envelope: EventEnvelope,
): Operation<number> {
  const { person, reason, now } = end;
  yield* changes('UPDATE persons SET sign_in_epoch = sign_in_epoch + 1 WHERE id = $1', [person]);
  const ended = yield* rows(
    `UPDATE sessions SET ended_at = $2 WHERE person_id = $1 AND ${unended} RETURNING id, chain,
      CASE WHEN replaced_at IS NULL AND idle_expires_at > $2 AND absolute_expires_at > $2 THEN 1 ELSE 0 END AS was_live`,
    [person, now],
  );
  for (const chain of new Set(ended.map((session) => readText(session['chain'])))) yield* queueLogouts(chain, now);
  const told = ended.filter((session) => session['was_live'] === 1).map(({ id }) => readText(id));
  yield* putIntoOutbox(
    told.map((session) => inEnvelope(envelope, session, { type: 'session.ended', session, person, reason })),
  );
  return told.length;
}

/**
 * A step of a larger operation: the chain of a session that has not ended, kept from ending until the commit.
 *
 * INVARIANT: whatever is created from a session asks here, so that nothing is created from it after a logout.
 */
export function* holdSessionChain(id: string): Operation<string | undefined> {
  const held = yield* lockedRow(`SELECT chain FROM sessions WHERE id = $1 AND ${unended}`, [id]);
  return held && readText(held['chain']);
}
