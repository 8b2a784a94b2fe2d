/** For tests: an API of invoices in two tenants behind a GraphQL endpoint, reached in every way a schema offers. */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { definePolicy, eq, type Filter, type Policy } from '@castellan/policy';
import { buildSchema, type GraphQLSchema } from 'graphql';
import type { GuardConfig } from '../config.ts';
import {
  type Engine,
  type GraphqlConfig,
  type GuardedField,
  graphqlRoutes,
  permittedUnder,
} from '../graphql/graphql.ts';
import { type Message, type NotesApi, type NotesWords, startNotes } from './notes.ts';

const words = {
  principals: { person: { id: 'text', role: 'text', tenant: 'text' } },
  resources: {
    invoice: {
      fields: { id: 'integer', tenantId: 'text', ownerId: 'text', customer: 'text', total: 'integer', secret: 'text?' },
      actions: ['list', 'read', 'update'],
      tenant: 'tenantId',
      table: 'invoices',
    },
    member: {
      fields: { id: 'text', tenantId: 'text', name: 'text', email: 'text' },
      actions: ['list', 'read'],
      tenant: 'tenantId',
      table: 'members',
    },
  },
  context: {},
} as const;

type WorldWords = typeof words;

/** Nora owns invoices of tenant a, Theo keeps its books, Mallory is somebody of tenant b. */
const worldPolicy: Policy<WorldWords> = definePolicy(words, ({ permit }) => [
  permit('owner-reads', {
    who: 'person',
    on: 'invoice',
    may: ['list', 'read'],
    scopes: ['invoices:read'],
    when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
    reads: ['id', 'ownerId', 'customer', 'total'],
  }),
  permit('keeper-reads', {
    who: 'person',
    on: 'invoice',
    may: ['list', 'read'],
    scopes: ['invoices:read'],
    when: ({ principal }) => eq(principal.role, 'keeper'),
    reads: ['id', 'ownerId', 'customer', 'total', 'secret'],
  }),
  permit('owner-updates', {
    who: 'person',
    on: 'invoice',
    may: ['update'],
    scopes: ['invoices:write'],
    when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
    writes: ['customer'],
  }),
  permit('member-reads-self', {
    who: 'person',
    on: 'member',
    may: ['read'],
    scopes: ['members:read'],
    when: ({ principal, resource }) => eq(resource.id, principal.id),
    reads: ['id', 'name', 'email'],
  }),
  permit('keeper-lists-members', {
    who: 'person',
    on: 'member',
    may: ['list'],
    scopes: ['members:read'],
    when: ({ principal }) => eq(principal.role, 'keeper'),
    reads: ['id', 'name'],
  }),
]);

const sdl = `
  interface Node { id: ID! }
  type Invoice implements Node {
    id: ID!
    customer: String
    total: Int
    "For the keeper of the books."
    secret: String
    shout: String
    owner: Member
    certainOwner: Member!
    siblings(first: Int = 2): [Invoice!]!
  }
  type Member implements Node { id: ID!, name: String, email: String, invoices(first: Int = 5): [Invoice!]! }
  type InvoiceEdge { cursor: String, node: Invoice }
  type InvoicePage { edges: [InvoiceEdge!]!, note: String }
  type Changed { invoice: Invoice, note: String }
  union Found = Invoice | Member
  type Query {
    invoice(id: Int!): Invoice
    certainInvoice(id: Int!): Invoice!
    invoices(first: Int = 5): [Invoice!]!
    page(first: Int = 5): InvoicePage!
    node(id: ID!): Node
    search(text: String!): [Found!]!
    members: [Member!]!
    me: Member
    believed: [Invoice]!
    streamed: [Invoice]!
    endless(first: Int = 2): [Invoice!]!
    fails: Invoice
    health: String!
  }
  type Mutation {
    changeInvoice(id: Int!, customer: String, total: Int): Changed
    signIn(name: String!): Boolean!
  }
  type Subscription { invoiceChanged: Invoice, tick: String! }
`;

interface Invoice {
  readonly id: number;
  readonly tenantId: string;
  readonly ownerId: string;
  readonly customer: string;
  readonly total: number;
  readonly secret: string | null;
}

const limit = { count: 20, period: 60 };

