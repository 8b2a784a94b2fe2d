/**
 * What an operation may be, before it is run: bounds on its text, its shape and its cost.
 *
 * Owns: the bounds and their defaults, and measuring the shape of a document. Does not own: the cost, which needs the
 * schema (`cost`).
 */

import { Refusal } from '@castellan/protocol';
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
  visit,
} from 'graphql';

/** What is counted. Each default is published: an operation of one screen fits, an attack does not. */
export interface Bounds {
  /** Names, numbers, texts and signs of a document; counted before it is parsed. */
  readonly tokens: number;
  /** Selections inside one another, through fragments too. */
  readonly depth: number;
  /** Fields of one object, with those of all fragments at that place. */
  readonly breadth: number;
  /** Fields that have another name in the answer, or stand twice in one selection. */
  readonly aliases: number;
  /** Directives in the whole document. */
  readonly directives: number;
  /** Definitions of fragments, and uses of them: so many each. */
  readonly fragments: number;
  /** Fields of `Query` or `Mutation` in one operation. */
  readonly rootFields: number;
  /** Fields that the answer can have at most: each field counts as often as the sizes around it say. */
  readonly cost: number;
  /** Operations in one request; 1 means that there are no batches. */
  readonly batch: number;
}

export const defaultBounds: Bounds = Object.freeze({
  tokens: 2_000,
  depth: 10,
  breadth: 50,
  aliases: 20,
  directives: 10,
  fragments: 20,
  rootFields: 10,
  cost: 5_000,
  batch: 1,
});

/** Why something is no set of bounds. */
export function boundsProblems(bounds: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(bounds).flatMap(([name, value]) => {
    if (!Object.hasOwn(defaultBounds, name)) return [`bounds.${name}: there is no such bound`];
    const sound = Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= 1_000_000;
    return sound ? [] : [`bounds.${name} is a whole number from 1 to 1000000`];
  });
}

/** @throws {Refusal} `operation_too_large` that says which bound, when the value is above it */
export function requireWithin(bounds: Bounds, name: keyof Bounds, value: number): void {
  // Written so that what is no number is refused.
  if (value <= bounds[name]) return;
  throw exceeding(name, `is more than ${bounds[name]}`);
}

/** The refusal that names what is too much. */
export function exceeding(path: string, message: string): Refusal {
  return new Refusal('operation_too_large', { problems: [{ path, message }], detail: `${path} ${message}` });
}

/**
 * Requires that the shape of a document is within the bounds. Its time grows with the number of tokens and with nothing
 * else: each fragment is measured once, however often and however deeply it is used.
 *
 * @throws {Refusal} `operation_too_large`
 */
export function requireShape(document: DocumentNode, bounds: Bounds): void {
  const { aliases, directives, definitions, spreads } = count(document);
  requireWithin(bounds, 'aliases', aliases);
  requireWithin(bounds, 'directives', directives);
  requireWithin(bounds, 'fragments', Math.max(definitions, spreads));
  const measure = createMeasure(document, bounds);
  for (const definition of document.definitions) {
    if (!('selectionSet' in definition) || definition.selectionSet === undefined) continue;
    requireWithin(bounds, 'depth', measure(definition.selectionSet).depth);
  }
}

function count(document: DocumentNode) {
  const found = { aliases: 0, directives: 0, definitions: 0, spreads: 0 };
  visit(document, {
    SelectionSet: ({ selections }) => {
      const keys = new Set<string>();
      for (const selection of selections) {
        if (selection.kind !== Kind.FIELD) continue;
        const key = selection.alias?.value ?? selection.name.value;
        // A field that stands twice is merged by comparing each with each: it costs as an alias does.
        if (selection.alias !== undefined || keys.has(key)) found.aliases += 1;
        keys.add(key);
      }
    },
    Directive: () => void (found.directives += 1),
    FragmentDefinition: () => void (found.definitions += 1),
    FragmentSpread: () => void (found.spreads += 1),
  });
  return found;
}

/** How deep a selection is, and how many fields its own level has. */
interface Extent {
  readonly depth: number;
  readonly breadth: number;
}

const nothing: Extent = Object.freeze({ depth: 0, breadth: 0 });

function createMeasure(document: DocumentNode, bounds: Bounds): (set: SelectionSetNode) => Extent {
  const fragments = fragmentsOf(document);
  const known = new Map<string, Extent | 'open'>();
  const ofFragment = (name: string): Extent => {
    const found = known.get(name);
    if (found === 'open') throw exceeding('fragments', 'lead back to themselves');
    if (found !== undefined) return found;
    known.set(name, 'open');
    const set = fragments.get(name)?.selectionSet;
    // One that is not there is found by validation.
    const extent = set === undefined ? nothing : ofSet(set);
    known.set(name, extent);
    return extent;
  };
  const ofSelection = (selection: SelectionNode): Extent => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return ofFragment(selection.name.value);
    if (selection.kind === Kind.INLINE_FRAGMENT) return ofSet(selection.selectionSet);
    return { depth: 1 + (selection.selectionSet === undefined ? 0 : ofSet(selection.selectionSet).depth), breadth: 1 };
  };
  const ofSet = ({ selections }: SelectionSetNode): Extent => {
    const extents = selections.map(ofSelection);
    const breadth = extents.reduce((sum, extent) => sum + extent.breadth, 0);
    requireWithin(bounds, 'breadth', breadth);
    return { depth: Math.max(0, ...extents.map(({ depth }) => depth)), breadth };
  };
  return ofSet;
}

/** The fragments of a document, by name. */
export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

export function fragmentsOf({ definitions }: DocumentNode): Fragments {
  const fragments = definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION);
  return new Map(fragments.map((one) => [one.name.value, one]));
}
