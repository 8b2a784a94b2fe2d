/** A change of authority without an event does not compile. Checked by `npm run check`, never run. */
import type { EffectEvent, NonEmpty, RecordedEffects, SecurityEvent } from '@castellan/audit';
import type { Store } from '@castellan/server';
import { expectTypeOf } from 'expect-type';

declare const store: Store;
declare const effects: RecordedEffects;
declare const revocation: Parameters<Store['revokeAuthorization']>[0];
declare const redemption: Parameters<Store['redeemCode']>[0];

void store.revokeAuthorization(revocation, effects);

// @ts-expect-error: no events at all
void store.revokeAuthorization(revocation);

// @ts-expect-error: an empty list of events
void store.revokeAuthorization(revocation, []);

// @ts-expect-error: an event for one verdict, none for the other
void store.redeemCode(redemption, { redeemed: effects });

// @ts-expect-error: an event that no one has declared
export const undeclared: SecurityEvent = { type: 'token.leaked', token: 'x' };

// @ts-expect-error: no event has a place for a secret
export const secret: EffectEvent = { type: 'person.created', person: 'p', password: 'x' };

// @ts-expect-error: an effect is recorded in a commit, so a notice is not one
export const notice: EffectEvent = { type: 'limit.hit', limit: 'l', address: '::1' };

expectTypeOf<NonEmpty<string>>().toExtend<readonly string[]>();
expectTypeOf<readonly string[]>().not.toExtend<NonEmpty<string>>();