/** What an API of this kind declares. */
export const worldTable: Pick<GraphqlConfig<WorldWords>, 'types' | 'fields'> = {
  types: {
    Invoice: { resource: 'invoice' },
    Member: { resource: 'member' },
    InvoiceEdge: { plain: 'a place in a page' },
    InvoicePage: { plain: 'a page of invoices' },
    Changed: { plain: 'what became of a change' },
  },
  fields: {
    'Query.invoice': { action: 'invoice.read', limit },
    'Query.certainInvoice': { action: 'invoice.read', limit },
    'Query.invoices': { action: 'invoice.list', limit, size: { argument: 'first', max: 50 } },
    'Query.page': { action: 'invoice.list', limit, size: { argument: 'first', max: 50 } },
    'Query.node': { action: ['invoice.read', 'member.read'], limit },
    'Query.search': { action: ['invoice.list', 'member.list'], limit, size: 10 },
    'Query.members': { action: 'member.list', limit, size: 10 },
    'Query.me': { action: 'member.read', limit },
    'Query.believed': { action: 'invoice.list', limit, size: 10 },
    'Query.streamed': { action: 'invoice.list', limit, size: 10 },
    'Query.endless': { action: 'invoice.list', limit, size: { argument: 'first', max: 50 } },
    'Query.fails': { action: 'invoice.read', limit },
    'Query.health': { public: 'the load balancer asks', limit },
    'Mutation.signIn': { public: 'whoever signs in has no token yet', limit: { count: 3, period: 60 } },
    'Subscription.invoiceChanged': { action: 'invoice.read', limit },
    'Subscription.tick': { public: 'a clock', limit },
    'Invoice.shout': { reads: ['customer'] },
    'Invoice.owner': { action: 'member.read' },
    'Invoice.certainOwner': { action: 'member.read' },
    'Invoice.siblings': { action: 'invoice.list', size: { argument: 'first', max: 10 } },
    'Member.invoices': { action: 'invoice.list', size: { argument: 'first', max: 10 } },
    'InvoicePage.edges': { public: 'its edges are judged', size: 'outer' },
    'InvoiceEdge.node': { action: 'invoice.list' },
    'Changed.invoice': { action: 'invoice.read' },
  },
};

type Args = Readonly<Record<string, never>>;
type Resolve = (source: never, args: Args, context: unknown, info: never) => unknown;

export interface GraphqlWorld extends Omit<NotesApi, 'send' | 'notes'> {
  readonly schema: GraphQLSchema;
  /** Sends one operation as a client would. */
  readonly ask: (query: string | undefined, message?: Asking) => Promise<Answered>;
  readonly send: NotesApi['send'];
  readonly invoice: (id: number) => Invoice | undefined;
  /** Changes a row behind the API's back. */
  readonly run: (sql: string) => void;
  /** When a subscription asks for the next event. */
  readonly listening: () => Promise<void>;
  /** When the source of a subscription is closed. */
  readonly ended: () => Promise<void>;
  /** Tells every open subscription. */
  readonly publish: (invoice: unknown) => void;
  /** Who has a role other than the usual; a role of `gone` is nobody. */
  readonly roles: Map<string, string>;
  /** How often a resolver of a root field ran. */
  readonly ran: () => number;
}

interface Asking extends Message {
  readonly variables?: object;
  readonly operationName?: string;
  readonly extensions?: object;
  readonly documentId?: string;
}

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly data: unknown;
  readonly errors: readonly GraphqlErrorBody[];
  readonly text: string;
  readonly stream: AsyncIterable<string> | undefined;
}

interface GraphqlErrorBody {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: Readonly<Record<string, unknown>>;
}

export interface WorldOptions {
  /** Fields that are declared otherwise. */
  readonly fields?: GraphqlConfig<WorldWords>['fields'];
  readonly graphql?: Partial<GraphqlConfig<WorldWords>>;
  readonly guard?: (config: GuardConfig<NotesWords>) => object;
  /** Another engine than graphql's own, made for the schema. */
  readonly engine?: ((schema: GraphQLSchema) => Engine) | undefined;
}

