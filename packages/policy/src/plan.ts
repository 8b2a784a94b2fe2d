/** The rules sorted by the questions they answer, each with its conditions compiled. */
import { type Combinations, createCombinations } from './combinations.ts';
import { type CompiledCondition, compileCondition, foreknownParts } from './compile.ts';
import type { Term } from './condition.ts';
import { type Decision, decidedTogether, decisionOf, decisionWithout, denial } from './decision.ts';
import { concerns, conditionOf, type Rule } from './rule.ts';
import { createSlots, type Declared, emptyLayout, type Layout } from './slots.ts';
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

/**
 * What is asked when one kind of principal puts one question, and where the answers to it go. All in one object: on the
 * way to a decision, each that lies behind another one is waited for.
 */
export interface Plan extends Layout {
  readonly kind: string;
  /** The plans of the same question for each kind. */
  readonly kinds: ReadonlyMap<string, Plan>;
  readonly forbids: readonly CompiledRule[];
  readonly permits: readonly CompiledRule[];
  /** What the rules of one effect decide together. */
  readonly forbidding: Combinations<Decision>;
  readonly permitting: Combinations<Decision>;
  /** The fields that permits open together, then without those that forbids close; their places follow the permits'. */
  readonly opening: Combinations<readonly string[]>;
  /** The texts of filters. */
  readonly templates: Templates;
  /** Where values are put while one request is judged; taken out meanwhile. */
  spare: unknown[] | undefined;
}

/**
 * By what the question is about: everything that is declared is there. Each is for the kind that is declared first, which
 * most requests are from, and knows the others.
 */
type Plans = ReadonlyMap<string, Plan>;

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
      names.flatMap((name) => {
        const resource = resourceOf(name);
        const answering = rules.filter((rule) => rule.on === resource && answers(rule, verbOf(name)));
        const first = firstPlan(vocabulary, answering, { resource, fieldsOf });
        return first === undefined ? [] : [[name, first]];
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

/** The plan of the kind that is declared first; undefined when none is. */
function firstPlan(
  vocabulary: Vocabulary,
  rules: readonly Rule[],
  { resource, fieldsOf }: Pick<Question, 'fieldsOf'> & { readonly resource: string },
): Plan | undefined {
  const declared = Object.keys(vocabulary.resources[resource]?.fields ?? {});
  const kinds = new Map<string, Plan>();
  for (const kind of Object.keys(vocabulary.principals)) {
    const layout = emptyLayout();
    const slots = createSlots(layout, declarations(vocabulary, resource, kind));
    const compiled = (effect: Rule['effect']): readonly CompiledRule[] =>
      rules
        // INVARIANT: rules for another kind are not in the plan at all.
        .filter((rule) => rule.effect === effect && concerns(rule, kind))
        .map((rule, place) => {
          const when = compileCondition(conditionOf(vocabulary, rule), slots);
          return { rule, place, when, foreknown: foreknownParts(when), lacking: decisionWithout(rule) };
        });
    const [forbids, permits] = [compiled('forbid'), compiled('permit')];
    const { principal, resource: object, context, related, blank } = layout;
    // Written out: what comes out of a spread lies behind it.
    kinds.set(kind, {
      kind,
      kinds,
      principal,
      resource: object,
      context,
      related,
      blank,
      forbids,
      permits,
      forbidding: outcomesOf(forbids),
      permitting: outcomesOf(permits),
      opening: openingOf([...permits, ...forbids], { declared, fieldsOf }),
      templates: createTemplates(),
      spare: undefined,
    });
  }
  return kinds.values().next().value;
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
