/**
 * What running an operation can cost: the fields that its answer has at most, weighed by what is declared.
 *
 * INVARIANT: every guess is to the high side. A field that a directive leaves out counts, a size that is not known yet
 * counts as its maximum, and of an interface's members the most expensive one counts.
 */
import {
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { exceeding, type Fragments } from './bounds.ts';
import { type AnyField, compositeOf, defaultOf, membersOf } from './schema-walk.ts';
import { fieldRule, type Size, type Table } from './table.ts';

export interface Costing {
  readonly schema: GraphQLSchema;
  readonly table: Table;
  readonly fragments: Fragments;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Above any bound: what is more is not counted exactly. */
const most = 1e9;

/**
 * The cost of a valid operation. Each fragment is counted once, however often it is used.
 *
 * @throws {Refusal} `operation_too_large` when an argument asks for more objects than its field gives, or for a number
 * that is none
 */
export function costOf(costing: Costing): number {
  const { schema, operation } = costing;
  const known = new Map<string, number>();
  // Validation has found that there is such a type, and that it has fields.
  const typeNamed = (name: string) => schema.getType(name) as GraphQLCompositeType;
  const ofFragment = (name: string): number => {
    const found = known.get(name);
    if (found !== undefined) return found;
    const fragment = costing.fragments.get(name);
    const cost =
      fragment === undefined ? 0 : ofSet(fragment.selectionSet, typeNamed(fragment.typeCondition.name.value));
    known.set(name, cost);
    return cost;
  };
  const ofField = (node: FieldNode, parent: GraphQLCompositeType): number => {
    const field = fieldOf(parent, node.name.value);
    const within = field === undefined ? undefined : compositeOf(field.type);
    const inner = within === undefined || node.selectionSet === undefined ? 0 : ofSet(node.selectionSet, within);
    const weights = field === undefined ? [] : weightsOf({ parent, field, node }, costing);
    return Math.max(1 + inner, ...weights.map(({ own, size }) => own + size * inner));
  };
  const ofSet = ({ selections }: SelectionSetNode, parent: GraphQLCompositeType): number => {
    let sum = 0;
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) sum += ofField(selection, parent);
      else if (selection.kind === Kind.FRAGMENT_SPREAD) sum += ofFragment(selection.name.value);
      else {
        const { typeCondition: on } = selection;
        sum += ofSet(selection.selectionSet, on === undefined ? parent : typeNamed(on.name.value));
      }
    }
    return Math.min(sum, most);
  };
  return ofSet(operation.selectionSet, schema.getRootType(operation.operation) as GraphQLCompositeType);
}

function fieldOf(parent: GraphQLCompositeType, name: string): AnyField | undefined {
  return isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
}

interface Asked {
  readonly parent: GraphQLCompositeType;
  readonly field: AnyField;
  readonly node: FieldNode;
}

/** What the field costs by itself and how many objects it leads to, for each type that the parent may turn out to be. */
function weightsOf({ parent, field, node }: Asked, costing: Costing) {
  return membersOf(costing.schema, parent).map((member) => {
    const rule = fieldRule(costing.table, member.name, field.name);
    return { own: rule?.cost ?? 1, size: sizeOf(rule?.size, { parent, field, node }, costing) };
  });
}

function sizeOf(size: Size | undefined, { field, node }: Asked, costing: Costing): number {
  if (size === undefined || size === 'outer') return 1;
  if (typeof size === 'number') return size;
  const written = node.arguments?.find(({ name }) => name.value === size.argument)?.value;
  const declared = field.args.find(({ name }) => name === size.argument);
  const sent = valueOf(written, costing);
  const value = sent === undefined && declared !== undefined ? defaultOf(declared) : sent;
  // A negative number or null would mean «all» to many a database.
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= size.max) return value;
  throw exceeding(size.argument, `is a whole number from 0 to ${size.max}`);
}

/** Undefined when nothing is sent, so that the default of the schema counts. */
function valueOf(node: ValueNode | undefined, { operation, variables }: Costing): unknown {
  if (node === undefined) return undefined;
  if (node.kind !== Kind.VARIABLE) return node.kind === Kind.INT ? Number(node.value) : null;
  const name = node.name.value;
  if (Object.hasOwn(variables, name) && variables[name] !== undefined) return variables[name];
  const definition = operation.variableDefinitions?.find(({ variable }) => variable.name.value === name);
  const value = definition?.defaultValue;
  if (value === undefined) return undefined;
  return value.kind === Kind.INT ? Number(value.value) : null;
}
