/** For tests: an API of notes behind the guard, an issuer that signs whatever it is told, and a clock to turn. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { type MemorySink, memorySink, type RecordedEvent } from '@castellan/audit';
import { memoryLimitStore } from '@castellan/limits';
import { definePolicy, eq, type Policy } from '@castellan/policy';
import {
  type HttpAnswer,
  type HttpRequest,
  publicJwkOf,
  type Runtime,
  type SigningKey,
  signJwt,
} from '@castellan/protocol';
import type { GuardConfig } from '../config.ts';
import { createGuard, type Guard } from '../guard.ts';
import { publicRoute, type Route, routesUnder } from '../route.ts';
import type { StandardSchema } from '../standard-schema.ts';

export const issuer = 'https://issuer.example';
export const api = 'https://api.example';

const words = {
  principals: { person: { id: 'text', role: 'text' }, client: { id: 'text' } },
  resources: {
    note: {
      fields: { id: 'integer', ownerId: 'text', title: 'text', rank: 'integer', state: 'text', hidden: 'text?' },
      actions: ['list', 'read', 'update', 'purge'],
    },
  },
  context: {},
} as const;

export type NotesWords = typeof words;

export interface Note {
  readonly id: number;
  readonly ownerId: string;
  readonly title: string;
  readonly rank: number;
  readonly state: string;
  readonly hidden: string | null;
}

export const notesPolicy: Policy<NotesWords> = definePolicy(words, ({ permit, forbid }) => [
  permit('owner-reads', {
    who: 'person',
    on: 'note',
    may: ['list', 'read'],
    scopes: ['notes:read'],
    when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
    reads: ['id', 'ownerId', 'title', 'rank', 'state'],
  }),
  permit('owner-updates', {
    who: 'person',
    on: 'note',
    may: ['update'],
    scopes: ['notes:read', 'notes:write'],
    when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
    writes: ['title'],
  }),
  permit('keeper-purges', {
    who: 'person',
    on: 'note',
    may: ['purge'],
    scopes: ['notes:admin'],
    when: ({ principal }) => eq(principal.role, 'keeper'),
  }),
  forbid('closed-notes-stay', { on: 'note', may: ['update'], when: ({ resource }) => eq(resource.state, 'closed') }),
]);

/** A schema from a function, so that these tests need no validator. */
export function schema<T>(read: (value: Record<string, unknown>) => T | string): StandardSchema<T> {
  return {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) => {
        const result = read(value as Record<string, unknown>);
        return typeof result === 'string' ? { issues: [{ message: result, path: ['id'] }] } : { value: result };
      },
    },
  };
}

const idParams = schema(({ id }) =>
  typeof id === 'string' && /^[1-9][0-9]{0,8}$/.test(id) ? { id: Number(id) } : 'is not an id',
);
/** Strips what it does not know, as most validators do; lets `rank` through, which the policy does not. */
const noteChanges = schema(({ title, rank }) => ({
  ...(title === undefined ? {} : { title: title as string }),
  ...(rank === undefined ? {} : { rank: rank as number }),
}));

export function notesRoutes(notes: Map<number, Note>): Readonly<Record<string, Route>> {
  const on = routesUnder(notesPolicy);
  const limit = { count: 20, period: 60 };
  return {
    'GET /health': publicRoute('the load balancer asks', () => ({ status: 'ok' })),
    'GET /notes': on.collection({
      action: 'note.list',
      input: { query: schema(({ state }) => (state === undefined ? {} : { state: state as string })) },
      output: { many: 'note' },
      limit,
      handle: ({ principal }) => [...notes.values()].filter((note) => note.ownerId === principal.id),
    }),
    'GET /notes/:id': on.object({
      action: 'note.read',
      input: { params: idParams },
      load: ({ params }) => notes.get(params.id),
      output: { one: 'note' },
      limit,
      handle: ({ object }) => object,
    }),
    'PATCH /notes/:id': on.object({
      action: 'note.update',
      input: { params: idParams, body: noteChanges },
      load: ({ params }) => notes.get(params.id),
      output: { one: 'note' },
      limit,
      handle: ({ object, body }) => {
        const changed = { ...object, ...body };
        notes.set(object.id, changed);
        return changed;
      },
    }),
    'DELETE /notes/:id': on.object({
      action: 'note.purge',
      input: { params: idParams },
      load: ({ params }) => notes.get(params.id),
      output: 'nothing',
      limit,
      handle: ({ object }) => {
        notes.delete(object.id);
      },
    }),
    'GET /leaks': on.collection({
      action: 'note.list',
      input: {},
      output: { many: 'note' },
      limit,
      handle: () => [...notes.values()],
    }),
    'GET /fails': on.collection({
      action: 'note.list',
      input: {},
      output: { many: 'note' },
      limit,
      handle: () => {
        throw new Error('a secret detail');
      },
    }),
  };
}

