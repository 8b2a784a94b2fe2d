import type { RecordedEffects, RevocationReason } from '@castellan/audit';
import type { ConsentRow } from '../consent-store.ts';
import { changes, lockedRow, type Operation, row } from '../database.ts';
import { readInteger } from '../shape.ts';
import { authorizations, codes, refreshFamilies, storedAuthorizations } from '../shapes.ts';
import type { AuthorizationRow, CodeRow, FoundCode, RefreshFamilyRow } from '../store.ts';
import { holdConsents } from './consents.ts';
import { currentEpoch, readEpoch } from './epoch.ts';
import { putIntoOutbox } from './outbox.ts';
import { takeParkedRequest } from './parked-requests.ts';
import { revokeLive } from './revocation.ts';
import { holdSessionChain } from './sessions.ts';
import { personActive } from './standing.ts';
import { holdIfSwitchedOn } from './switched-off.ts';

const byId = `SELECT ${authorizations.select('a')} FROM authorizations a WHERE a.id = $1 AND a.epoch = ${currentEpoch}`;
const codeByHash = `SELECT ${codes.select('c')} FROM codes c WHERE c.code_hash = $1`;
const codeWithAuthorization = `SELECT ${codes.select('c')}, ${authorizations.select('a')}, ${personActive('a.person_id')}
  FROM codes c JOIN authorizations a ON a.id = c.authorization_id
  WHERE c.code_hash = $1 AND a.epoch = ${currentEpoch}`;
const authorizationOfCode = `SELECT ${authorizations.select('a')} FROM authorizations a
  WHERE a.id = (SELECT authorization_id FROM codes WHERE code_hash = $1) AND a.epoch = ${currentEpoch}`;

export function* findAuthorization(id: string): Operation<AuthorizationRow | undefined> {
  const found = yield* row(byId, [id]);
  return found && authorizations.read(found, 'a');
}

export interface AuthorizationCreation {
  readonly authorization: AuthorizationRow;
  readonly code: CodeRow;
  readonly parked: string | undefined;
  readonly relied: readonly Pick<ConsentRow, 'resource' | 'scopes'>[];
}

export function* createAuthorization(
  create: AuthorizationCreation,
  events: RecordedEffects,
): Operation<'created' | 'parked_request_gone' | 'consent_gone'> {
  const { authorization, code, parked, relied } = create;
  const { person, client } = authorization;
  if (!(yield* holdIfSwitchedOn(client))) return 'parked_request_gone';
  if (person !== undefined && !(yield* holdConsents({ person, client }, relied))) return 'consent_gone';
  const sessionChain = authorization.session === undefined ? undefined : yield* holdSessionChain(authorization.session);
  if (authorization.session !== undefined && sessionChain === undefined) return 'parked_request_gone';
  if (parked !== undefined && !(yield* takeParkedRequest(parked, authorization.createdAt)))
    return 'parked_request_gone';
  const epoch = yield* readEpoch();
  yield* changes(
    storedAuthorizations.insert,
    storedAuthorizations.values({ ...authorization, epoch, sessionChain, revokedReason: undefined }),
  );
  yield* changes(codes.insert, codes.values(code));
  yield* putIntoOutbox(events);
  return 'created';
}

export function* findCode(codeHash: string): Operation<FoundCode | undefined> {
  const found = yield* row(codeWithAuthorization, [codeHash]);
  return (
    found && {
      code: codes.read(found, 'c'),
      authorization: authorizations.read(found, 'a'),
      personActive: readInteger(found['person_active']) === 1,
    }
  );
}

export interface CodeRedemption {
  readonly codeHash: string;
  readonly family: RefreshFamilyRow | undefined;
  readonly now: number;
}

/**
 * INVARIANT: the authorization's row is locked before anything of it is read: redemption, refresh and revocation of
 * one authorization happen one after the other on every database.
 */
export function* redeemCode(
  redeem: CodeRedemption,
  events: { readonly redeemed: RecordedEffects; readonly replayed: RecordedEffects },
): Operation<'redeemed' | 'replayed' | 'expired' | 'revoked' | 'unknown'> {
  const { codeHash, family, now } = redeem;
  const locked = yield* lockedRow(authorizationOfCode, [codeHash]);
  const found = yield* row(codeByHash, [codeHash]);
  if (locked === undefined || found === undefined) return 'unknown';
  const authorization = authorizations.read(locked, 'a');
  const code = codes.read(found, 'c');
  if (code.redeemedAt !== undefined) {
    yield* revokeLive({ authorization, reason: 'code_replay', now }, events.replayed);
    return 'replayed';
  }
  if (authorization.revokedAt !== undefined) return 'revoked';
  if (now >= code.expiresAt) return 'expired';
  yield* changes('UPDATE codes SET redeemed_at = $2 WHERE code_hash = $1', [codeHash, now]);
  if (family !== undefined) yield* changes(refreshFamilies.insert, refreshFamilies.values(family));
  yield* putIntoOutbox(events.redeemed);
  return 'redeemed';
}

export interface Revocation {
  readonly id: string;
  readonly reason: RevocationReason;
  readonly now: number;
}

export function* revokeAuthorization(
  revoke: Revocation,
  events: RecordedEffects,
): Operation<'revoked' | 'already_revoked' | 'unknown'> {
  const locked = yield* lockedRow(byId, [revoke.id]);
  if (locked === undefined) return 'unknown';
  const authorization = authorizations.read(locked, 'a');
  const revoked = yield* revokeLive({ authorization, reason: revoke.reason, now: revoke.now }, events);
  return revoked ? 'revoked' : 'already_revoked';
}
