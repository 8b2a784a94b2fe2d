/** Fills the answers of a solution up to a whole request. */
import type { AttributeSpec, RelationVocabulary, Vocabulary } from '../vocabulary.ts';
import { baseType } from '../vocabulary.ts';
import { isVariable, type Side, type Variable } from './formula.ts';
import type { Question } from './questions.ts';
import { groupsOf, type Solution } from './solve.ts';

/** Everything that a question needs but its action. */
export interface Subjects {
  readonly principal: Readonly<Record<string, unknown>> & { readonly kind: string };
  readonly scopes: readonly string[];
  readonly resource: Readonly<Record<string, unknown>>;
  readonly context: Readonly<Record<string, unknown>>;
}

type Fields = Readonly<Record<string, AttributeSpec>>;

/** A request for which the formula of the solution is true. Values that it does not need are different from all others. */
export function requestFor(vocabulary: Vocabulary, { kind, type }: Question, solution: Solution): Subjects {
  const valueOf = valuesOf(solution, { kind, type });
  const fill = (fields: Fields, base: Omit<Variable, 'name' | 'spec'>): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(fields).map(([name, spec]) => {
        const { from, ...related } = base;
        return [name, valueOf({ from, name, spec, ...related })];
      }),
    );
  // First, so that a value that both have is called after the principal.
  const principal = fill(vocabulary.principals[kind] ?? {}, { from: 'principal' });
  const { fields = {}, relations = {} } = vocabulary.resources[type] ?? {};
  const row = fill(fields, { from: 'resource' });
  const objects = Object.entries(relations).map(([relation, declared]) => {
    const found = copiesOf(solution, relation).map((copy) => ({
      ...fill(vocabulary.resources[declared.to]?.fields ?? {}, { from: 'related', relation, copy }),
      [declared.join[1]]: row[declared.join[0]],
    }));
    return [relation, asLoaded(declared, found)];
  });
  return {
    principal: { kind, ...principal },
    scopes: scopesOf(solution),
    resource: { ...row, ...Object.fromEntries(objects) },
    context: fill(vocabulary.context, { from: 'context' }),
  };
}

function asLoaded({ many }: RelationVocabulary, found: readonly object[]): unknown {
  return many ? found : (found[0] ?? null);
}

function copiesOf(solution: Solution, relation: string): readonly number[] {
  return [...solution.values()].flatMap(({ atom, holds }) =>
    holds && atom.about === 'linked' && atom.relation === relation ? [atom.copy] : [],
  );
}

function scopesOf(solution: Solution): readonly string[] {
  return [...solution.values()].flatMap(({ atom, holds }) => (holds && atom.about === 'scope' ? [atom.scope] : []));
}

function valuesOf(
  solution: Solution,
  names: Readonly<Record<'kind' | 'type', string>>,
): (variable: Variable) => unknown {
  const { groupOf } = groupsOf(solution.values());
  const fresh = freshValues(solution, names);
  const holds = (about: 'absent' | 'true', of: Variable): boolean =>
    solution.get(JSON.stringify({ about, of }))?.holds === true;
  const single = (side: Side): unknown => {
    const group = groupOf(side);
    const literal = JSON.parse(group) as Side;
    return isVariable(literal) ? fresh(group, literal) : literal.value;
  };
  return (variable) => {
    if (holds('absent', variable)) return null;
    const type = baseType(variable.spec);
    if (type === 'flag') return holds('true', variable);
    return type === 'texts' ? membersOf(solution, variable).map(single) : single(variable);
  };
}

function membersOf(solution: Solution, list: Variable): readonly Side[] {
  const key = JSON.stringify(list);
  return [...solution.values()].flatMap(({ atom, holds }) =>
    holds && atom.about === 'member' && JSON.stringify(atom.list) === key ? [atom.item] : [],
  );
}

/** For each group a value that no other has: `ownerId-2`, `person-1` for an id. */
function freshValues(
  solution: Solution,
  names: Readonly<Record<'kind' | 'type', string>>,
): (group: string, variable: Variable) => unknown {
  const known = new Map<string, unknown>();
  const literals = literalsOf(solution);
  let count = 0;
  return (group, { from, name, spec, relation }) => {
    if (known.has(group)) return known.get(group);
    const owner = { principal: names.kind, resource: names.type, context: 'context', related: relation ?? '' }[from];
    let value: unknown;
    do {
      count += 1;
      value = baseType(spec) === 'integer' ? count : `${name === 'id' ? owner : name}-${count}`;
    } while (literals.has(value));
    known.set(group, value);
    return value;
  };
}

function literalsOf(solution: Solution): ReadonlySet<unknown> {
  const sides = [...solution.values()].flatMap(({ atom }) =>
    atom.about === 'same' ? [atom.right] : atom.about === 'member' ? [atom.item] : [],
  );
  return new Set(sides.flatMap((side) => (isVariable(side) ? [] : [side.value])));
}
