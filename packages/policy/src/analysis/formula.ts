/**
 * Conditions as formulas over atoms, so that a solver can look for a request that makes one true.
 *
 * A formula is exact: it is true for a request if and only if the condition holds for it, in which every relation leads
 * to at most as many objects as there are copies (see {@link Place}).
 */
import type { Condition, Literal, Operand } from '../condition.ts';
import type { Declared } from '../slots.ts';
import { type AttributeSpec, baseType, type RelationVocabulary, type Scalar } from '../vocabulary.ts';

/** A named value of a request that is looked for. */
export interface Variable {
  readonly from: 'principal' | 'resource' | 'context' | 'related';
  readonly name: string;
  readonly spec: AttributeSpec;
  /** Of a related object: which. */
  readonly relation?: string;
  readonly copy?: number;
}

interface Constant {
  readonly value: Scalar;
}

export type Side = Variable | Constant;

/** A question with two answers. Texts and integers are the same or not; nothing is asked of what is absent. */
export type Atom =
  | { readonly about: 'same'; readonly left: Variable; readonly right: Side }
  | { readonly about: 'member'; readonly item: Side; readonly list: Variable }
  | { readonly about: 'absent' | 'true'; readonly of: Variable }
  | { readonly about: 'scope'; readonly scope: string }
  | { readonly about: 'linked'; readonly relation: string; readonly copy: number };

export type Formula =
  | boolean
  | { readonly op: 'atom'; readonly key: string; readonly atom: Atom }
  | { readonly op: 'and' | 'or'; readonly of: readonly Formula[] }
  | { readonly op: 'not'; readonly of: Formula };

/** What the names of a condition mean. */
export interface Place {
  readonly declared: Declared;
  readonly relations: Readonly<Record<string, RelationVocabulary>>;
  /** How many objects of a relation to tell apart: as many as there are conditions about it are enough. */
  readonly copies: (relation: string) => number;
  /** Inside a relation: the object that is meant. */
  readonly related?: { readonly relation: string; readonly copy: number };
}

export function all(...of: readonly Formula[]): Formula {
  return { op: 'and', of };
}

export function any(...of: readonly Formula[]): Formula {
  return { op: 'or', of };
}

export function none(of: Formula): Formula {
  return { op: 'not', of };
}

export function atom(of: Atom): Formula {
  return { op: 'atom', key: JSON.stringify(of), atom: of };
}

export function formulaOf(condition: Condition, place: Place): Formula {
  switch (condition.op) {
    case 'always':
      return true;
    case 'and':
      return all(...condition.of.map((part) => formulaOf(part, place)));
    case 'or':
      return any(...condition.of.map((part) => formulaOf(part, place)));
    case 'not':
      return none(formulaOf(condition.of, place));
    case 'absent':
      return absence(sideOf(condition.of, place));
    case 'eq':
      return equality(sideOf(condition.left, place), sideOf(condition.right, place));
    case 'in':
      return membership(sideOf(condition.item, place), condition.list, place);
    case 'some':
      return relation(condition, place);
  }
}

/** The field that joins a related object is the object's own: two names for one value. */
function sideOf(operand: Operand, place: Place): Side {
  if (operand.from === 'literal') return { value: operand.value as Scalar };
  const { from, name } = operand;
  const { relation, copy } = place.related ?? {};
  const spec = place.declared(operand, relation);
  if (from !== 'related' || relation === undefined || copy === undefined) return { from, name, spec };
  const [own, other] = place.relations[relation]?.join ?? [];
  if (name === other && own !== undefined) return sideOf({ from: 'resource', name: own }, place);
  return { from, name, spec, relation, copy };
}

export function isVariable(side: Side): side is Variable {
  return 'from' in side;
}

function absence(side: Side): Formula {
  return isVariable(side) && side.spec.endsWith('?') ? atom({ about: 'absent', of: side }) : false;
}

function equality(left: Side, right: Side): Formula {
  if (!isVariable(left)) return isVariable(right) ? equality(right, left) : left.value === right.value;
  const same = baseType(left.spec) === 'flag' ? sameFlags(left, right) : sameValues(left, right);
  return all(none(absence(left)), none(absence(right)), same);
}

/** Flags have two values, so they are atoms themselves. */
function sameFlags(left: Variable, right: Side): Formula {
  const [one, other] = [left, right].map((side) =>
    isVariable(side) ? atom({ about: 'true', of: side }) : side.value === true,
  ) as [Formula, Formula];
  return any(all(one, other), all(none(one), none(other)));
}

function sameValues(left: Variable, right: Side): Formula {
  const [one, other] = [JSON.stringify(left), JSON.stringify(right)];
  if (one === other) return true;
  return isVariable(right) && other < one
    ? atom({ about: 'same', left: right, right: left })
    : atom({ about: 'same', left, right });
}

function membership(item: Side, list: Operand, place: Place): Formula {
  const present = none(absence(item));
  if (list.from !== 'literal')
    return all(present, atom({ about: 'member', item, list: sideOf(list, place) as Variable }));
  const values = list.value as Extract<Literal['value'], readonly unknown[]>;
  return any(...values.map((value) => equality(item, { value })));
}

function relation({ relation, of }: Extract<Condition, { op: 'some' }>, place: Place): Formula {
  const declared = place.relations[relation];
  if (declared === undefined) return false;
  const own = sideOf({ from: 'resource', name: declared.join[0] }, place);
  const copies = Array.from({ length: declared.many ? place.copies(relation) : 1 }, (_, copy) =>
    all(
      none(absence(own)),
      atom({ about: 'linked', relation, copy }),
      formulaOf(of, { ...place, related: { relation, copy } }),
    ),
  );
  return any(...copies);
}
