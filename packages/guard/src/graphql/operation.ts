/**
 * What is known while one operation runs: who asks, what was decided, which objects were admitted, what was refused.
 *
 * Owns: the questions to the policy and their record. Does not own: when they are asked (`enforce`).
 */
import { type DecidedEvent, describeFailure } from '@castellan/audit';
import type { Decision } from '@castellan/policy';
import { Refusal, type Runtime, refuse } from '@castellan/protocol';
import type { Access } from '../access.ts';
import { loadingTime, withDeadline } from '../deadline.ts';
import {
  type AskedPolicy,
  type Asking,
  type Judge,
  requireFunction,
  requireObject,
  requireWritable,
} from '../require.ts';
import type { Caller, Exchange, Held } from '../route.ts';
import { noticeIn, type Trace } from '../trace.ts';
import type { AnyTypeRule } from './table.ts';

/** Whose operation it is. */
export interface Asker {
  readonly access: Access;
  readonly caller: Caller;
}

export interface Operation {
  readonly correlation: string;
  /** @throws {Refusal} `credentials_missing` when nobody is known */
  readonly asker: () => Asker;
  /** For an answer that goes on: the same caller, with the rights of now. Every decision is made anew. */
  readonly replaceAsker: (asker: Asker) => void;
  /** @throws {Refusal} when no object could be permitted under any of these actions */
  readonly requireFunction: (actions: readonly string[]) => void;
  /** @throws {Refusal} as {@link requireObject} does; the same object is decided on once */
  readonly requireObject: (action: string, object: unknown, type: AnyTypeRule) => void;
  /** @throws {Refusal} `input_invalid` naming the fields that may not be written */
  readonly requireWritable: (action: string, object: unknown, changes: object) => void;
  /** Does something in its place in a flow, and among those that run at once. */
  readonly hold: (held: Omit<Held, 'access'>, work: () => unknown) => unknown;
  /** What comes in time. @throws {Refusal} `store_unavailable` */
  readonly inTime: (work: unknown) => unknown;
  /** Remembers that an object was permitted as one of this type. */
  readonly admit: (object: object, type: string) => void;
  readonly isAdmitted: (object: unknown, type: string) => boolean;
  readonly readable: (object: object, resource: string) => ReadonlySet<string>;
  /** Forgets what was decided and admitted: objects may have changed. */
  readonly forget: () => void;
  /** Keeps a refusal under its place in the answer, and answers with it. */
  readonly refuseAt: (path: string, error: unknown) => Refusal;
  readonly refusalAt: (path: string) => Refusal | undefined;
  /** Keeps a denial that the answer does not tell of. */
  readonly deny: (refusal: Refusal) => void;
  /** How many objects the field at this place leads to. */
  readonly sizes: Map<string, number>;
  /** An object of an event was denied since this was last false: nobody may learn that there was an event. */
  isEventDenied: boolean;
  /** Root fields that are refused although others of the operation are not, by key. */
  readonly refusedRoots: Map<string, Refusal>;
  /** The keys of the root fields that were counted. */
  readonly counted: ReadonlySet<string>;
  readonly asking: (action: string) => Asking;
  readonly policy: AskedPolicy;
  readonly decisions: () => readonly DecidedEvent[];
  /** The gravest refusal so far: a failure, else the first denial. */
  readonly worst: () => Refusal | undefined;
}

export interface OperationDeps {
  readonly policy: AskedPolicy;
  readonly runtime: Pick<Runtime, 'schedule'>;
  readonly hold: Exchange['hold'];
  readonly trace: Trace;
  readonly asker: Asker | undefined;
  readonly counted: ReadonlySet<string>;
}

export function openOperation({ policy, runtime, hold, trace, asker: first, counted }: OperationDeps): Operation {
  let asker = first;
  const memory = createMemory();
  const log = createLog();
  const refusals = createRefusals(trace);
  const known = (): Asker => asker ?? refuse('credentials_missing');
  const asking = (action: string): Asking => ({ ...known().caller, action });
  const judge = (action: string, object: string): Judge => {
    const note = (decision: Decision): void => log.note(action, object, decision);
    return { policy, asking: asking(action), note };
  };
  return {
    ...refusals,
    ...memory,
    correlation: trace.correlation,
    asker: known,
    replaceAsker: (another) => {
      asker = another;
      memory.renew();
    },
    requireFunction: (actions) => {
      const ask = (action: string) => () =>
        memory.onceForAll(action, () => requireFunction(judge(action, resourceOf(action))));
      const refusals = actions.map((action) => refusalOf(ask(action)));
      const [first] = refusals;
      if (first !== undefined && !refusals.includes(undefined)) throw first;
    },
    requireObject: (action, object, type) =>
      memory.once(action, object, () => requireObject(judge(action, nameOf(action, object, type)), object)),
    requireWritable: (action, object, changes) => {
      // INVARIANT: changes that cannot be looked at are not taken for none.
      if (!isObject(changes)) refuse('server_error', { detail: 'writes did not answer with the changes' });
      requireWritable({ ...judge(action, ''), source: 'args' }, object, changes);
    },
    readable: (object, type) =>
      memory.fieldsOf(object, type, () => policy.readable({ ...asking(''), type, resource: object })),
    sizes: new Map(),
    refusedRoots: new Map(),
    isEventDenied: false,
    counted,
    asking,
    policy,
    hold: (held, work) => hold({ ...held, access: known().access }, work),
    inTime: (work) => withDeadline(runtime, loadingTime, work),
    decisions: log.decisions,
  };
}

