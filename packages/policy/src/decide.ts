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
  readonly scopes: readonly string[];
  readonly facts: Facts;
}

export function decide(index: RuleIndex, request: UntypedRequest): Decision {
  return failClosed(() => judge(index, request, 'object'));
}

/**
 * Whether there can be any object for which the action is permitted, judged before one is loaded. A permit means «it
 * depends on the object» or «all»; it never replaces {@link decide} or `filter`.
 */
export function foresee(index: RuleIndex, request: UntypedRequest): Decision {
  return failClosed(() => judge(index, request, 'any object'));
}

function judge(index: RuleIndex, request: UntypedRequest, about: 'object' | 'any object'): Decision {
  const rules = index.byAction.get(request.action);
  if (rules === undefined) return deny({ errors: ['the action is not declared'] });
  const isKnown = about === 'object';
  const asked = readRequest(index, request, isKnown ? resourceOf(request.action) : undefined);
  if (!isAsked(asked)) return deny({ errors: asked });
  const matching = rules.filter((one) => concerns(one.rule, asked));
  // An undefined verdict means that some object may fit. About a known object there is none; should there be one all
  // the same, it forbids and does not permit.
  const holds = (one: CompiledRule, unknown: boolean): boolean => one.when.holds(asked.facts) ?? unknown;
  const forbids = matching.filter((one) => one.rule.effect === 'forbid' && holds(one, isKnown));
  if (forbids.length > 0) return deny({ rules: ids(forbids) });
  const permits = matching.filter((one) => one.rule.effect === 'permit' && holds(one, !isKnown));
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

/**
 * Reads a request into {@link Asked}, or into the errors that make it a denial. Without the name of a resource the
 * object is not known yet, whatever the request holds.
 */
export function readRequest(
  index: RuleIndex,
  request: Omit<UntypedRequest, 'action'>,
  resourceName: string | undefined,
): Asked | readonly string[] {
  const principal = request.principal as { readonly kind?: unknown } | null | undefined;
  const kind = principal?.kind;
  const { principals, resources, context } = index.vocabulary;
  const resource = resourceName === undefined ? undefined : request.resource;
  if (typeof kind !== 'string' || !Object.hasOwn(principals, kind)) return ['principal.kind is not declared'];
  const errors = [
    ...attributeErrors('principal', principals[kind] ?? {}, principal),
    ...attributeErrors('context', context, request.context),
    ...(resourceName === undefined ? [] : rowErrors('resource', resources[resourceName]?.fields ?? {}, resource)),
  ];
  if (!Array.isArray(request.scopes)) errors.push('scopes is missing');
  if (errors.length > 0) return errors;
  return { kind, scopes: request.scopes, facts: { principal, resource, context: request.context } as Facts };
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
