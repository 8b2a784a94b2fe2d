/**
 * Finds a request that makes a formula true, or shows that there is none.
 *
 * It asks one atom after the other and keeps those answers that fit together: no value is equal to two literals, no
 * member of a list is left out of it. Texts and integers never run out, so values that nothing says to be the same can
 * always be different; that makes the answer exact.
 */
import { type Atom, type Formula, isVariable, type Side } from './formula.ts';

/** An atom with its answer. */
export interface Fact {
  readonly atom: Atom;
  readonly holds: boolean;
}

/** By atom. Whatever else a request holds, the formula is true for it. */
export type Solution = ReadonlyMap<string, Fact>;

/** There were too many cases to look at all of them; nothing may be concluded. */
export class UndecidedError extends Error {
  override readonly name = 'UndecidedError';
}

/** Cases to look at before giving up. Policies that people write need a few dozen. */
const patience = 20_000;

/** @throws {UndecidedError} when the formula is too large to be decided */
export function solve(formula: Formula): Solution | undefined {
  let steps = 0;
  const search = (open: Formula, answers: Solution): Solution | undefined => {
    steps += 1;
    if (steps > patience)
      throw new UndecidedError(`the conditions are too large to look through: more than ${patience} cases`);
    const rest = simplify(open, answers);
    if (typeof rest === 'boolean') return rest ? answers : undefined;
    const { key, atom, wanted } = firstAtom(rest, true);
    for (const holds of [wanted, !wanted]) {
      const more = new Map(answers).set(key, { atom, holds });
      const found = fitTogether(more.values()) ? search(rest, more) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const solution = search(formula, new Map());
  return solution === undefined ? undefined : onlyNeeded(formula, solution);
}

/** Leaves out answers that the formula does not need to be true. */
export function onlyNeeded(formula: Formula, solution: Solution): Solution {
  const needed = new Map(solution);
  for (const [key, fact] of solution) {
    needed.delete(key);
    if (simplify(formula, needed) !== true) needed.set(key, fact);
  }
  return needed;
}

function simplify(formula: Formula, answers: Solution): Formula {
  if (typeof formula === 'boolean') return formula;
  if (formula.op === 'atom') return answers.get(formula.key)?.holds ?? formula;
  if (formula.op === 'not') {
    const of = simplify(formula.of, answers);
    return typeof of === 'boolean' ? !of : { op: 'not', of };
  }
  const decisive = formula.op === 'or';
  const open: Formula[] = [];
  for (const part of formula.of) {
    const simple = simplify(part, answers);
    if (simple === decisive) return decisive;
    if (typeof simple !== 'boolean') open.push(simple);
  }
  if (open.length === 1) return open[0] as Formula;
  return open.length === 0 ? !decisive : { op: formula.op, of: open };
}

interface Next {
  readonly key: string;
  readonly atom: Atom;
  /** The answer that makes the formula true rather than false. */
  readonly wanted: boolean;
}

function firstAtom(formula: Formula, wanted: boolean): Next {
  if (typeof formula === 'boolean') throw new TypeError('nothing is open');
  if (formula.op === 'atom') return { key: formula.key, atom: formula.atom, wanted };
  return formula.op === 'not' ? firstAtom(formula.of, !wanted) : firstAtom(formula.of[0] as Formula, wanted);
}

/** Groups of values that are the same, by the key of each value. */
export interface Groups {
  readonly groupOf: (side: Side) => string;
}

export function groupsOf(facts: Iterable<Fact>): Groups {
  const parents = new Map<string, string>();
  const root = (key: string): string => {
    const parent = parents.get(key);
    return parent === undefined ? key : root(parent);
  };
  for (const { atom, holds } of facts) {
    if (atom.about !== 'same' || !holds) continue;
    // A literal becomes the root, so that a group is called by its value.
    const [left, right] = [root(JSON.stringify(atom.left)), root(JSON.stringify(atom.right))];
    if (left !== right) parents.set(isLiteral(left) ? right : left, isLiteral(left) ? left : right);
  }
  return { groupOf: (side) => root(JSON.stringify(side)) };
}

function isLiteral(key: string): boolean {
  return key.startsWith('{"value"');
}

/** Whether there are values for which all of this is so. */
export function fitTogether(facts: Iterable<Fact>): boolean {
  const known = [...facts];
  const { groupOf } = groupsOf(known);
  const members = new Map<string, boolean>();
  for (const { atom, holds } of known) {
    if (atom.about === 'same') {
      if (!holds && groupOf(atom.left) === groupOf(atom.right)) return false;
      // A literal that is in the group of another literal.
      if (!isVariable(atom.right) && groupOf(atom.right) !== JSON.stringify(atom.right)) return false;
    }
    if (atom.about === 'member') {
      const key = `${groupOf(atom.item)} ${groupOf(atom.list)}`;
      if (members.get(key) === !holds) return false;
      members.set(key, holds);
    }
  }
  return true;
}
