/** Which fields of an object a principal may read, and which an action may change. */
import { holds, type Values } from './compile.ts';
import { carries, isObject, planFor, takePlace, type UntypedRequest } from './decide.ts';
import type { CompiledRule, Plan, RuleIndex } from './plan.ts';
import { fill } from './slots.ts';

/** A request to read, whatever the action is. */
export type UntypedReadRequest = Omit<UntypedRequest, 'action'> & { readonly type: string };

/**
 * The fields that may be read: those of every permit that holds, without those that a forbid hides. It does not ask
 * whether an action is permitted.
 */
export function readable(index: RuleIndex, request: UntypedReadRequest): readonly string[] {
  return openFields(index.reads.get(request.type), request);
}

/**
 * The fields that the action may change: those of every permit of this action that holds, without those that a forbid
 * keeps. It does not ask whether the action itself is permitted.
 */
export function writable(index: RuleIndex, request: UntypedRequest): readonly string[] {
  return openFields(index.writes.get(request.action), request);
}

/** What is thrown (by a getter of a row, say) opens nothing. */
function openFields(first: Plan | undefined, request: Omit<UntypedRequest, 'action'>): readonly string[] {
  try {
    const plan = planFor(first, request);
    if (plan === undefined || !isObject(request.resource)) return [];
    const values = takePlace(plan);
    const open = fill(plan, values, request) ? openOf(plan, values, request.scopes) : [];
    plan.spare = values;
    return open;
  } catch {
    return [];
  }
}

/** INVARIANT: forbids come last, since what they close no permit opens again. */
function openOf({ permits, forbids, opening }: Plan, values: Values, scopes: readonly string[]): readonly string[] {
  let open = opening.none;
  for (let index = 0; index < permits.length; index += 1) {
    const { when, rule, place } = permits[index] as CompiledRule;
    if (holds(when, values) === true && carries(scopes, rule.scopes)) open = opening.also(open, place);
  }
  for (let index = 0; index < forbids.length; index += 1) {
    const { when, place } = forbids[index] as CompiledRule;
    if (holds(when, values) === true) open = opening.also(open, permits.length + place);
  }
  return open.value;
}
