/**
 * The values that conditions ask for, each read from a request once: checked there, compared everywhere after.
 *
 * INVARIANT: what is compared is what was checked. Nothing reads the request again, so a getter that answers
 * differently the second time changes nothing.
 */
import type { Values } from './compile.ts';
import type { Operand, Term } from './condition.ts';
import { type AttributeSpec, baseType, portableText } from './vocabulary.ts';

/** Who asks about what: the parts of a request that hold values. */
interface Subjects {
  readonly principal: unknown;
  readonly resource?: unknown;
  readonly context: unknown;
}

/** Hands out the places in {@link Values}. */
export interface Slots {
  readonly of: (operand: Operand) => number;
  /** The places that a condition inside a relation sees. */
  readonly inside: () => RelatedSlots;
  /** A place for the objects of a relation, each with the values of these terms. */
  readonly relation: (name: string, asked: readonly Term<unknown>[]) => number;
}

interface RelatedSlots extends Slots {
  /** What was asked of the other object, with the place of each answer: empty until an object is judged. */
  readonly asked: ReadonlyMap<Term<unknown>, number>;
}

export interface SlotReader extends Slots {
  /** Undefined when something is missing or does not fit. An object that is not there is one that is not known yet. */
  readonly read: (request: Subjects) => Values | undefined;
  /** What was read without an object, and now that there is one. */
  readonly complete: (known: Values, resource: unknown) => Values | undefined;
  /** What is missing or does not fit: names, never values. */
  readonly problems: (request: Subjects) => readonly string[];
}

/** The declaration of a term. */
export type Declared = (term: Term<unknown>, relation?: string) => AttributeSpec;

/** One value of a request. */
interface Slot {
  readonly name: string;
  readonly place: number;
  readonly type: ReturnType<typeof baseType>;
  /** Of a row, which holds what a database can. */
  readonly ofRow: boolean;
  readonly nullable: boolean;
  /** Of a relation: what is asked of each of its objects. */
  readonly members?: Layout;
}

/** Where everything goes that has been asked for so far. */
interface Layout {
  /** What is known before anything is read: literals, in their places. */
  readonly blank: unknown[];
  readonly parts: Readonly<Record<Term<unknown>['from'], Slot[]>>;
}

export function createSlots(declared: Declared): SlotReader {
  const layout = emptyLayout();
  const slots: Slots = {
    of: (operand) => placeOf(layout, operand, declared),
    inside: () => insideRelation(slots, layout),
    relation: (name, asked) => {
      const members = emptyLayout();
      for (const term of asked) placeOf(members, { ...term, from: 'resource' }, () => declared(term, name));
      const slot = { name, place: newPlace(layout), type: 'text', ofRow: true, nullable: false, members } as const;
      layout.parts.resource.push(slot);
      return slot.place;
    },
  };
  return {
    ...slots,
    read: (request) => readAll(layout, request),
    complete: (known, resource) => readObject(layout, known, resource),
    problems: (request) => findProblems(layout, request),
  };
}

function emptyLayout(): Layout {
  return { blank: [], parts: { principal: [], resource: [], context: [], related: [] } };
}

/**
 * A null in a row is a value, whatever was declared: that is how SQL sees it. Absence in a principal or the context is
 * known before any row is read, so where it was not declared it is an error.
 */
function placeOf(layout: Layout, operand: Operand, declared: Declared): number {
  if (operand.from === 'literal') return layout.blank.push(operand.value) - 1;
  const { from, name } = operand;
  const found = layout.parts[from].find((slot) => slot.name === name && slot.members === undefined);
  if (found !== undefined) return found.place;
  const spec = declared(operand);
  const ofRow = from === 'resource';
  const place = newPlace(layout);
  layout.parts[from].push({ name, place, type: baseType(spec), ofRow, nullable: ofRow || spec.endsWith('?') });
  return place;
}

function newPlace({ blank }: Layout): number {
  return blank.push(undefined) - 1;
}

function insideRelation(outer: Slots, layout: Layout): RelatedSlots {
  const asked = new Map<Term<unknown>, number>();
  const of = (operand: Operand): number => {
    if (operand.from !== 'related') return outer.of(operand);
    for (const [{ name }, place] of asked) if (name === operand.name) return place;
    const place = newPlace(layout);
    asked.set(operand, place);
    return place;
  };
  return { ...outer, of, asked };
}

function readAll({ blank, parts }: Layout, { principal, resource, context }: Subjects): Values | undefined {
  const values = blank.slice();
  const isRead =
    readPart(parts.principal, principal, values) &&
    (resource === undefined || readPart(parts.resource, resource, values)) &&
    readPart(parts.context, context, values);
  return isRead ? values : undefined;
}

function readObject({ parts }: Layout, known: Values, resource: unknown): Values | undefined {
  const values = known.slice();
  return readPart(parts.resource, resource, values) ? values : undefined;
}

function readPart(slots: readonly Slot[], given: unknown, values: unknown[]): boolean {
  if (slots.length === 0) return true;
  if (!isRecord(given)) return false;
  const source = ownValues(given);
  for (const slot of slots) {
    const value = take(slot, source[slot.name]);
    if (value === undefined) return false;
    values[slot.place] = value;
  }
  return true;
}

/** What is known by a value; undefined when it does not fit its declaration. */
function take({ type, ofRow, nullable, members }: Slot, value: unknown): unknown {
  if (members !== undefined) return takeObjects(members, value);
  if (value === null) return nullable ? null : undefined;
  switch (type) {
    case 'text':
      // A row's text comes from a database or is about to be stored there; the others become parameters beside it.
      return (ofRow ? typeof value === 'string' : portableText(value)) ? value : undefined;
    case 'integer':
      return Number.isSafeInteger(value) ? value : undefined;
    case 'flag':
      return typeof value === 'boolean' ? value : undefined;
    case 'texts':
      return Array.isArray(value) && value.every(portableText) ? value : undefined;
  }
}

function takeObjects(members: Layout, value: unknown): readonly Values[] | undefined {
  const objects: readonly unknown[] = Array.isArray(value) ? value : value === null ? [] : [value];
  const taken = objects.map((resource) =>
    isRecord(resource) ? readAll(members, { principal: null, resource, context: null }) : undefined,
  );
  return taken.includes(undefined) ? undefined : (taken as readonly Values[]);
}

function findProblems({ parts }: Layout, request: Subjects): readonly string[] {
  const problems = (['principal', 'resource', 'context'] as const).flatMap((part) => {
    const given = request[part];
    if (!isRecord(given)) return parts[part].length === 0 ? [] : [`${part} is missing`];
    const source = ownValues(given);
    return parts[part].flatMap((slot) => {
      const value = source[slot.name];
      if (value === undefined) return [`${part}.${slot.name} is missing`];
      return take(slot, value) === undefined ? [`${part}.${slot.name} is not what was declared`] : [];
    });
  });
  return [...new Set(problems)];
}

type UnknownRecord = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is UnknownRecord {
  return typeof value === 'object' && value !== null;
}

const nothing = Object.freeze({});

/** Once something has been put into what every object inherits from, only what an object has itself counts. */
function ownValues(given: UnknownRecord): UnknownRecord {
  // oxlint-disable-next-line guard-for-in: what is inherited is what is looked for
  for (const _ in nothing) return Object.assign(Object.create(null) as UnknownRecord, given);
  return given;
}
