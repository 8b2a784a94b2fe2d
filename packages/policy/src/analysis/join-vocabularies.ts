/** All words of two versions of a policy, so that both can be asked the same questions. */
import { PolicyError } from '../check-policy.ts';
import { type AttributeSpec, baseType, type ResourceVocabulary, type Vocabulary } from '../vocabulary.ts';

type Named<T> = Readonly<Record<string, T>>;
type Pair<T> = readonly [before: T, after: T];

/** @throws {PolicyError} naming the fields and attributes that have another type now */
export function joinVocabularies(before: Vocabulary, after: Vocabulary): Vocabulary {
  const problems: string[] = [];
  const fields = <S extends AttributeSpec>(where: string, [one, other]: Pair<Named<S>>): Named<S> =>
    joinNamed([one, other], (name, specs) => {
      if (baseType(specs[0]) === baseType(specs[1])) return specs[0].endsWith('?') ? specs[0] : specs[1];
      problems.push(`${where}.${name} was of type ${specs[0]} and is of type ${specs[1]}`);
      return specs[1];
    });
  const joined = {
    principals: joinNamed([before.principals, after.principals], (kind, both) => ({
      ...fields(kind, both),
      id: 'text' as const,
    })),
    resources: joinNamed(
      [before.resources, after.resources],
      (name, [one, other]): ResourceVocabulary => ({
        fields: fields(name, [one.fields, other.fields]),
        actions: [...new Set([...one.actions, ...other.actions])],
        relations: { ...one.relations, ...other.relations },
      }),
    ),
    context: fields('context', [before.context, after.context]),
  };
  if (problems.length > 0) throw new PolicyError(problems);
  return joined;
}

function joinNamed<T>([before, after]: Pair<Named<T>>, join: (name: string, both: Pair<T>) => T): Named<T> {
  const added = Object.entries(after).map(([name, other]): [string, T] => {
    const one = before[name];
    return [name, one === undefined ? other : join(name, [one, other])];
  });
  return { ...before, ...Object.fromEntries(added) };
}
