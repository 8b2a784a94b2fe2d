/** Turns a condition, once, into functions that judge it. */
import type { Condition, Operand } from './condition.ts';
import type { Slots } from './slots.ts';

/**
 * What is known when a decision is made, by slot: a value, null for absent, undefined for what is not known yet. A
 * relation is known as a list of objects, each a list of the values that the condition asks of it.
 */
export type Values = readonly unknown[];

/** True, false, or undefined: it depends on the row, which is not known yet. */
type Verdict = boolean | undefined;

export interface CompiledCondition {
  readonly condition: Condition;
  readonly holds: (values: Values) => Verdict;
  readonly parts: readonly CompiledCondition[];
  /** The places of what it compares. */
  readonly sides: readonly number[];
}

/**
 * Compiles a condition that `checkPolicy` has found sound.
 *
 * INVARIANT: with a resource the verdict is never undefined, since every slot has been read.
 */
export function compileCondition(condition: Condition, slots: Slots): CompiledCondition {
  if (condition.op === 'some') return compileSome(condition, slots);
  const parts = partsOf(condition).map((part) => compileCondition(part, slots));
  const sides = operandsOf(condition).map(slots.of);
  return { condition, parts, sides, holds: judge(condition, parts, sides) };
}

function partsOf(condition: Condition): readonly Condition[] {
  if (condition.op === 'not') return [condition.of];
  return condition.op === 'and' || condition.op === 'or' ? condition.of : [];
}

/** The operands that a condition itself compares, not those of its parts. */
function operandsOf(condition: Condition): readonly Operand[] {
  switch (condition.op) {
    case 'eq':
      return [condition.left, condition.right];
    case 'in':
      return [condition.item, condition.list];
    case 'absent':
      return [condition.of];
    default:
      return [];
  }
}

function judge(
  condition: Exclude<Condition, { op: 'some' }>,
  parts: readonly CompiledCondition[],
  [left = 0, right = 0]: readonly number[],
): CompiledCondition['holds'] {
  switch (condition.op) {
    case 'always':
      return () => true;
    case 'eq':
      return (values) => equal(values[left], values[right]);
    case 'in':
      return (values) => isIn(values[left], values[right]);
    case 'absent':
      return (values) => (values[left] === undefined ? undefined : values[left] === null);
    case 'not': {
      const [part] = parts as [CompiledCondition];
      return (values) => {
        const verdict = part.holds(values);
        return verdict === undefined ? undefined : !verdict;
      };
    }
    case 'and':
      return (values) => combine(parts, values, false);
    case 'or':
      return (values) => combine(parts, values, true);
  }
}

/** A comparison with something absent is false, even when the other side is not known yet. */
function equal(left: unknown, right: unknown): Verdict {
  if (left === null || right === null) return false;
  return left === undefined || right === undefined ? undefined : left === right;
}

function isIn(item: unknown, list: unknown): Verdict {
  if (item === null || list === null) return false;
  return item === undefined || list === undefined ? undefined : (list as readonly unknown[]).includes(item);
}

/** `and` is decided by the first false, `or` by the first true, whatever is not known yet. */
function combine(parts: readonly CompiledCondition[], values: Values, decisive: boolean): Verdict {
  let verdict: Verdict = !decisive;
  for (let index = 0; index < parts.length; index += 1) {
    const one = (parts[index] as CompiledCondition).holds(values);
    if (one === decisive) return decisive;
    if (one === undefined) verdict = undefined;
  }
  return verdict;
}

/** Before the objects are known, it can only be known that none would do. */
function compileSome(condition: Extract<Condition, { op: 'some' }>, slots: Slots): CompiledCondition {
  const inside = slots.inside();
  const part = compileCondition(condition.of, inside);
  const list = slots.relation(condition.relation, [...inside.asked.keys()]);
  const places = [...inside.asked.values()];
  const holds = (values: Values): Verdict => {
    const objects = values[list] as readonly Values[] | undefined;
    if (objects === undefined) return part.holds(values) === false ? false : undefined;
    return objects.some((object) => {
      const all = [...values];
      for (const [index, place] of places.entries()) all[place] = object[index];
      return part.holds(all) === true;
    });
  };
  return { condition, parts: [part], sides: [], holds };
}
