/** Turns a condition, once, into functions that judge it. */
import type { Condition, Operand } from './condition.ts';
import type { Scalar } from './vocabulary.ts';

/** What is known when a decision is made; without a resource the answer may depend on the row. */
export interface Facts {
  readonly principal: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>> | undefined;
  readonly context: Readonly<Record<string, unknown>>;
}

/** True, false, or undefined: it depends on the row, which is not known yet. */
type Verdict = boolean | undefined;

export interface CompiledCondition {
  readonly condition: Condition;
  readonly holds: (facts: Facts) => Verdict;
  readonly parts: readonly CompiledCondition[];
}

type Read = (facts: Facts) => Scalar | readonly Scalar[] | null | undefined;

/**
 * Compiles a condition that `checkPolicy` has found sound.
 *
 * INVARIANT: with a resource the verdict is never undefined, since `decide` has refused rows with missing fields.
 */
export function compileCondition(condition: Condition): CompiledCondition {
  const parts = partsOf(condition).map(compileCondition);
  return { condition, parts, holds: judge(condition, parts) };
}

function partsOf(condition: Condition): readonly Condition[] {
  if (condition.op === 'not') return [condition.of];
  return condition.op === 'and' || condition.op === 'or' ? condition.of : [];
}

function judge(condition: Condition, parts: readonly CompiledCondition[]): CompiledCondition['holds'] {
  switch (condition.op) {
    case 'always':
      return () => true;
    case 'eq':
      return compare(reader(condition.left), reader(condition.right), (left, right) => left === right);
    case 'in':
      return compare(reader(condition.item), reader(condition.list), (item, list) =>
        (list as readonly Scalar[]).includes(item as Scalar),
      );
    case 'absent': {
      const read = reader(condition.of);
      return (facts) => known(read(facts), (value) => value === null);
    }
    case 'not': {
      const [part] = parts as [CompiledCondition];
      return (facts) => known(part.holds(facts), (verdict) => !verdict);
    }
    case 'and':
      return (facts) => combine(parts, facts, false);
    case 'or':
      return (facts) => combine(parts, facts, true);
  }
}

function reader(operand: Operand): Read {
  if (operand.from === 'literal') return () => operand.value;
  const { from, name } = operand;
  return (facts) => facts[from]?.[name] as ReturnType<Read>;
}

type Present = Scalar | readonly Scalar[];

/** A comparison with something absent is false, even when the other side is not known yet. */
function compare(
  readLeft: Read,
  readRight: Read,
  test: (left: Present, right: Present) => boolean,
): CompiledCondition['holds'] {
  return (facts) => {
    const left = readLeft(facts);
    const right = readRight(facts);
    if (left === null || right === null) return false;
    return left === undefined || right === undefined ? undefined : test(left, right);
  };
}

function known<T>(value: T | undefined, test: (value: T) => boolean): Verdict {
  return value === undefined ? undefined : test(value);
}

/** `and` is decided by the first false, `or` by the first true, whatever is not known yet. */
function combine(parts: readonly CompiledCondition[], facts: Facts, decisive: boolean): Verdict {
  let verdict: Verdict = !decisive;
  for (const part of parts) {
    const one = part.holds(facts);
    if (one === decisive) return decisive;
    if (one === undefined) verdict = undefined;
  }
  return verdict;
}