export interface NotesApi {
  readonly guard: Guard;
  readonly clock: Clock;
  readonly notes: Map<number, Note>;
  readonly key: SigningKey;
  readonly sink: MemorySink;
  /** Delivered events of one type. */
  readonly outcomes: () => Promise<readonly Extract<RecordedEvent, { type: 'access.decided' }>[]>;
  /** A token of the issuer; a claim that is undefined is left out. */
  readonly token: (claims?: Readonly<Record<string, unknown>>, typ?: 'at+jwt' | 'JWT') => Promise<string>;
  readonly send: (method: string, target: string, message?: Message) => Promise<Answer>;
  /** How often the issuer was asked for its keys. */
  readonly fetched: () => number;
  readonly publish: (keys: readonly object[]) => void;
  /** Puts the keys of another issuer onto the network. */
  readonly publishAt: (url: string, keys: readonly object[]) => void;
  /** Puts anything that answers onto the network. */
  readonly serveAt: (url: string, answer: (init: RequestInit | undefined) => Response | Promise<Response>) => void;
}

export interface Message {
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  readonly body?: string;
  readonly address?: string;
}

interface Answer extends HttpAnswer {
  readonly json: Record<string, unknown>;
}

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const seed: readonly Note[] = [
  { id: 1, ownerId: 'nora', title: 'Mine', rank: 1, state: 'open', hidden: 'never shown' },
  { id: 2, ownerId: 'nora', title: 'Closed', rank: 2, state: 'closed', hidden: null },
  { id: 42, ownerId: 'theo', title: 'Foreign', rank: 3, state: 'open', hidden: null },
];

/** Starts the API in the process, without a socket. */
export async function startNotes(change: (config: GuardConfig<NotesWords>) => object = () => ({})): Promise<NotesApi> {
  const clock = createClock();
  let count = 0;
  const jwk = await publicJwkOf(privateKey, 'ES256');
  const key: SigningKey = { kid: jwk.kid, algorithm: 'ES256', privateKey };
  const network = new Map<string, (init: RequestInit | undefined) => Response | Promise<Response>>();
  const publishAt = (url: string, keys: readonly object[]) => void network.set(url, () => Response.json({ keys }));
  publishAt(`${issuer}/jwks`, [jwk]);
  let fetched = 0;
  const runtime: Runtime = {
    ...clock,
    fetchUntrusted: () => Promise.reject(new TypeError('a guard calls no address of a stranger')),
    randomBytes: (size) => {
      count += 1;
      return Buffer.alloc(size, createHash('sha256').update(`${count}`).digest());
    },
    fetch: async (url, init) => {
      const answer = network.get(String(url));
      if (answer === undefined) throw new TypeError('nobody is there');
      fetched += 1;
      return answer(init);
    },
  };
  const sink = memorySink();
  const notes = new Map(seed.map((note) => [note.id, note]));
  const config: GuardConfig<NotesWords> = {
    name: 'Notes',
    resource: api,
    issuers: [
      { issuer, audience: api, algorithms: ['ES256'], typ: 'at+jwt', jwksUri: `${issuer}/jwks`, maxLifetime: 300 },
    ],
    policy: notesPolicy,
    principal: ({ kind, subject }) => {
      if (kind === 'client') return { kind, id: subject };
      return subject === 'unknown' ? undefined : { kind, id: subject, role: subject === 'theo' ? 'keeper' : 'writer' };
    },
    routes: notesRoutes(notes),
    limits: { store: memoryLimitStore({ capacity: 1000 }), perAddress: { count: 200, period: 60 } },
  };
  const guard = createGuard({ ...config, ...change(config) }, runtime, [sink]);
  const seconds = (): number => Math.floor(clock.now() / 1000);
  return {
    guard,
    clock,
    notes,
    key,
    sink,
    outcomes: async () => {
      await guard.flush();
      return sink.events.filter((event) => event.type === 'access.decided');
    },
    token: (claims = {}, typ = 'at+jwt') => {
      const base = { iss: issuer, aud: api, sub: 'nora', client_id: 'web', jti: 'j', scope: 'notes:read notes:write' };
      return signJwt(key, typ, { ...base, iat: seconds(), exp: seconds() + 300, ...claims });
    },
    send: async (method, target, message) => {
      const answer = await guard.handle(plainRequest(method, target, message));
      const text = String(answer.body);
      return { ...answer, json: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {} };
    },
    fetched: () => fetched,
    publish: (keys) => publishAt(`${issuer}/jwks`, keys),
    publishAt,
    serveAt: (url, answer) => void network.set(url, answer),
  };
}

function plainRequest(method: string, target: string, message: Message = {}): HttpRequest {
  const [path = '', query = ''] = target.split('?', 2);
  const headers = {
    ...(message.token === undefined ? {} : { authorization: [`Bearer ${message.token}`] }),
    ...(message.body === undefined ? {} : { 'content-type': ['application/json'] }),
    ...message.headers,
  };
  return { method, path, query, headers, body: message.body ?? '', peer: { address: message.address ?? '192.0.2.1' } };
}

/** A clock that a test turns. */
interface Clock extends Pick<Runtime, 'now' | 'monotonic' | 'schedule'> {
  /** Moves on by so many seconds and runs what became due. */
  readonly advance: (seconds: number) => void;
}

function createClock(): Clock {
  let elapsed = 0;
  const tasks = new Map<() => void, number>();
  return {
    now: () => 1_800_000_000_000 + elapsed,
    monotonic: () => elapsed,
    schedule: (delay, task) => {
      const own = (): void => task();
      tasks.set(own, elapsed + delay);
      return () => void tasks.delete(own);
    },
    advance: (seconds) => {
      elapsed += seconds * 1000;
      for (const [task, due] of tasks) if (due <= elapsed && tasks.delete(task)) task();
    },
  };
}
