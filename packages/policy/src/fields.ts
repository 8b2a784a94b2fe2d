/** Which fields of an object a principal may read, and which an action may change. */
import { holds } from './compile.ts';
import { carries, isObject, planFor, type UntypedRequest } from './decide.ts';
import { type CompiledRule, type Plan, type RuleIndex, resourceOf } from './plan.ts';

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
    if (plan === undefined) return [];
    const [open, closed] = holding(plan, request);
    return plan.fieldLists.find(open, closed, () => {
      const declared = Object.keys(index.vocabulary.resources[resourceOf(request.action)]?.fields ?? {});
      const names = (rules: readonly CompiledRule[]): ReadonlySet<string> =>
        new Set(rules.flatMap(({ rule }) => rule[what]));
      const [opened, kept] = [names(open), names(closed)];
      return declared.filter((field) => opened.has(field) && !kept.has(field));
    });
  } catch {
    return [];
  }
}

type Holding = readonly CompiledRule[];

/** The permits and the forbids that hold; none when something is missing. */
function holding(plan: Plan, request: UntypedRequest): readonly [open: Holding, closed: Holding] {
  const values = isObject(request.resource) ? plan.slots.read(request) : undefined;
  if (values === undefined) return [[], []];
  const applies = (one: CompiledRule): boolean => holds(one.when, values) === true;
  const open = plan.permits.filter(applies).filter((one) => carries(request.scopes, one.rule.scopes));
  return [open, plan.forbids.filter(applies)];
}
