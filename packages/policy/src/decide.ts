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

function answer(index: RuleIndex, request: UntypedRequest): Decision {
  return failClosed(() => {
    const plan = planFor(index.actions, request.action, request);
    const values = plan?.slots.read(request);
    return plan === undefined || values === undefined
      ? refused(...problemsOf(index, plan, request))
      : judge(plan, values, { scopes: request.scopes, isKnown: request.resource !== undefined });
  });
}

/**
 * The same decision for many objects: who asks for what is read once, and a later change of the principal counts for
 * nothing.
 */
export function decider(index: RuleIndex, request: UntypedRequest): (resource: unknown) => Decision {
  // What cannot be read is told in full by the one decision.
  const decideAgain = (resource: unknown): Decision => decide(index, { ...request, resource });
  const plan = planFor(index.actions, request.action, request);
  const known = plan?.slots.read({ ...request, resource: undefined });
  if (plan === undefined || known === undefined) return decideAgain;
  const asked: Asked = { scopes: [...request.scopes], isKnown: true };
  return (resource) =>
    failClosed(() => {
      const values = isObject(resource) ? plan.slots.complete(known, resource) : undefined;
      return values === undefined ? decideAgain(resource) : judge(plan, values, asked);
    });
}

/** A getter or proxy in a row can throw; whatever is thrown is a denial and never a permit. */
function failClosed(decision: () => Decision): Decision {
  try {
    return decision();
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

interface Asked {
  readonly scopes: readonly string[];
  /** Whether there is an object. */
  readonly isKnown: boolean;
}

function judge(plan: Plan, values: Values, { scopes, isKnown }: Asked): Decision {
  // An undefined verdict means that some object may fit. About a known object there is none; should there be one all
  // the same, it forbids and does not permit.
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
