/**
 * Who may do what in this product: the whole of it.
 *
 * The same rules decide on each request, select the rows of every list, cut answers to the fields a person may see,
 * and say which fields a change may touch. Everything that no rule permits is refused.
 */
import { definePolicy, eq, type Policy } from '@castellan/policy';

const words = {
  principals: {
    person: { id: 'text', role: 'text' },
    client: { id: 'text' },
  },
  resources: {
    invoice: {
      fields: {
        id: 'integer',
        number: 'text',
        ownerId: 'text',
        customer: 'text',
        issuedOn: 'text',
        dueOn: 'text',
        currency: 'text',
        total: 'integer',
        status: 'text',
        purchaseOrder: 'text?',
        note: 'text?',
        auditRemark: 'text?',
      },
      actions: ['list', 'read', 'update'],
      columns: {
        ownerId: 'owner_id',
        issuedOn: 'issued_on',
        dueOn: 'due_on',
        purchaseOrder: 'purchase_order',
        auditRemark: 'audit_remark',
      },
    },
    user: {
      fields: { id: 'text', displayName: 'text', email: 'text', role: 'text', isAdmin: 'flag' },
      actions: ['list', 'read', 'update'],
      columns: { displayName: 'display_name', isAdmin: 'is_admin' },
    },
  },
  context: {},
} as const;

/** The words of this product's policy. */
export type InvoicesWords = typeof words;

const seenByOwner = [
  'id',
  'number',
  'ownerId',
  'customer',
  'issuedOn',
  'dueOn',
  'currency',
  'total',
  'status',
  'purchaseOrder',
  'note',
] as const;

const seenOfUser = ['id', 'displayName', 'email', 'role', 'isAdmin'] as const;

/** The policy. */
export const invoicesPolicy: Policy<InvoicesWords> = definePolicy(words, ({ permit, forbid }) => [
  permit('owner-reads-invoice', {
    who: 'person',
    on: 'invoice',
    may: ['list', 'read'],
    scopes: ['invoices:read'],
    when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
    reads: seenByOwner,
  }),
  permit('owner-annotates-invoice', {
    who: 'person',
    on: 'invoice',
    may: ['update'],
    scopes: ['invoices:write'],
    when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
    writes: ['note', 'purchaseOrder'],
  }),
  permit('accountant-reads-every-invoice', {
    who: 'person',
    on: 'invoice',
    may: ['list', 'read'],
    scopes: ['invoices:read'],
    when: ({ principal }) => eq(principal.role, 'accountant'),
    reads: [...seenByOwner, 'auditRemark'],
  }),
  // A job that counts needs numbers: it sees neither customers nor notes.
  permit('service-counts-open-invoices', {
    who: 'client',
    on: 'invoice',
    may: ['list'],
    scopes: ['invoices:report'],
    when: ({ resource }) => eq(resource.status, 'open'),
    reads: ['id', 'status', 'currency', 'total'],
  }),
  forbid('void-invoice-stays-as-it-is', {
    on: 'invoice',
    may: ['update'],
    when: ({ resource }) => eq(resource.status, 'void'),
  }),

  permit('person-reads-own-profile', {
    who: 'person',
    on: 'user',
    may: ['read'],
    scopes: ['users:read'],
    when: ({ principal, resource }) => eq(resource.id, principal.id),
    reads: seenOfUser,
  }),
  permit('person-renames-itself', {
    who: 'person',
    on: 'user',
    may: ['update'],
    scopes: ['users:write'],
    when: ({ principal, resource }) => eq(resource.id, principal.id),
    writes: ['displayName'],
  }),
  permit('accountant-lists-users', {
    who: 'person',
    on: 'user',
    may: ['list'],
    scopes: ['users:admin'],
    when: ({ principal }) => eq(principal.role, 'accountant'),
    reads: seenOfUser,
  }),
]);
