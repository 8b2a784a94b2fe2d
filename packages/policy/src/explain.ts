/** A decision in words: the rules that decided, and the permits that came close with what they still ask for. */
import { type CompiledCondition, holds, type Values } from './compile.ts';
import { decide, planFor, type UntypedRequest } from './decide.ts';
import type { Decision } from './decision.ts';
import type { CompiledRule, RuleIndex } from './plan.ts';
import { read } from './slots.ts';
import { inWords } from './words.ts';

/** A permit that did not apply. */
export interface NearMiss {
  readonly rule: string;
  /** What would have to hold as well. */
  readonly lacks: readonly string[];
}

/** Names and literals of the policy; no value of the request, so that it may be logged. */
export interface Explanation {
  readonly decision: Decision;
  /** The rules that decided, with what they ask for. */
  readonly because: readonly { readonly rule: string; readonly words: string }[];
  /** Nearest first. */
  readonly near: readonly NearMiss[];
  /** All of it as lines. */
  readonly text: string;
}

export function explain(index: RuleIndex, request: UntypedRequest): Explanation {
  const decision = decide(index, request);
  const plan = decision.errors.length > 0 ? undefined : planFor(index.actions.get(request.action), request);
  const values = plan && read(plan, request);
  if (plan === undefined || values === undefined) return inLines(request.action, { decision, because: [], near: [] });
  const because = [...plan.forbids, ...plan.permits]
    .filter(({ rule }) => decision.rules.includes(rule.id))
    .map(({ rule, when }) => ({ rule: rule.id, words: inWords(when.condition) }));
  const near = plan.permits
    .map((one): NearMiss => ({ rule: one.rule.id, lacks: lacking(one, values, request.scopes) }))
    .filter(({ rule }) => !decision.rules.includes(rule))
    .toSorted((one, other) => one.lacks.length - other.lacks.length);
  return inLines(request.action, { decision, because, near });
}

function lacking({ rule, when }: CompiledRule, values: Values, scopes: readonly string[]): readonly string[] {
  const missing = rule.scopes.filter((scope) => !scopes.includes(scope));
  return [...missing.map((scope) => `scope ${scope}`), ...unmet(when, values)];
}

/** The least that would have to hold for the condition to hold. */
function unmet(compiled: CompiledCondition, values: Values): readonly string[] {
  if (holds(compiled, values) === true) return [];
  const { condition, parts } = compiled;
  if (condition.op === 'and') return parts.flatMap((part) => unmet(part, values));
  if (condition.op !== 'or' || parts.length === 0) return [inWords(condition)];
  const ways = parts.map((part) => unmet(part, values));
  return ways.reduce((least, way) => (way.length < least.length ? way : least));
}

function inLines(action: string, found: Omit<Explanation, 'text'>): Explanation {
  const { decision, because, near } = found;
  const verb = decision.effect === 'permit' ? 'permits' : 'forbids';
  const lines = [
    `${action}: ${decision.effect === 'permit' ? 'permitted' : 'denied'}`,
    ...decision.errors.map((error) => `  it could not be judged: ${error}`),
    ...because.map(({ rule, words }) => `  ${rule} ${verb} it: ${words}`),
    ...(decision.effect === 'deny' && because.length + decision.errors.length === 0 ? ['  no rule permits it'] : []),
    ...near.map(
      ({ rule, lacks }) => `  ${rule} ${lacks.length === 0 ? 'would permit it' : `lacks: ${lacks.join('; ')}`}`,
    ),
  ];
  return { ...found, text: lines.join('\n') };
}
