/** May this principal do this action on this object? The rules that say so, and the errors that made it a denial. */
import type { CompiledCondition, Facts } from './compile.ts';
import type { Rule } from './rule.ts';
import { attributeErrors, rowErrors, type Vocabulary } from './vocabulary.ts';

/** A verdict that explains itself. */
export interface Decision {
  readonly effect: 'permit' | 'deny';
  /** Ids of the rules that decided: the forbids that matched, else the permits; none for a denial by default. */
  readonly rules: readonly string[];
  /** What could not be judged; any error denies. Names, never values. */
  readonly errors: readonly string[];
  /** All scopes of the first rule that only a lack of scopes kept from permitting; for a challenge. */
  readonly scopes: readonly string[];
}

/** A request as the engine sees it: typed at the door (`policy.ts`), checked again here. */
export interface UntypedRequest {
  readonly principal: unknown;
  readonly scopes: readonly string[];
  readonly action: string;
  readonly resource?: unknown;
  readonly context: unknown;
}

export interface CompiledRule {
  readonly rule: Rule;
  readonly when: CompiledCondition;
}

/** The compiled rules, by what they are about. */
export interface RuleIndex {
  readonly vocabulary: Vocabulary;
  /** By `invoice.read`; every declared action is there. */
  readonly byAction: ReadonlyMap<string, readonly CompiledRule[]>;
  /** By `invoice`; every declared resource is there. */
  readonly byResource: ReadonlyMap<string, readonly CompiledRule[]>;
}

/** What a request comes to once its parts fit their declarations. */
export interface Asked {
  readonly kind: string;
  readonly resourceName: string;
  readonly scopes: readonly string[];
  readonly facts: Facts;
}

export function decide(index: RuleIndex, request: UntypedRequest): Decision {
  return failClosed(() => judge(index, request, true));
}

/**
 * Whether there can be any object for which the action is permitted, judged before one is loaded. A permit means «it
 * depends on the object» or «all»; it never replaces {@link decide} or `filter`.
 */
export function foresee(index: RuleIndex, request: UntypedRequest): Decision {
  return failClosed(() => judge(index, request, false));
}

function judge(index: RuleIndex, request: UntypedRequest, withResource: boolean): Decision {
  const rules = index.byAction.get(request.action);
  if (rules === undefined) return deny({ errors: ['the action is not declared'] });
  const asked = readRequest(index, resourceOf(request.action), request, withResource);
  if (!isAsked(asked)) return deny({ errors: asked });
  const matching = rules.filter((one) => concerns(one.rule, asked));
  const forbids = matching.filter((one) => one.rule.effect === 'forbid' && one.when.holds(asked.facts) === true);
  if (forbids.length > 0) return deny({ rules: ids(forbids) });
  // With a row, false is the only other verdict; without one, undefined means that some row may fit.
  const permits = matching.filter((one) => one.rule.effect === 'permit' && one.when.holds(asked.facts) !== false);
  const granted = permits.filter((one) => carries(asked.scopes, one.rule.scopes));
  if (granted.length === 0) return deny({ scopes: permits[0]?.rule.scopes ?? [] });
  return { effect: 'permit', rules: ids(granted), errors: [], scopes: [] };
}

/** `invoice` of `invoice.read`. */
export function resourceOf(action: string): string {
  return action.slice(0, action.indexOf('.'));
}

/** `read` of `invoice.read`. */
export function verbOf(action: string): string {
  return action.slice(action.indexOf('.') + 1);
}

/** Reads a request into {@link Asked}, or into the errors that make it a denial. */
export function readRequest(
  index: RuleIndex,
  resourceName: string,
  request: Omit<UntypedRequest, 'action'>,
  withResource: boolean,
): Asked | readonly string[] {
  const principal = request.principal as { readonly kind?: unknown } | null | undefined;
  const kind = principal?.kind;
  const { principals, resources, context } = index.vocabulary;
  if (typeof kind !== 'string' || !Object.hasOwn(principals, kind)) return ['principal.kind is not declared'];
  const errors = [
    ...attributeErrors('principal', principals[kind] ?? {}, principal),
    ...attributeErrors('context', context, request.context),
    ...(withResource ? rowErrors('resource', resources[resourceName]?.fields ?? {}, request.resource) : []),
  ];
  if (!Array.isArray(request.scopes)) errors.push('scopes is missing');
  if (errors.length > 0) return errors;
  const facts = { principal, resource: withResource ? request.resource : undefined, context: request.context } as Facts;
  return { kind, resourceName, scopes: request.scopes, facts };
}

export function isAsked(asked: Asked | readonly string[]): asked is Asked {
  return !Array.isArray(asked);
}

/** INVARIANT: a rule for one kind of principal never matches another, so a client never has a person's rights. */
export function concerns(rule: Rule, asked: Asked): boolean {
  return rule.who === undefined ? rule.effect === 'forbid' : rule.who === asked.kind;
}

export function carries(scopes: readonly string[], needed: readonly string[]): boolean {
  return needed.every((scope) => scopes.includes(scope));
}

/** A getter or proxy in a row can throw; whatever is thrown is a denial and never a permit. */
function failClosed(decision: () => Decision): Decision {
  try {
    return decision();
  } catch {
    return deny({ errors: ['the decision could not be made'] });
  }
}

function deny(parts: Partial<Omit<Decision, 'effect'>>): Decision {
  return { effect: 'deny', rules: parts.rules ?? [], errors: parts.errors ?? [], scopes: parts.scopes ?? [] };
}

function ids(rules: readonly CompiledRule[]): readonly string[] {
  return rules.map((one) => one.rule.id);
}
