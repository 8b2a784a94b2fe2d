/**
 * The values that conditions ask for, each read from a request once: checked there, compared everywhere after.
 *
 * INVARIANT: what is compared is what was checked. Nothing reads the request again, so a getter that answers
 * differently the second time changes nothing. A list is looked at where it is while one request is judged; what is kept
 * for longer is a copy of it.
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
  /** One text, not a relation: what most slots are. */
  readonly isText: boolean;
  /** Of a relation: what is asked of each of its objects. */
  readonly members: Layout | undefined;
}

/** Where everything goes that has been asked for so far: the slots of each part of a request. */
export interface Layout extends Readonly<Record<Term<unknown>['from'], Slot[]>> {
  /** What is known before anything is read: literals, in their places. */
  readonly blank: unknown[];
}

/** Slots that are handed out in `layout`. */
export function createSlots(layout: Layout, declared: Declared): Slots {
  const slots: Slots = {
    of: (operand) => placeOf(layout, operand, declared),
    inside: () => insideRelation(slots, layout),
    relation: (name, asked) => {
      const members = emptyLayout();
      for (const term of asked) placeOf(members, { ...term, from: 'resource' }, () => declared(term, name));
      return addSlot(layout, { from: 'resource', name }, { spec: 'text', members });
    },
  };
  return slots;
}

/** A layout in which nothing has been asked for. */
export function emptyLayout(): Layout {
  return { principal: [], resource: [], context: [], related: [], blank: [] };
}

function placeOf(layout: Layout, operand: Operand, declared: Declared): number {
  if (operand.from === 'literal') return layout.blank.push(operand.value) - 1;
  const { from, name } = operand;
  const found = layout[from].find((slot) => slot.name === name && slot.members === undefined);
  if (found !== undefined) return found.place;
  return addSlot(layout, operand, { spec: declared(operand), members: undefined });
}

/**
 * A null in a row is a value, whatever was declared: that is how SQL sees it. Absence in a principal or the context is
 * known before any row is read, so where it was not declared it is an error.
 */
