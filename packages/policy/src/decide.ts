/** May this principal do this action on this object? The rules that say so, and the errors that made it a denial. */
import type { Values } from './compile.ts';
import { type Decision, denial } from './decision.ts';
import type { Plan, RuleIndex } from './plan.ts';

/** A request as the engine sees it: typed at the door (`policy.ts`), checked again here. */
export interface UntypedRequest {
  readonly principal: unknown;
  readonly scopes: readonly string[];
  readonly action: string;
  readonly resource?: unknown;
  readonly context: unknown;
}

export function decide(index: RuleIndex, request: UntypedRequest): Decision {
  return isObject(request.resource) ? answer(index, request) : refused('resource is missing');
}

/**
 * Whether there can be any object for which the action is permitted, judged before one is loaded. A permit means «it
 * depends on the object» or «all»; it never replaces {@link decide} or `filter`.
 */
export function foresee(index: RuleIndex, request: UntypedRequest): Decision {
  return answer(index, { ...request, resource: undefined });
}

/** A getter or proxy in a row can throw; whatever is thrown is a denial and never a permit. */
function answer(index: RuleIndex, request: UntypedRequest): Decision {
  try {
    const plan = planFor(index.actions, request.action, request);
    const values = plan?.slots.read(request);
    return plan === undefined || values === undefined
      ? refused(...problemsOf(index, plan, request))
      : judge(plan, values, request);
  } catch {
    return refused('the decision could not be made');
  }
}

/** Undefined when there is none, or when the request has no scopes to judge by. */
export function planFor(
  plans: RuleIndex['actions'],
  name: string,
  { principal, scopes }: Omit<UntypedRequest, 'action'>,
): Plan | undefined {
  const kind = isObject(principal) ? (principal as { readonly kind?: unknown }).kind : undefined;
  return Array.isArray(scopes) ? plans.get(name)?.get(kind as string) : undefined;
}

function judge(plan: Plan, values: Values, { resource, scopes }: UntypedRequest): Decision {
  // An undefined verdict means that some object may fit. About a known object there is none; should there be one all
  // the same, it forbids and does not permit.
  const isKnown = resource !== undefined;
  let decision: Decision | undefined;
  for (const one of plan.forbids) if (one.when.holds(values) ?? isKnown) decision = joined(decision, one.alone);
  if (decision !== undefined) return decision;
  let lacking: Decision | undefined;
  for (const one of plan.permits) {
    if (!(one.when.holds(values) ?? !isKnown)) continue;
    if (carries(scopes, one.rule.scopes)) decision = joined(decision, one.alone);
    else lacking ??= one.lacking;
  }
  return decision ?? lacking ?? denial;
}

/** What two rules decide together: the same, and both say so. */
function joined(decision: Decision | undefined, other: Decision): Decision {
  return decision === undefined ? other : { ...decision, rules: [...decision.rules, ...other.rules] };
}

export function carries(scopes: readonly string[], needed: readonly string[]): boolean {
  for (const scope of needed) if (!scopes.includes(scope)) return false;
  return true;
}

function refused(...errors: readonly string[]): Decision {
  return { ...denial, errors };
}

/** Why a request could not be judged. */
function problemsOf(index: RuleIndex, plan: Plan | undefined, request: UntypedRequest): readonly string[] {
  if (plan !== undefined) return plan.slots.problems(request);
  if (!index.actions.has(request.action)) return ['the action is not declared'];
  return [Array.isArray(request.scopes) ? 'principal.kind is not declared' : 'scopes is missing'];
}

export function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
