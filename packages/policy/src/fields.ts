/** Which fields of an object a principal may read, and which an action may change. */
import { holds, type Values } from './compile.ts';
import { carries, isObject, planFor, type UntypedRequest } from './decide.ts';
import type { Plan, RuleIndex } from './plan.ts';

/** A request to read, whatever the action is. */
export type UntypedReadRequest = Omit<UntypedRequest, 'action'> & { readonly type: string };

/**
 * The fields that may be read: those of every permit that holds, without those that a forbid hides. It does not ask
 * whether an action is permitted.
 */
export function readable(index: RuleIndex, request: UntypedReadRequest): readonly string[] {
  return openFields(index, { ...request, action: request.type }, 'reads');
}

/**
 * The fields that the action may change: those of every permit of this action that holds, without those that a forbid
 * keeps. It does not ask whether the action itself is permitted.
 */
export function writable(index: RuleIndex, request: UntypedRequest): readonly string[] {
  return openFields(index, request, 'writes');
}

/** What is thrown (by a getter of a row, say) opens nothing. */
function openFields(index: RuleIndex, request: UntypedRequest, what: 'reads' | 'writes'): readonly string[] {
  try {
    const plan = planFor(index[what], request.action, request);
    const values = isObject(request.resource) ? plan?.slots.read(request) : undefined;
    return plan === undefined || values === undefined ? [] : openOf(plan, values, request.scopes);
  } catch {
    return [];
  }
}

/** INVARIANT: forbids come last, since what they close no permit opens again. */
function openOf({ permits, forbids, opening }: Plan, values: Values, scopes: readonly string[]): readonly string[] {
  let open = opening.none;
  for (const { when, rule, place } of permits) {
    if (holds(when, values) === true && carries(scopes, rule.scopes)) open = opening.also(open, place);
  }
  for (const { when, place } of forbids) {
    if (holds(when, values) === true) open = opening.also(open, permits.length + place);
  }
  return open.value;
}
