/** May this principal do this action on this object? The rules that say so, and the errors that made it a denial. */
import { holds, type Values } from './compile.ts';
import { type Decision, denial } from './decision.ts';
import { actionsOf, type CompiledRule, type Plan, type RuleIndex } from './plan.ts';
import { fill, fillObject, problemsIn, read } from './slots.ts';

/** A request as the engine sees it: typed at the door (`policy.ts`), checked again here. */
export interface UntypedRequest {
  readonly principal: unknown;
  readonly scopes: readonly string[];
  readonly action: string;
  readonly resource?: unknown;
  readonly context: unknown;
}

export function decide(index: RuleIndex, request: UntypedRequest): Decision {
  try {
    if (!isObject(request.resource)) return refused('resource is missing');
    const plan = planFor(index.actions.get(request.action), request);
    const decision = plan === undefined ? undefined : judgeInPlace(plan, request);
    return decision ?? refused(...problemsOf(index, plan, request));
  } catch {
    return failed();
  }
}

/**
 * Judges where the plan keeps a place for it, so that a decision makes no object. A getter or proxy in the request may
 * ask for another decision meanwhile: that one finds no place and makes its own.
 */
function judgeInPlace(plan: Plan, request: UntypedRequest): Decision | undefined {
  const values = takePlace(plan);
  const decision = fill(plan, values, request) ? judge(plan, values, request.scopes) : undefined;
  plan.spare = values;
  return decision;
}

/** The place that a plan keeps, or a new one; to be put back into `spare`. */
export function takePlace(plan: Plan): unknown[] {
  const values = plan.spare ?? [...plan.blank];
  plan.spare = undefined;
  return values;
}

/**
 * Whether there can be any object for which the action is permitted, judged before one is loaded. A permit means «it
 * depends on the object» or «all»; it never replaces {@link decide} or `filter`.
 */
export function foresee(index: RuleIndex, { principal, scopes, action, context }: UntypedRequest): Decision {
  const request: UntypedRequest = { principal, scopes, action, context };
  try {
    const plan = planFor(index.actions.get(action), request);
    const values = plan && read(plan, request);
    return plan === undefined || values === undefined
      ? refused(...problemsOf(index, plan, request))
      : judgeUnseen(plan, values, scopes);
  } catch {
    return failed();
  }
}

/**
 * The same decision for many objects: who asks for what is read once, and a later change of the principal counts for
 * nothing.
 */
export function decider(index: RuleIndex, request: UntypedRequest): (resource: unknown) => Decision {
  const plan = planFor(index.actions.get(request.action), request);
  const known = plan && read(plan, { ...request, resource: undefined });
  const scopes = plan === undefined ? [] : [...request.scopes];
  let spare: Plan['spare'];
  return (resource) => {
    try {
      if (!isObject(resource)) return refused('resource is missing');
      // INVARIANT: what cannot be read is told of and never decided on, or who asks would be read once more.
      if (plan === undefined || known === undefined)
        return refused(...problemsOf(index, plan, { ...request, resource }));
      const values = spare ?? [...known];
      spare = undefined;
      const decision = fillObject(plan, values, resource) ? judge(plan, values, scopes) : undefined;
      spare = values;
      return decision ?? refused(...problemsIn(plan, { ...request, resource }));
    } catch {
      return failed();
    }
  };
}

/** A getter or proxy in a row can throw; whatever is thrown is a denial and never a permit. */
function failed(): Decision {
  return refused('the decision could not be made');
}

/** Undefined when there is none, or when the request has no scopes to judge by. */
export function planFor(
  first: Plan | undefined,
  { principal, scopes }: Omit<UntypedRequest, 'action'>,
): Plan | undefined {
  if (first === undefined || !isObject(principal) || !Array.isArray(scopes)) return undefined;
  const { kind } = principal as { readonly kind?: unknown };
  return kind === first.kind ? first : first.kinds.get(kind as string);
}

type Judge = (plan: Plan, values: Values, scopes: readonly string[]) => Decision;

/**
 * An undefined verdict means that some object may fit. About a known object there is none; should there be one all the
 * same, it forbids and does not permit.
 */
// Loops by index here and in `slots.ts`: an iterator costs as much as a comparison.
function judgeWhere({ isKnown }: { readonly isKnown: boolean }): Judge {
  return ({ forbids, forbidding, permits, permitting }, values, scopes) => {
    let outcome = forbidding.none;
    for (let index = 0; index < forbids.length; index += 1) {
      const one = forbids[index] as CompiledRule;
      if (holds(one.when, values) ?? isKnown) outcome = outcome.next[one.place] ?? forbidding.also(outcome, one.place);
    }
    if (outcome !== forbidding.none) return outcome.value;
    outcome = permitting.none;
    let lacking: Decision | undefined;
    for (let index = 0; index < permits.length; index += 1) {
      const one = permits[index] as CompiledRule;
      if (!(holds(one.when, values) ?? !isKnown)) continue;
      if (carries(scopes, one.rule.scopes)) outcome = outcome.next[one.place] ?? permitting.also(outcome, one.place);
      else lacking ??= one.lacking;
    }
    return outcome === permitting.none ? (lacking ?? denial) : outcome.value;
  };
}

const judge = judgeWhere({ isKnown: true });
const judgeUnseen = judgeWhere({ isKnown: false });

export function carries(scopes: readonly string[], needed: readonly string[]): boolean {
  for (let index = 0; index < needed.length; index += 1) if (!scopes.includes(needed[index] as string)) return false;
  return true;
}

function refused(...errors: readonly string[]): Decision {
  return { ...denial, errors };
}

/** Why a request could not be judged. */
function problemsOf(index: RuleIndex, plan: Plan | undefined, request: UntypedRequest): readonly string[] {
  if (plan !== undefined) return problemsIn(plan, request);
  if (!actionsOf(index.vocabulary).includes(request.action)) return ['the action is not declared'];
  return [Array.isArray(request.scopes) ? 'principal.kind is not declared' : 'scopes is missing'];
}

export function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
