/** Finds, once, where everything that a condition asks for will be, and judges it by what is there. */
import type { Condition, Operand } from './condition.ts';
import type { Slots } from './slots.ts';

/**
 * What is known when a decision is made, by slot: a value, null for absent, undefined for what is not known yet. A
 * relation is known as a list of objects, each a list of the values that the condition asks of it.
 */
export type Values = readonly unknown[];

/** True, false, or undefined: it depends on the row, which is not known yet. */
type Verdict = boolean | undefined;

/** A condition whose operands have become places. Data, not a function: calling one of many costs more than comparing. */
export interface CompiledCondition {
  readonly condition: Condition;
  readonly op: Condition['op'];
  readonly parts: readonly CompiledCondition[];
  /** The places of what it compares; of a relation, where its objects are. */
  readonly left: number;
  readonly right: number;
  /** Of a relation: where the values of one of its objects go while the part is judged about it. */
  readonly asked: readonly number[];
}

const nowhere = -1;

/** Compiles a condition that `checkPolicy` has found sound. */
export function compileCondition(condition: Condition, slots: Slots): CompiledCondition {
  if (condition.op === 'some') return compileSome(condition, slots);
  const parts = partsOf(condition).map((part) => compileCondition(part, slots));
  const [left = nowhere, right = nowhere] = operandsOf(condition).map(slots.of);
  return { condition, op: condition.op, parts, left, right, asked: [] };
}

function compileSome(condition: Extract<Condition, { op: 'some' }>, slots: Slots): CompiledCondition {
  const inside = slots.inside();
  const part = compileCondition(condition.of, inside);
  const left = slots.relation(condition.relation, [...inside.asked.keys()]);
  return { condition, op: 'some', parts: [part], left, right: nowhere, asked: [...inside.asked.values()] };
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

/** The comparisons in it with something that is not of a row: their verdicts may be known before there is one. */
export function foreknownParts(compiled: CompiledCondition): readonly CompiledCondition[] {
  const { condition, parts } = compiled;
  if (parts.length > 0) return parts.flatMap(foreknownParts);
  return operandsOf(condition).some(({ from }) => from === 'principal' || from === 'context') ? [compiled] : [];
}

/**
 * Judges a condition.
 *
 * INVARIANT: with a resource the verdict is never undefined, since every slot has been read.
 */
export function holds(one: CompiledCondition, values: Values): Verdict {
  switch (one.op) {
    case 'always':
      return true;
    case 'eq':
      return equal(values[one.left], values[one.right]);
    case 'in':
      return isIn(values[one.left], values[one.right]);
    case 'absent':
      return values[one.left] === undefined ? undefined : values[one.left] === null;
    case 'not': {
      const verdict = holds(one.parts[0] as CompiledCondition, values);
      return verdict === undefined ? undefined : !verdict;
    }
    case 'and':
      return combine(one.parts, values, false);
    case 'or':
      return combine(one.parts, values, true);
    case 'some':
      return holdsForSome(one, values);
  }
}

/** A comparison with something absent is false, even when the other side is not known yet. */
function equal(left: unknown, right: unknown): Verdict {
  if (left === null || right === null) return false;
  return left === undefined || right === undefined ? undefined : left === right;
}

/** Nothing is in an empty list, even when the item is not known yet. */
function isIn(item: unknown, list: unknown): Verdict {
  if (item === null || list === null) return false;
  if (item !== undefined && list !== undefined) return (list as readonly unknown[]).includes(item);
  return (list as readonly unknown[] | undefined)?.length === 0 ? false : undefined;
}

/** `and` is decided by the first false, `or` by the first true, whatever is not known yet. */
function combine(parts: readonly CompiledCondition[], values: Values, decisive: boolean): Verdict {
  let verdict: Verdict = !decisive;
  for (let index = 0; index < parts.length; index += 1) {
    const one = holds(parts[index] as CompiledCondition, values);
    if (one === decisive) return decisive;
    if (one === undefined) verdict = undefined;
  }
  return verdict;
}

/** Before the objects are known, it can only be known that none would do. */
function holdsForSome({ parts, left, asked }: CompiledCondition, values: Values): Verdict {
  const part = parts[0] as CompiledCondition;
  const objects = values[left] as readonly Values[] | undefined;
  if (objects === undefined) return holds(part, values) === false ? false : undefined;
  return objects.some((object) => {
    const all = [...values];
    for (const [index, place] of asked.entries()) all[place] = object[index];
    return holds(part, all) === true;
  });
}
