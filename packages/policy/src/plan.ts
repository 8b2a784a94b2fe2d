/** The rules sorted by the questions they answer, each with its conditions compiled. */
import { type CompiledCondition, compileCondition } from './compile.ts';
import type { Term } from './condition.ts';
import { type Decision, decisionOf, decisionWithout } from './decision.ts';
import { concerns, conditionOf, type Rule } from './rule.ts';
import { createSlots, type Declared, type SlotReader } from './slots.ts';
import type { AttributeSpec, Vocabulary } from './vocabulary.ts';

export interface CompiledRule {
  readonly rule: Rule;
  readonly when: CompiledCondition;
  /** The decision when no other rule decides. */
  readonly alone: Decision;
  /** The decision when the scopes are missing. */
  readonly lacking: Decision;
}

/** What is asked when one kind of principal puts one question. */
export interface Plan {
  readonly slots: SlotReader;
  readonly forbids: readonly CompiledRule[];
  readonly permits: readonly CompiledRule[];
}

/** By what the question is about, then by the kind of principal; everything that is declared is there. */
type Plans = ReadonlyMap<string, ReadonlyMap<string, Plan>>;

export interface RuleIndex {
  readonly vocabulary: Vocabulary;
  /** May it be done? By `invoice.update`. */
  readonly actions: Plans;
  /** What may be read? By `invoice`. */
  readonly reads: Plans;
  /** What may be changed? By `invoice.update`. */
  readonly writes: Plans;
}

export function indexRules(vocabulary: Vocabulary, rules: readonly Rule[]): RuleIndex {
  const plans = (names: readonly string[], answers: (rule: Rule, verb: string) => boolean): Plans =>
    new Map(
      names.map((name) => {
        const answering = rules.filter((rule) => rule.on === resourceOf(name) && answers(rule, verbOf(name)));
        return [name, plansOfKinds(vocabulary, resourceOf(name), answering)];
      }),
    );
  const actions = actionsOf(vocabulary);
  return {
    vocabulary,
    actions: plans(actions, (rule, verb) => rule.may.includes(verb)),
    reads: plans(Object.keys(vocabulary.resources), (rule) => rule.reads.length > 0),
    // A forbid keeps its fields from every action.
    writes: plans(
      actions,
      (rule, verb) => rule.writes.length > 0 && (rule.effect === 'forbid' || rule.may.includes(verb)),
    ),
  };
}

/** Every declared action: `invoice.read`. */
export function actionsOf(vocabulary: Vocabulary): readonly string[] {
  return Object.entries(vocabulary.resources).flatMap(([name, { actions }]) =>
    actions.map((verb) => `${name}.${verb}`),
  );
}

/** `invoice` of `invoice.read`, and of `invoice`. */
export function resourceOf(name: string): string {
  return name.split('.', 1)[0] as string;
}

/** `read` of `invoice.read`. */
function verbOf(action: string): string {
  return action.slice(action.indexOf('.') + 1);
}

function plansOfKinds(vocabulary: Vocabulary, resource: string, rules: readonly Rule[]): ReadonlyMap<string, Plan> {
  return new Map(
    Object.keys(vocabulary.principals).map((kind) => {
      const slots = createSlots(declarations(vocabulary, resource, kind));
      // INVARIANT: rules for another kind are not in the plan at all.
      const compiled = rules
        .filter((rule) => concerns(rule, kind))
        .map((rule): CompiledRule => {
          const when = compileCondition(conditionOf(vocabulary, rule), slots);
          return { rule, when, alone: decisionOf(rule), lacking: decisionWithout(rule) };
        });
      const { permit: permits = [], forbid: forbids = [] } = Object.groupBy(compiled, ({ rule }) => rule.effect);
      return [kind, { slots, forbids, permits }];
    }),
  );
}

/** The declaration of each term of a rule about this resource, for this kind. `checkPolicy` has found it sound. */
export function declarations(vocabulary: Vocabulary, resource: string, kind: string | undefined): Declared {
  return ({ from, name }: Term<unknown>, relation = '') => {
    const { fields = {}, relations = {} } = vocabulary.resources[resource] ?? {};
    const principal = kind === undefined ? { id: 'text' as const } : vocabulary.principals[kind];
    const other = vocabulary.resources[relations[relation]?.to ?? '']?.fields ?? {};
    const declared: Readonly<Record<string, Readonly<Record<string, AttributeSpec>>>> = {
      principal: principal ?? {},
      resource: fields,
      context: vocabulary.context,
      related: other,
    };
    return declared[from]?.[name] as AttributeSpec;
  };
}