function addSlot(
  layout: Layout,
  { from, name }: Term<unknown>,
  { spec, members }: { readonly spec: AttributeSpec; readonly members: Layout | undefined },
): number {
  const place = newPlace(layout);
  const ofRow = from === 'resource';
  const type = baseType(spec);
  const isText = type === 'text' && members === undefined;
  const nullable = ofRow || spec.endsWith('?');
  layout[from].push({ name, place, type, ofRow, nullable, isText, members });
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

/** Undefined when something is missing or does not fit. An object that is not there is one that is not known yet. */
export function read(layout: Layout, request: Subjects): Values | undefined {
  const { principal, resource, context } = isPolluted() ? ownSubjects(request) : request;
  const values = layout.blank.slice();
  const isRead =
    keepPart(layout.principal, principal, values) &&
    (resource === undefined || readPart(layout.resource, resource, values)) &&
    keepPart(layout.context, context, values);
  return isRead ? values : undefined;
}

/** Reads what is kept for longer: of a list it takes a copy, for whoever changes the list afterwards. */
function keepPart(slots: readonly Slot[], given: unknown, values: unknown[]): boolean {
  if (slots.length === 0) return true;
  if (!isRecord(given)) return false;
  for (const slot of slots) {
    const value = given[slot.name];
    const taken = take(slot, Array.isArray(value) ? [...(value as readonly unknown[])] : value);
    if (taken === undefined) return false;
    values[slot.place] = taken;
  }
  return true;
}

/**
 * Reads a request into a place that was used before.
 *
 * INVARIANT: true only when every slot was written, so that nothing of another request is left in the place.
 */
export function fill(layout: Layout, values: unknown[], request: Subjects): boolean {
  const { principal, resource, context } = isPolluted() ? ownSubjects(request) : request;
  return (
    readPart(layout.principal, principal, values) &&
    readPart(layout.resource, resource, values) &&
    (layout.context.length === 0 || readPart(layout.context, context, values))
  );
}

/** The same for another object of the same asker: what was read of them stays. */
export function fillObject(layout: Layout, values: unknown[], resource: unknown): boolean {
  return readPart(layout.resource, isPolluted() ? ownValues(resource) : resource, values);
}

function readPart(slots: readonly Slot[], given: unknown, values: unknown[]): boolean {
  if (slots.length === 0) return true;
  if (!isRecord(given)) return false;
  for (let index = 0; index < slots.length; index += 1) {
    const slot = slots[index] as Slot;
    const value = given[slot.name];
    // Most values are texts; asking for them first spares the longer way. Only here are they remembered: for what is
    // read once in a while, finding a text among those takes longer than looking it through.
    const fits = typeof value === 'string' && slot.isText && (slot.ofRow || isPortable(value));
    const taken = fits ? value : take(slot, value);
    if (taken === undefined) return false;
    values[slot.place] = taken;
  }
  return true;
}

/** What is known by a value; undefined when it does not fit its declaration. */
function take(slot: Slot, value: unknown): unknown {
  const { type, nullable, members } = slot;
  if (members !== undefined) return takeObjects(members, value);
  if (value === null) return nullable ? null : undefined;
  switch (type) {
    case 'text':
      // A row's text comes from a database or is about to be stored there; the others become parameters beside it.
      return typeof value === 'string' && (slot.ofRow || portableText(value)) ? value : undefined;
    case 'integer':
      return Number.isSafeInteger(value) ? value : undefined;
    case 'flag':
      return typeof value === 'boolean' ? value : undefined;
    case 'texts':
      return Array.isArray(value) && areTexts(value) ? value : undefined;
  }
}

/** INVARIANT: by index, since `every` leaves out what is missing, and in SQL that is a NULL no comparison is false with. */
function areTexts(list: readonly unknown[]): boolean {
  for (let index = 0; index < list.length; index += 1) if (!portableText(list[index])) return false;
  return true;
}

function takeObjects(members: Layout, value: unknown): readonly Values[] | undefined {
  const objects: readonly unknown[] = Array.isArray(value) ? value : value === null ? [] : [value];
  const taken = objects.map((resource) =>
    isRecord(resource) ? read(members, { principal: null, resource, context: null }) : undefined,
  );
  return taken.includes(undefined) ? undefined : (taken as readonly Values[]);
}

/** What is missing or does not fit: names, never values. */
export function problemsIn(layout: Layout, request: Subjects): readonly string[] {
  const problems = (['principal', 'resource', 'context'] as const).flatMap((part) => {
    const given = request[part];
    if (!isRecord(given)) return layout[part].length === 0 ? [] : [`${part} is missing`];
    const source = (isPolluted() ? ownValues(given) : given) as UnknownRecord;
    return layout[part].flatMap((slot) => {
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

/** Whether something has been put into what every object inherits from. */
function isPolluted(): boolean {
  // oxlint-disable-next-line guard-for-in: what is inherited is what is looked for
  for (const _ in nothing) return true;
  return false;
}

/** What each part has itself. */
function ownSubjects({ principal, resource, context }: Subjects): Subjects {
  return { principal: ownValues(principal), resource: ownValues(resource), context: ownValues(context) };
}

function ownValues(given: unknown): unknown {
  return isRecord(given) ? Object.assign(Object.create(null) as object, given) : given;
}

/** Texts of principals that were looked through before: ids, roles and teams come again with each request. */
const portable = new Set<string>();
const bounds = { texts: 4096, length: 64 };

function isPortable(text: string): boolean {
  if (portable.has(text)) return true;
  if (!portableText(text)) return false;
  if (text.length > bounds.length) return true;
  if (portable.size >= bounds.texts) portable.clear();
  portable.add(text);
  return true;
}
