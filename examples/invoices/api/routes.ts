/** The table of routes: all that the API can do. What is not written here does not exist. */

import { publicRoute, type Route, routesUnder } from '@castellan/guard';
import type { Limit } from '@castellan/limits';
import { z } from 'zod';
import { invoicesPolicy } from '../policy.ts';
import type { InvoiceChanges, InvoicesStore } from './store.ts';

const id = z
  .string()
  .regex(/^[1-9][0-9]{0,8}$/)
  .transform(Number);

/** A line that a person writes; null clears it. */
const line = (length: number) =>
  z
    .string()
    .trim()
    .max(length)
    .regex(/^[^\p{Cc}]*$/u, 'must be one line')
    .nullable();

/** What of an invoice may be sent to be changed, by whatever way. */
export const invoiceChanges: z.ZodType<InvoiceChanges> = z
  .strictObject({ note: line(500).optional(), purchaseOrder: line(40).optional() })
  .refine((changes) => Object.keys(changes).length > 0, 'must change something');

/** What of a profile may be. */
export const profileChanges: z.ZodType<{ readonly displayName: string }> = z.strictObject({
  displayName: z
    .string()
    .trim()
    .min(1)
    .max(80)
    .regex(/^[^\p{Cc}]*$/u, 'must be one line'),
});

export const reading: Limit = { count: 120, period: 60 };
export const writing: Limit = { count: 30, period: 60 };

/** The routes over a store. */
export function invoicesRoutes(store: InvoicesStore): Readonly<Record<string, Route>> {
  const on = routesUnder(invoicesPolicy);
  return {
    'GET /health': publicRoute('whoever starts the API waits for it to answer', () => ({ status: 'ok' })),

    'GET /invoices': on.collection({
      action: 'invoice.list',
      input: {
        query: z.strictObject({ status: z.enum(['draft', 'open', 'paid', 'void']).optional(), after: id.optional() }),
      },
      output: { many: 'invoice' },
      limit: reading,
      handle: ({ query, filter }) => store.listInvoices({ ...query, filter: filter({ dialect: 'sqlite' }) }),
    }),

    'GET /invoices/:id': on.object({
      action: 'invoice.read',
      input: { params: z.strictObject({ id }) },
      load: ({ params }) => store.findInvoice(params.id),
      output: { one: 'invoice' },
      limit: reading,
      handle: ({ object }) => object,
    }),

    'PATCH /invoices/:id': on.object({
      action: 'invoice.update',
      input: { params: z.strictObject({ id }), body: invoiceChanges },
      load: ({ params }) => store.findInvoice(params.id),
      output: { one: 'invoice' },
      limit: writing,
      handle: ({ params, body, filter }) => store.changeInvoice(params.id, body, filter({ dialect: 'sqlite' })),
    }),

    'GET /users/me': on.object({
      action: 'user.read',
      input: {},
      load: ({ principal }) => store.findUser(principal.id),
      output: { one: 'user' },
      limit: reading,
      handle: ({ object }) => object,
    }),

    'PATCH /users/me': on.object({
      action: 'user.update',
      input: { body: profileChanges },
      load: ({ principal }) => store.findUser(principal.id),
      output: { one: 'user' },
      limit: writing,
      handle: ({ object, body, filter }) =>
        store.renameUser(object.id, body.displayName, filter({ dialect: 'sqlite' })),
    }),

    'GET /admin/users': on.collection({
      action: 'user.list',
      input: {},
      output: { many: 'user' },
      limit: reading,
      handle: ({ filter }) => store.listUsers(filter({ dialect: 'sqlite' })),
    }),
  };
}
