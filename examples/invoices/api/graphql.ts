/** The same API as GraphQL: the same store, the same policy and the same guard as the routes. */
import type { Route } from '@castellan/guard';
import { type GraphqlConfig, graphqlRoutes, type PermittedGraphqlCall, permittedUnder } from '@castellan/guard/graphql';
import { buildSchema, type GraphQLSchema, isObjectType } from 'graphql';
import { z } from 'zod';
import { type InvoicesWords, invoicesPolicy } from '../policy.ts';
import { invoiceChanges, profileChanges, reading, writing } from './routes.ts';
import type { InvoiceChanges, InvoiceQuery, InvoicesStore } from './store.ts';

const sdl = `
  type Query {
    invoice(id: Int!): Invoice
    invoices(first: Int = 20, after: Int, status: InvoiceStatus): [Invoice!]!
    me: User
    users: [User!]!
  }
  type Mutation {
    annotateInvoice(id: Int!, changes: InvoiceChanges!): Invoice
    renameMe(displayName: String!): User
  }
  enum InvoiceStatus { draft open paid void }
  type Invoice {
    id: Int!
    number: String
    customer: String
    issuedOn: String
    dueOn: String
    currency: String
    total: Int
    status: InvoiceStatus
    purchaseOrder: String
    note: String
    "For accountants."
    auditRemark: String
    "The total in words of people, as in 1299.00 EUR."
    amount: String
    owner: User
  }
  type User {
    id: String!
    displayName: String
    email: String
    role: String
    isAdmin: Boolean
    invoices(first: Int = 20, after: Int): [Invoice!]!
  }
  input InvoiceChanges { note: String, purchaseOrder: String }
`;

/** The endpoint over a store. */
export function invoicesGraphql(store: InvoicesStore): Readonly<Record<string, Route>> {
  const schema = executable(store);
  const page = { argument: 'first', max: 50 };
  const config: GraphqlConfig<InvoicesWords> = {
    policy: invoicesPolicy,
    schema,
    types: { Invoice: { resource: 'invoice' }, User: { resource: 'user' } },
    fields: {
      'Query.invoice': { action: 'invoice.read', limit: reading },
      'Query.invoices': { action: 'invoice.list', limit: reading, size: page },
      'Query.me': { action: 'user.read', limit: reading },
      'Query.users': { action: 'user.list', limit: reading, size: 500 },
      'Mutation.annotateInvoice': {
        action: 'invoice.update',
        yields: 'invoice.read',
        input: z.strictObject({ id: z.int().positive(), changes: invoiceChanges }),
        load: ({ args }) => store.findInvoice(args['id'] as number),
        writes: ({ changes }) => changes as object,
        limit: writing,
      },
      'Mutation.renameMe': {
        action: 'user.update',
        yields: 'user.read',
        input: profileChanges,
        load: ({ principal }) => store.findUser(principal.id),
        writes: (args) => args,
        limit: writing,
      },
      'Invoice.amount': { reads: ['total', 'currency'] },
      'Invoice.owner': { action: 'user.read' },
      'User.invoices': { action: 'invoice.list', size: page },
    },
  };
  return graphqlRoutes('/graphql', config);
}

type Invoice = NonNullable<ReturnType<InvoicesStore['findInvoice']>>;
type User = NonNullable<ReturnType<InvoicesStore['findUser']>>;
type Page = Omit<InvoiceQuery, 'filter'>;

/** What a resolver is given. Of a schema that is written as text TypeScript knows no types: each says its own. */
interface Asked<Args, Source = unknown> {
  readonly source: Source;
  readonly args: Args;
  readonly permitted: () => PermittedGraphqlCall<InvoicesWords>;
}
type Resolve = (asked: never) => unknown;

function executable(store: InvoicesStore): GraphQLSchema {
  const filterOf = ({ permitted }: Pick<Asked<unknown>, 'permitted'>) => permitted().filter({ dialect: 'sqlite' });
  return withResolvers(buildSchema(sdl), {
    Query: {
      invoice: ({ args }: Asked<{ id: number }>) => store.findInvoice(args.id),
      invoices: (asked: Asked<Page>) => store.listInvoices({ ...asked.args, filter: filterOf(asked) }),
      me: ({ permitted }: Asked<unknown>) => store.findUser(permitted().principal.id),
      users: (asked: Asked<unknown>) => store.listUsers(filterOf(asked)),
    },
    Mutation: {
      annotateInvoice: (asked: Asked<{ id: number; changes: InvoiceChanges }>) =>
        store.changeInvoice(asked.args.id, asked.args.changes, filterOf(asked)),
      renameMe: (asked: Asked<{ displayName: string }>) =>
        store.renameUser(asked.permitted().principal.id, asked.args.displayName, filterOf(asked)),
    },
    Invoice: {
      amount: ({ source }: Asked<unknown, Invoice>) => `${(source.total / 100).toFixed(2)} ${source.currency}`,
      owner: ({ source }: Asked<unknown, Invoice>) => store.findUser(source.ownerId),
    },
    User: {
      invoices: (asked: Asked<Page, User>) =>
        store.listInvoices({ ...asked.args, ownerId: asked.source.id, filter: filterOf(asked) }),
    },
  });
}

function withResolvers(
  schema: GraphQLSchema,
  resolvers: Readonly<Record<string, Readonly<Record<string, Resolve>>>>,
): GraphQLSchema {
  const permitted = permittedUnder(invoicesPolicy);
  for (const [name, fields] of Object.entries(resolvers)) {
    const type = schema.getType(name);
    const declared = isObjectType(type) ? type.getFields() : {};
    for (const [field, resolve] of Object.entries(fields)) {
      const found = declared[field];
      if (found === undefined) throw new TypeError(`${name}.${field} is not in the schema`);
      found.resolve = (...[source, args, , info]) =>
        resolve({ source, args, permitted: () => permitted(info) } as never);
    }
  }
  return schema;
}