/** What was decided about which object; objects are told apart by identity, so a copy is decided on anew. */
function createMemory() {
  let verdicts = new WeakMap<object, Map<string, Refusal | undefined>>();
  let admitted = new WeakMap<object, Set<string>>();
  let fields = new WeakMap<object, Map<string, ReadonlySet<string>>>();
  let functions = new Map<string, Refusal | undefined>();
  const keep = (known: Map<string, Refusal | undefined>, action: string, decide: () => void): void => {
    if (!known.has(action)) known.set(action, refusalOf(decide));
    const refusal = known.get(action);
    if (refusal !== undefined) throw refusal;
  };
  const entry = <T>(map: WeakMap<object, T>, object: object, make: () => T): T => {
    const value = map.get(object) ?? make();
    map.set(object, value);
    return value;
  };
  const renew = (): void => {
    verdicts = new WeakMap();
    fields = new WeakMap();
    functions = new Map();
  };
  return {
    // What was admitted stays: an event that is being shown is shown to its end.
    renew,
    forget: () => {
      renew();
      admitted = new WeakMap();
    },
    onceForAll: (action: string, decide: () => void): void => keep(functions, action, decide),
    once: (action: string, object: unknown, decide: () => void): void => {
      if (isObject(object))
        keep(
          entry(verdicts, object, () => new Map()),
          action,
          decide,
        );
      else decide();
    },
    admit: (object: object, type: string) => void entry(admitted, object, () => new Set()).add(type),
    isAdmitted: (object: unknown, type: string) => isObject(object) && admitted.get(object)?.has(type) === true,
    fieldsOf: (object: object, type: string, read: () => readonly string[]): ReadonlySet<string> => {
      const known = entry(fields, object, () => new Map());
      const names = known.get(type) ?? new Set(read());
      known.set(type, names);
      return names;
    },
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** What a question refuses, to be answered later. */
export function refusalOf(decide: () => void): Refusal | undefined {
  try {
    decide();
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

const mostObjects = 10;
const mostDecisions = 50;

interface Line extends Omit<DecidedEvent, 'count' | 'objects'> {
  count: number;
  readonly objects: string[];
}

/** Decisions that came out alike are one line of the event. */
function createLog() {
  const lines = new Map<string, Line>();
  // Most decisions are one frozen object for all that came out alike, which is found faster than its words.
  const known = new Map<string, WeakMap<Decision, Line>>();
  const lineOf = (action: string, decision: Decision): Line | undefined => {
    const { effect, rules } = decision;
    const key = JSON.stringify([action, effect, rules]);
    if (lines.size >= mostDecisions && !lines.has(key)) return undefined;
    const line = lines.get(key) ?? { action, effect, rules, count: 0, objects: [] };
    lines.set(key, line);
    return line;
  };
  return {
    note: (action: string, object: string, decision: Decision): void => {
      const ofAction = known.get(action) ?? new WeakMap<Decision, Line>();
      known.set(action, ofAction);
      const line = ofAction.get(decision) ?? lineOf(action, decision);
      if (line === undefined) return;
      ofAction.set(decision, line);
      line.count += 1;
      if (line.objects.length < mostObjects) line.objects.push(object);
    },
    decisions: (): readonly DecidedEvent[] =>
      [...lines.values()].map((line) => ({ ...line, objects: [...line.objects] })),
  };
}

function createRefusals(trace: OperationDeps['trace']) {
  const byPath = new Map<string, Refusal>();
  let worst: Refusal | undefined;
  const keep = (refusal: Refusal): void => {
    if (worst === undefined || (!isFailure(worst) && isFailure(refusal))) worst = refusal;
  };
  return {
    refuseAt: (path: string, error: unknown): Refusal => {
      const refusal = error instanceof Refusal ? error : new Refusal('server_error');
      if (refusal !== error || refusal.reason === 'server_error') {
        noticeIn(trace, { type: 'failure', where: 'graphql', error: refusal.context.detail ?? describeFailure(error) });
      }
      byPath.set(path, refusal);
      keep(refusal);
      return refusal;
    },
    refusalAt: (path: string) => byPath.get(path),
    deny: keep,
    worst: () => worst,
  };
}

function isFailure({ reason }: Refusal): boolean {
  return reason === 'server_error' || reason === 'store_unavailable' || reason === 'overloaded';
}

function resourceOf(action: string): string {
  return action.slice(0, action.indexOf('.'));
}

/** `invoice/42`, as events of other routes call it. */
function nameOf(action: string, object: unknown, { key = 'id' }: AnyTypeRule): string {
  const id = isObject(object) ? (object as Readonly<Record<string, unknown>>)[key] : undefined;
  const resource = resourceOf(action);
  return typeof id === 'string' || typeof id === 'number'
    ? `${resource}/${encodeURIComponent(String(id).slice(0, 200))}`
    : resource;
}
