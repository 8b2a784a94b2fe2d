/** For tests: operations that nobody thought of, over whatever a schema offers. */
import * as fc from 'fast-check';
import {
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  isUnionType,
} from 'graphql';

/** A whole number below `count`. */
type Choose = (count: number) => number;

const ids = ['1', '2', '3', '42', '4711', 'nora', 'theo', 'mallory'];

/** A query of one to three root fields, each down to at most `depth` selections, with fragments and aliases. */
export function randomQueries(schema: GraphQLSchema, depth: number): fc.Arbitrary<string> {
  return fc.gen().map((draw) => {
    const choose: Choose = (count) => draw(fc.nat, { max: count - 1 });
    const fragments: string[] = [];
    const names: string[] = [];
    const root = schema.getQueryType() as GraphQLObjectType;
    const text = selectionOf(root, { schema, choose, fragments, names, depth });
    return [`query ${text}`, ...fragments].join(' ');
  });
}

interface Drawing {
  readonly schema: GraphQLSchema;
  readonly choose: Choose;
  readonly fragments: string[];
  readonly names: string[];
  readonly depth: number;
}

function selectionOf(type: GraphQLNamedType, drawing: Drawing): string {
  const { choose, fragments } = drawing;
  const parts = Array.from({ length: 1 + choose(3) }, () => partOf(type, drawing));
  const inside = parts.join(' ');
  if (choose(6) === 0 && !isUnionType(type)) {
    const name = `F${fragments.length}`;
    fragments.push(`fragment ${name} on ${type.name} { ${inside} }`);
    return `{ ...${name} }`;
  }
  return choose(6) === 0 ? `{ ... { ${inside} } }` : `{ ${inside} }`;
}

function partOf(type: GraphQLNamedType, drawing: Drawing): string {
  const { schema, choose } = drawing;
  if (choose(8) === 0) return '__typename';
  if (isAbstractType(type) && (isUnionType(type) || choose(2) === 0)) {
    const members = schema.getPossibleTypes(type);
    const member = members[choose(members.length)] as GraphQLObjectType;
    return `... on ${member.name} ${selectionOf(member, drawing)}`;
  }
  if (!isObjectType(type) && !isInterfaceType(type)) return '__typename';
  const fields = Object.values(type.getFields());
  const leaves = fields.filter((field) => !isComposite(getNamedType(field.type)));
  const offered = drawing.depth > 0 || leaves.length === 0 ? fields : leaves;
  const field = offered[choose(offered.length)] as (typeof fields)[number];
  const within = getNamedType(field.type);
  const args = field.args.flatMap((argument) => argumentOf(argument.name, String(argument.type), choose));
  // Two fields of one name with different arguments would not be valid.
  const alias = `a${drawing.names.push(field.name)}`;
  const call = `${alias}: ${field.name}${args.length === 0 ? '' : `(${args.join(', ')})`}`;
  return isComposite(within) ? `${call} ${selectionOf(within, { ...drawing, depth: drawing.depth - 1 })}` : call;
}

function isComposite(type: GraphQLNamedType): boolean {
  return isObjectType(type) || isAbstractType(type);
}

function argumentOf(name: string, type: string, choose: Choose): readonly string[] {
  if (!type.endsWith('!') && choose(2) === 0) return [];
  if (name === 'first') return [`first: ${choose(4)}`];
  const id = ids[choose(ids.length)] as string;
  if (type.startsWith('Int')) return [`${name}: ${Number(id) || 42}`];
  return [`${name}: "${id}"`];
}

/** How many fields an answer has. */
export function countFields(data: unknown): number {
  if (Array.isArray(data)) return data.reduce((sum: number, item: unknown) => sum + countFields(item), 0);
  if (typeof data !== 'object' || data === null) return 0;
  return Object.values(data).reduce((sum: number, value: unknown) => sum + 1 + countFields(value), 0);
}