/** Starts the API in the process, without a socket. */
export async function startWorld(options: WorldOptions = {}): Promise<GraphqlWorld> {
  const database = openRows();
  const topic = createTopic();
  const roles = new Map([['theo', 'keeper']]);
  const { schema, ran } = executable(database, topic);
  const engine = options.engine === undefined ? {} : { engine: options.engine(schema) };
  const change: GuardedField<WorldWords> = {
    action: 'invoice.update',
    load: ({ args }) => rowsOf(database, 'SELECT * FROM invoices WHERE id = ?', [args['id']])[0],
    writes: ({ customer, total }) => ({
      ...(customer === undefined ? {} : { customer }),
      ...(total === undefined ? {} : { total }),
    }),
    limit,
  };
  const fields = { ...worldTable.fields, 'Mutation.changeInvoice': change, ...options.fields };
  const config = { policy: worldPolicy, schema, types: worldTable.types, fields, ...engine, ...options.graphql };
  const routes = graphqlRoutes('/graphql', config as unknown as GraphqlConfig<WorldWords>);
  const notes = await startNotes((base) => ({
    policy: worldPolicy,
    principal: ({ kind, subject }: { kind: string; subject: string }) => {
      const role = roles.get(subject) ?? 'member';
      return role === 'gone' ? undefined : { kind, id: subject, role, tenant: subject === 'mallory' ? 'b' : 'a' };
    },
    routes,
    ...options.guard?.(base),
  }));
  const token: NotesApi['token'] = (claims = {}, typ = 'at+jwt') =>
    notes.token({ scope: 'invoices:read invoices:write members:read', ...claims }, typ);
  return {
    ...notes,
    token,
    schema,
    roles,
    ran,
    ask: (query, message = {}) => ask(notes, query, message),
    invoice: (id) => rowsOf(database, 'SELECT * FROM invoices WHERE id = ?', [id])[0] as unknown as Invoice | undefined,
    run: (sql) => database.exec(sql),
    publish: topic.publish,
    listening: () => topic.listening.promise,
    ended: () => topic.ended.promise,
  };
}

async function ask({ guard }: NotesApi, query: string | undefined, message: Asking): Promise<Answered> {
  const { variables, operationName, extensions, documentId, token, headers, address } = message;
  const body = message.body ?? JSON.stringify({ query, variables, operationName, extensions, documentId });
  const answer = await guard.handle({
    method: 'POST',
    path: '/graphql',
    query: '',
    headers: {
      ...(token === undefined ? {} : { authorization: [`Bearer ${token}`] }),
      'content-type': ['application/json'],
      ...headers,
    },
    body,
    peer: { address: address ?? '192.0.2.1' },
  });
  const text = String(answer.body);
  const json = (text.startsWith('{') ? JSON.parse(text) : {}) as { data?: unknown; errors?: GraphqlErrorBody[] };
  const { status, headers: received, stream } = answer;
  return { status, headers: received, data: json.data, errors: json.errors ?? [], text, stream };
}

function openRows(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  database.exec(`
    CREATE TABLE members (id TEXT PRIMARY KEY, tenantId TEXT, name TEXT, email TEXT) STRICT;
    CREATE TABLE invoices (id INTEGER PRIMARY KEY, tenantId TEXT, ownerId TEXT, customer TEXT, total INTEGER,
      secret TEXT) STRICT;
    INSERT INTO members VALUES ('nora', 'a', 'Nora', 'nora@a.example'), ('theo', 'a', 'Theo', 'theo@a.example'),
      ('mallory', 'b', 'Mallory', 'mallory@b.example');
    INSERT INTO invoices VALUES (1, 'a', 'nora', 'Harbour', 100, 'ask twice'), (2, 'a', 'nora', 'Mill', 200, NULL),
      (3, 'a', 'theo', 'Quarry', 300, NULL), (42, 'b', 'mallory', 'Foreign', 900, 'tenant b only');
  `);
  return database;
}

type Rows = readonly Readonly<Record<string, unknown>>[];

function rowsOf(database: DatabaseSync, sql: string, parameters: readonly unknown[]): Rows {
  return database.prepare(sql).all(...(parameters as readonly SQLInputValue[]));
}

