/** Finds what is wrong with the words of a policy, before any rule is looked at. */
import { baseType, portableText, type ResourceVocabulary, type Vocabulary } from './vocabulary.ts';

const namePattern = /^[a-z][A-Za-z0-9_]{0,62}$/;
const verbPattern = /^[a-z][a-z-]{0,62}$/;
const fieldTypes: readonly string[] = ['text', 'integer', 'flag'];

/** One sentence for each word that is wrong. */
export function vocabularyProblems(vocabulary: Vocabulary): string[] {
  const problems: string[] = [];
  for (const [kind, attributes] of Object.entries(vocabulary.principals)) {
    if (attributes.id !== 'text') problems.push(`principal ${kind} must have the attribute id: 'text'`);
    if (Object.hasOwn(attributes, 'kind')) problems.push(`principal ${kind}: kind is its own word, not an attribute`);
    problems.push(...declarationProblems(`principal ${kind}`, attributes, [...fieldTypes, 'texts']));
  }
  problems.push(...declarationProblems('context', vocabulary.context, [...fieldTypes, 'texts']));
  for (const [name, resource] of Object.entries(vocabulary.resources))
    problems.push(
      ...resourceProblems(name, resource),
      ...relationProblems(vocabulary, name),
      ...tenantProblems(vocabulary, name),
    );
  return problems;
}

function declarationProblems(
  where: string,
  declared: Readonly<Record<string, string>>,
  types: readonly string[],
): string[] {
  const problems: string[] = [];
  for (const [name, spec] of Object.entries(declared)) {
    if (!namePattern.test(name)) problems.push(`${where}: ${JSON.stringify(name)} is not a name`);
    const type = spec.endsWith('?') && spec !== 'texts?' ? spec.slice(0, -1) : spec;
    if (!types.includes(type)) problems.push(`${where}.${name}: ${JSON.stringify(spec)} is not a type`);
  }
  return problems;
}

function resourceProblems(name: string, resource: ResourceVocabulary): string[] {
  const problems = declarationProblems(name, resource.fields, fieldTypes);
  if (!namePattern.test(name)) problems.push(`${JSON.stringify(name)} is not a name of a resource`);
  for (const verb of resource.actions)
    if (!verbPattern.test(verb)) problems.push(`${name}: ${JSON.stringify(verb)} is not an action`);
  for (const [field, column] of Object.entries(resource.columns ?? {})) {
    if (!Object.hasOwn(resource.fields, field)) problems.push(`${name}: column of an undeclared field ${field}`);
    if (!portableText(column) || column === '') problems.push(`${name}.${field}: not the name of a column`);
  }
  if (resource.table !== undefined && (!portableText(resource.table) || resource.table === '')) {
    problems.push(`${name}: not the name of a table`);
  }
  return problems;
}

function relationProblems({ resources }: Vocabulary, name: string): string[] {
  const { fields, relations = {} } = resources[name] as ResourceVocabulary;
  return Object.entries(relations).flatMap(([relation, { to, join, many }]) => {
    const where = `${name}.${relation}`;
    const other = Object.hasOwn(resources, to) ? resources[to] : undefined;
    if (other === undefined) return [`${where}: there is no resource ${to}`];
    const problems: string[] = [];
    if (!namePattern.test(relation)) problems.push(`${name}: ${JSON.stringify(relation)} is not a name`);
    if (Object.hasOwn(fields, relation)) problems.push(`${where} is a field and a relation`);
    if (typeof many !== 'boolean') problems.push(`${where}: many is true or false`);
    const ends = [
      [fields, join[0]],
      [other.fields, join[1]],
    ].map(([declared, field]) => typeOfField(declared as ResourceVocabulary['fields'], field as string));
    if (ends[0] === undefined || ends[0] !== ends[1]) problems.push(`${where}: join names two fields of one type`);
    return problems;
  });
}

/** INVARIANT: a tenant is a value of the object and of the principal that can be equal; else nothing keeps them apart. */
function tenantProblems({ resources, principals }: Vocabulary, name: string): string[] {
  const { fields, tenant } = resources[name] as ResourceVocabulary;
  if (tenant === undefined) return [];
  const type = typeOfField(fields, tenant);
  if (type !== 'text' && type !== 'integer') return [`${name}: its tenant is a field of type text or integer`];
  return Object.entries(principals)
    .filter(([, attributes]) => attributes['tenant'] !== undefined && baseType(attributes['tenant']) !== type)
    .map(([kind]) => `principal ${kind}: tenant is not of the type of ${name}.${tenant}`);
}

function typeOfField(fields: ResourceVocabulary['fields'], name: string): string | undefined {
  return Object.hasOwn(fields, name) ? baseType(fields[name] as string as 'text') : undefined;
}
