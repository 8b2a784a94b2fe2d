/**
 * From the text of a document to an operation that may be run: tokens, syntax, shape, introspection, validation, cost.
 *
 * Owns: the order of these checks, cheapest first, and remembering documents that have passed. Does not own: who may
 * run it.
 */

import { createBoundedMap, Refusal, refuse } from '@castellan/protocol';
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  Lexer,
  type OperationDefinitionNode,
  parse,
  Source,
  TokenKind,
  validate,
  visit,
} from 'graphql';
import { type Bounds, type Fragments, fragmentsOf, requireShape, requireWithin } from './bounds.ts';
import { costOf } from './cost.ts';
import { refusalOf } from './operation.ts';
import type { Table } from './table.ts';

/** What a document is judged by. */
export interface Judging {
  readonly schema: GraphQLSchema;
  readonly table: Table;
  readonly bounds: Bounds;
  /** Introspection is answered, and errors of validation name types and fields. */
  readonly isVisible: boolean;
}

/** What a client asks for. */
interface Asked {
  readonly text: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** One field of a root type, as it is asked for. */
interface RootField {
  /** Its name in the answer. */
  readonly key: string;
  /** Its name in the schema. */
  readonly field: string;
}

/** An operation that is valid and within every bound. */
export interface Prepared {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** The name of its root type, as in `Query`. */
  readonly rootType: string;
  readonly rootFields: readonly RootField[];
  readonly fragments: Fragments;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface Preparer {
  /** What is wrong with a document, for whoever wrote it; undefined when it may be run. */
  readonly problemOf: (text: string) => string | undefined;
  /** @throws {Refusal} `operation_malformed`, `operation_invalid` or `operation_too_large` */
  readonly prepare: (asked: Asked) => Prepared;
}

/** Documents that are remembered, when they are not longer than so many characters. */
const capacity = 500;
const longestRemembered = 8_192;

export function createPreparer(judging: Judging): Preparer {
  const passed = createBoundedMap<string, DocumentNode>(capacity);
  const read = (text: string): DocumentNode => {
    const known = passed.get(text);
    if (known !== undefined) return known;
    const document = readDocument(text, judging);
    if (text.length <= longestRemembered) passed.set(text, document);
    return document;
  };
  return {
    prepare: (asked) => prepare(read(asked.text), asked, judging),
    problemOf: (text) => {
      const refusal = refusalOf(() => void readDocument(text, { ...judging, isVisible: true }));
      const { problems = [] } = refusal?.context ?? {};
      const told = problems.map(({ path, message }) => `${path} ${message}`).join('; ');
      return refusal === undefined ? undefined : told || refusal.reason;
    },
  };
}

/** What does not depend on variables. */
function readDocument(text: string, judging: Judging): DocumentNode {
  const { bounds, schema, isVisible } = judging;
  const document = syntax(() => {
    requireTokens(text, bounds);
    return parse(text);
  });
  requireShape(document, bounds);
  if (!isVisible) refuseIntrospection(document);
  const errors = validate(schema, document, undefined, { maxErrors: 5 });
  if (errors.length > 0) throw invalid(errors, isVisible);
  return document;
}

function syntax(read: () => DocumentNode): DocumentNode {
  try {
    return read();
  } catch (error) {
    // Its message quotes the document; where it stands says enough.
    if (error instanceof GraphQLError) throw new Refusal('operation_malformed', placesOf([error]));
    throw error;
  }
}

function requireTokens(text: string, bounds: Bounds): void {
  const lexer = new Lexer(new Source(text));
  let tokens = 0;
  while (lexer.advance().kind !== TokenKind.EOF) {
    tokens += 1;
    requireWithin(bounds, 'tokens', tokens);
  }
}

/** `__schema` and `__type` wherever they stand, under whatever name; `__typename` says nothing that was not asked for. */
function refuseIntrospection(document: DocumentNode): void {
  visit(document, {
    Field: ({ name: { value } }) => {
      if (!value.startsWith('__') || value === '__typename') return;
      throw new Refusal('operation_invalid', {
        problems: [{ path: value, message: 'is not answered here' }],
        detail: 'introspection',
      });
    },
  });
}

/** Messages of validation name what the sender did not know, and suggest more: outside development only places are told. */
function invalid(errors: readonly GraphQLError[], isVisible: boolean): Refusal {
  return new Refusal('operation_invalid', placesOf(errors, isVisible));
}

function placesOf(errors: readonly GraphQLError[], isVisible = false) {
  const problems = errors.map((error) => {
    const [at] = error.locations ?? [];
    const path = at === undefined ? 'query' : `${at.line}:${at.column}`;
    return { path, message: isVisible ? error.message : 'is wrong here (line:column)' };
  });
  return { problems, detail: `at ${problems.map(({ path }) => path).join(', ')}` };
}

function prepare(document: DocumentNode, { operationName, variables }: Asked, judging: Judging): Prepared {
  const { bounds, schema, table } = judging;
  const operation = chooseOperation(document, operationName);
  const rootType = schema.getRootType(operation.operation);
  if (rootType === undefined || rootType === null) return refuse('operation_invalid', { detail: 'no such operation' });
  const fragments = fragmentsOf(document);
  const rootFields = collectRootFields(operation, fragments);
  requireWithin(bounds, 'rootFields', rootFields.length);
  requireWithin(bounds, 'cost', costOf({ schema, table, fragments, operation, variables }));
  return { document, operation, rootType: rootType.name, rootFields, fragments, variables };
}

function chooseOperation(document: DocumentNode, name: string | undefined): OperationDefinitionNode {
  const operations = document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION);
  const [only, ...more] = name === undefined ? operations : operations.filter((one) => one.name?.value === name);
  if (only !== undefined && more.length === 0) return only;
  throw new Refusal('operation_invalid', {
    problems: [{ path: 'operationName', message: 'names not one operation of the document' }],
    detail: 'operationName',
  });
}

/**
 * The root fields that may be run, through all fragments. One that a directive leaves out is among them: whoever sends
 * it pays for it.
 */
function collectRootFields(operation: OperationDefinitionNode, fragments: Fragments): readonly RootField[] {
  const found = new Map<string, RootField>();
  const seen = new Set<string>();
  const collect = ({ selections }: OperationDefinitionNode['selectionSet']): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const key = selection.alias?.value ?? selection.name.value;
        found.set(key, { key, field: selection.name.value });
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        collect(selection.selectionSet);
      } else if (!seen.has(selection.name.value)) {
        seen.add(selection.name.value);
        const set = fragments.get(selection.name.value)?.selectionSet;
        if (set !== undefined) collect(set);
      }
    }
  };
  collect(operation.selectionSet);
  return [...found.values()];
}
