/** The rules sorted by the questions they answer, each with its conditions compiled. */
import { type Combinations, createCombinations } from './combinations.ts';
import { type CompiledCondition, compileCondition, foreknownParts } from './compile.ts';
import type { Term } from './condition.ts';
import { type Decision, decidedTogether, decisionOf, decisionWithout, denial } from './decision.ts';
import { concerns, conditionOf, type Rule } from './rule.ts';
import { createSlots, type Declared, type Layout, type SlotReader } from './slots.ts';
import { createTemplates, type Templates } from './templates.ts';
import type { AttributeSpec, Vocabulary } from './vocabulary.ts';

export interface CompiledRule {
  readonly rule: Rule;
  /** Among the rules of its effect. */
  readonly place: number;
  readonly when: CompiledCondition;
  /** The comparisons that may come to something before a row is known. */
  readonly foreknown: readonly CompiledCondition[];
  /** The decision when the scopes are missing. */
  readonly lacking: Decision;
}

/** What is asked when one kind of principal puts one question. */
export interface Plan {
  readonly slots: SlotReader;
  readonly forbids: readonly CompiledRule[];
  readonly permits: readonly CompiledRule[];
  /** What the rules of one effect decide together. */
  readonly forbidding: Combinations<Decision>;
  readonly permitting: Combinations<Decision>;
  /** The fields that permits open together, then without those that forbids close; their places follow the permits'. */
  readonly opening: Combinations<readonly string[]>;
  /** The texts of filters. */
  readonly templates: Templates;
  /** Where everything that is asked for goes. */
  readonly layout: Layout;
  /** Where values are put while one request is judged; taken out meanwhile. */
  readonly spare: { values: unknown[] | undefined };
}

/** By what the question is about, then by the kind of principal; everything that is declared is there. */
type Plans = ReadonlyMap<string, PlansOfKinds>;

interface PlansOfKinds {
  readonly all: ReadonlyMap<string, Plan>;
  /** The kind that is declared first, which most requests are from: it is found without a search. */
  readonly firstKind: string | undefined;
  readonly firstPlan: Plan | undefined;
}

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
  const plans = (names: readonly string[], { answers, fieldsOf }: Question): Plans =>
    new Map(
      names.map((name) => {
        const resource = resourceOf(name);
        const answering = rules.filter((rule) => rule.on === resource && answers(rule, verbOf(name)));
        return [name, plansOfKinds(vocabulary, answering, { resource, fieldsOf })];
      }),
    );
  const actions = actionsOf(vocabulary);
  return {
    vocabulary,
    actions: plans(actions, { answers: (rule, verb) => rule.may.includes(verb), fieldsOf: () => [] }),
    reads: plans(Object.keys(vocabulary.resources), {
      answers: (rule) => rule.reads.length > 0,
      fieldsOf: (rule) => rule.reads,
    }),
    writes: plans(actions, {
      // A forbid keeps its fields from every action.
      answers: (rule, verb) => rule.writes.length > 0 && (rule.effect === 'forbid' || rule.may.includes(verb)),
      fieldsOf: (rule) => rule.writes,
    }),
  };
}

/** Which rules have something to say, and of which fields. */
interface Question {
  readonly answers: (rule: Rule, verb: string) => boolean;
  readonly fieldsOf: (rule: Rule) => readonly string[];
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

function plansOfKinds(
  vocabulary: Vocabulary,
  rules: readonly Rule[],
  { resource, fieldsOf }: Pick<Question, 'fieldsOf'> & { readonly resource: string },
): PlansOfKinds {
  const declared = Object.keys(vocabulary.resources[resource]?.fields ?? {});
  const all = new Map<string, Plan>(
    Object.keys(vocabulary.principals).map((kind) => {
      const slots = createSlots(declarations(vocabulary, resource, kind));
      const compiled = (effect: Rule['effect']): readonly CompiledRule[] =>
        rules
          // INVARIANT: rules for another kind are not in the plan at all.
          .filter((rule) => rule.effect === effect && concerns(rule, kind))
          .map((rule, place) => {
            const when = compileCondition(conditionOf(vocabulary, rule), slots);
            return { rule, place, when, foreknown: foreknownParts(when), lacking: decisionWithout(rule) };
          });
      const [forbids, permits] = [compiled('forbid'), compiled('permit')];
      const [forbidding, permitting] = [outcomesOf(forbids), outcomesOf(permits)];
      return [
        kind,
        {
          slots,
          layout: slots.layout,
          forbids,
          permits,
          forbidding,
          permitting,
          opening: openingOf([...permits, ...forbids], { declared, fieldsOf }),
          templates: createTemplates(),
          spare: { values: undefined },
        },
      ];
    }),
  );
  const [first] = all;
  return { all, firstKind: first?.[0], firstPlan: first?.[1] };
}

function outcomesOf(rules: readonly CompiledRule[]): Combinations<Decision> {
  const alone = rules.map(({ rule }) => decisionOf(rule));
  return createCombinations(rules.length, denial, (before, place) => decidedTogether(before, alone[place] as Decision));
}

interface Opening {
  /** In this order fields are listed. */
  readonly declared: readonly string[];
  readonly fieldsOf: (rule: Rule) => readonly string[];
}

function openingOf(rules: readonly CompiledRule[], { declared, fieldsOf }: Opening): Combinations<readonly string[]> {
  return createCombinations<readonly string[]>(rules.length, Object.freeze([]), (open, place) => {
    const { rule } = rules[place] as CompiledRule;
    const own = fieldsOf(rule);
    const isOpen = (field: string): boolean =>
      rule.effect === 'permit'
        ? open.includes(field) || own.includes(field)
        : open.includes(field) && !own.includes(field);
    return Object.freeze(declared.filter(isOpen));
  });
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