function executable(database: DatabaseSync, topic: Topic): { schema: GraphQLSchema; ran: () => number } {
  const schema = buildSchema(sdl);
  const permitted = permittedUnder(worldPolicy);
  let ran = 0;
  const select = (table: string, filter: Filter, first = 10): Rows =>
    rowsOf(database, `SELECT * FROM ${table} WHERE ${filter.sql} ORDER BY id LIMIT ?`, [...filter.parameters, first]);
  const list = (table: string, info: unknown, first?: number): Rows =>
    select(table, permitted(info as never).filter({ dialect: 'sqlite' }), first);
  const find = (id: unknown): unknown => rowsOf(database, 'SELECT * FROM invoices WHERE id = ?', [id])[0];
  const findMember = (id: unknown): unknown => rowsOf(database, 'SELECT * FROM members WHERE id = ?', [id])[0];
  const all = (): Rows => rowsOf(database, 'SELECT * FROM invoices ORDER BY id', []);
  const resolvers: Readonly<Record<string, Readonly<Record<string, Resolve>>>> = {
    Query: {
      invoice: (_, { id }) => find(id),
      certainInvoice: async (_, { id }) => find(id),
      invoices: (_, { first }, __, info) => list('invoices', info, first),
      page: (_, { first }, __, info) => ({
        edges: list('invoices', info, first).map((node) => ({ cursor: 'c', node })),
        note: 'a page',
      }),
      node: async (_, { id }) => find(Number(id)) ?? findMember(id),
      search: (_, __, ___, info) => {
        const { filter } = permitted(info);
        const of = (action: 'invoice.list' | 'member.list') => filter({ dialect: 'sqlite', action });
        return [...select('invoices', of('invoice.list')), ...select('members', of('member.list'))];
      },
      members: (_, __, ___, info) => list('members', info),
      me: (_, __, ___, info) => findMember(permitted(info).principal.id),
      believed: () => all(),
      streamed: async function* () {
        yield* all();
      },
      endless: (_, __, ___, info) => list('invoices', info, 50),
      fails: () => {
        throw new Error('the password of the database is hunter2');
      },
      health: () => 'ok',
    },
    Mutation: {
      changeInvoice: (_, { id, customer }, __, info) => {
        const filter = permitted(info).filter({ dialect: 'sqlite' });
        const sql = `UPDATE invoices SET customer = ? WHERE id = ? AND ${filter.sql} RETURNING *`;
        return { invoice: rowsOf(database, sql, [customer, id, ...filter.parameters])[0], note: 'done' };
      },
      signIn: () => true,
    },
    Subscription: { tick: (tick: { tick: string }) => tick.tick },
    Invoice: {
      shout: ({ customer }: Invoice) => customer.toUpperCase(),
      owner: ({ ownerId }: Invoice) => findMember(ownerId),
      certainOwner: ({ ownerId }: Invoice) => findMember(ownerId),
      siblings: (_, { first }, __, info) => list('invoices', info, first),
    },
    Member: { invoices: (_, { first }, __, info) => list('invoices', info, first) },
  };
  for (const [type, fields] of Object.entries(resolvers)) {
    const own = (schema.getType(type) as ReturnType<GraphQLSchema['getQueryType']>)?.getFields() ?? {};
    for (const [name, resolve] of Object.entries(fields)) {
      const counted: Resolve = (...call) => {
        if (type === 'Query' || type === 'Mutation') ran += 1;
        return resolve(...call);
      };
      if (own[name] !== undefined) own[name].resolve = counted as never;
    }
  }
  const streams = schema.getSubscriptionType()?.getFields() ?? {};
  for (const field of Object.values(streams)) field.subscribe = () => topic.open() as never;
  for (const name of ['Node', 'Found']) {
    const abstract = schema.getType(name) as { resolveType?: unknown };
    abstract.resolveType = async (value: object) => ('ownerId' in value ? 'Invoice' : 'Member');
  }
  return { schema, ran: () => ran };
}

interface Topic {
  readonly listening: PromiseWithResolvers<void>;
  readonly ended: PromiseWithResolvers<void>;
  readonly open: () => AsyncIterableIterator<unknown>;
  readonly publish: (invoice: unknown) => void;
}

function createTopic(): Topic {
  const open = new Set<(value: unknown) => void>();
  const listening = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  return {
    listening,
    ended,
    publish: (invoiceChanged) => {
      for (const push of open) push({ invoiceChanged, tick: 'tock' });
    },
    open: () => {
      const waiting: unknown[] = [];
      let wake: ((result: IteratorResult<unknown>) => void) | undefined;
      const push = (value: unknown): void => {
        if (wake === undefined) return void waiting.push(value);
        wake({ done: false, value });
        wake = undefined;
      };
      open.add(push);
      const source: AsyncIterableIterator<unknown> = {
        next: () => {
          listening.resolve();
          if (waiting.length > 0) return Promise.resolve({ done: false, value: waiting.shift() });
          return new Promise((resolve) => {
            wake = resolve;
          });
        },
        return: () => {
          open.delete(push);
          ended.resolve();
          wake?.({ done: true, value: undefined });
          return Promise.resolve({ done: true, value: undefined });
        },
        [Symbol.asyncIterator]: () => source,
      };
      return source;
    },
  };
}
