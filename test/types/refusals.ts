/** A refusal is one of a closed union, each mapped to the wire. Checked by `npm run check`, never run. */
import { Refusal, type RefusalReason, refuse, type WireRefusal, wireRefusals } from '@castellan/protocol';
import { expectTypeOf } from 'expect-type';

expectTypeOf(wireRefusals).toEqualTypeOf<Readonly<Record<RefusalReason, WireRefusal>>>();
expectTypeOf(refuse).returns.toBeNever();

// @ts-expect-error: a reason that nobody mapped to the wire
export const unmapped: Refusal = new Refusal('because');

const { unknown_client: _, ...incomplete } = wireRefusals;
// @ts-expect-error: a map that forgets one reason
export const forgetful: Readonly<Record<RefusalReason, WireRefusal>> = incomplete;

// @ts-expect-error: what goes over the wire is a constant, not something found
export const spoken: Refusal = new Refusal('unknown_client', { description: 'no client called x' });
