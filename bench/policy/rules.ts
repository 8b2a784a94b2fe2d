/** The policy that every contestant decides by: 20 rules about four resources. */
import { and, definePolicy, eq, type Policy, type Rule, type RuleBuilder, within } from '@castellan/policy';

const words = {
  principals: { person: { id: 'text', role: 'text', team: 'text' }, client: { id: 'text' } },
  resources: {
    invoice: {
      fields: { id: 'integer', ownerId: 'text', team: 'text', status: 'text' },
      actions: ['read', 'update', 'delete', 'pay', 'export'],
    },
    project: {
      fields: { id: 'integer', ownerId: 'text', team: 'text', status: 'text' },
      actions: ['read', 'update', 'delete', 'archive'],
    },
    comment: {
      fields: { id: 'integer', ownerId: 'text', team: 'text', status: 'text' },
      actions: ['read', 'update', 'delete'],
    },
    report: { fields: { id: 'integer', ownerId: 'text', team: 'text', status: 'text' }, actions: ['read', 'publish'] },
  },
  context: {},
} as const;

export type BenchWords = typeof words;

type Say = RuleBuilder<BenchWords>;

const person = { who: 'person', scopes: ['api'] } as const;

function invoiceRules({ permit, forbid }: Say): readonly Rule[] {
  return [
    permit('invoice-owner-reads', {
      ...person,
      on: 'invoice',
      may: ['read'],
      when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
    }),
    permit('invoice-team-reads', {
      ...person,
      on: 'invoice',
      may: ['read'],
      when: ({ principal, resource }) => eq(resource.team, principal.team),
    }),
    permit('invoice-accountant-reads', {
      ...person,
      on: 'invoice',
      may: ['read', 'export'],
      when: ({ principal }) => eq(principal.role, 'accountant'),
    }),
    permit('invoice-owner-updates', {
      ...person,
      on: 'invoice',
      may: ['update'],
      when: ({ principal, resource }) =>
        and(eq(resource.ownerId, principal.id), within(resource.status, ['draft', 'open'])),
    }),
    permit('invoice-owner-deletes', {
      ...person,
      on: 'invoice',
      may: ['delete'],
      when: ({ principal, resource }) => and(eq(resource.ownerId, principal.id), eq(resource.status, 'draft')),
    }),
    permit('invoice-accountant-pays', {
      ...person,
      on: 'invoice',
      may: ['pay'],
      when: ({ principal, resource }) => and(eq(principal.role, 'accountant'), eq(resource.status, 'open')),
    }),
    forbid('invoice-void-stays', {
      on: 'invoice',
      may: ['update', 'delete', 'pay'],
      when: ({ resource }) => eq(resource.status, 'void'),
    }),
  ];
}

function projectRules({ permit, forbid }: Say): readonly Rule[] {
  return [
    permit('project-team-reads', {
      ...person,
      on: 'project',
      may: ['read'],
      when: ({ principal, resource }) => eq(resource.team, principal.team),
    }),
    permit('project-owner-reads', {
      ...person,
      on: 'project',
      may: ['read'],
      when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
    }),
    permit('project-owner-updates', {
      ...person,
      on: 'project',
      may: ['update'],
      when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
    }),
    permit('project-lead-updates', {
      ...person,
      on: 'project',
      may: ['update', 'archive'],
      when: ({ principal, resource }) => and(eq(principal.role, 'lead'), eq(resource.team, principal.team)),
    }),
    permit('project-owner-deletes', {
      ...person,
      on: 'project',
      may: ['delete'],
      when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
    }),
    forbid('project-archived-stays', {
      on: 'project',
      may: ['update', 'delete', 'archive'],
      when: ({ resource }) => eq(resource.status, 'archived'),
    }),
  ];
}

function commentRules({ permit, forbid }: Say): readonly Rule[] {
  return [
    permit('comment-team-reads', {
      ...person,
      on: 'comment',
      may: ['read'],
      when: ({ principal, resource }) => eq(resource.team, principal.team),
    }),
    permit('comment-author-updates', {
      ...person,
      on: 'comment',
      may: ['update', 'delete'],
      when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
    }),
    permit('comment-moderator-deletes', {
      ...person,
      on: 'comment',
      may: ['delete'],
      when: ({ principal }) => eq(principal.role, 'moderator'),
    }),
    forbid('comment-locked-stays', {
      on: 'comment',
      may: ['update', 'delete'],
      when: ({ resource }) => eq(resource.status, 'locked'),
    }),
  ];
}

function reportRules({ permit, forbid }: Say): readonly Rule[] {
  return [
    permit('report-team-reads', {
      ...person,
      on: 'report',
      may: ['read'],
      when: ({ principal, resource }) => eq(resource.team, principal.team),
    }),
    permit('report-lead-publishes', {
      ...person,
      on: 'report',
      may: ['publish'],
      when: ({ principal, resource }) => and(eq(principal.role, 'lead'), eq(resource.status, 'open')),
    }),
    forbid('report-secret-stays', {
      on: 'report',
      may: ['read', 'publish'],
      when: ({ resource }) => eq(resource.status, 'secret'),
    }),
  ];
}

export const policy: Policy<BenchWords> = definePolicy(words, (say) =>
  [invoiceRules, projectRules, commentRules, reportRules].flatMap((rules) => rules(say)),
);

export type Person = Extract<Parameters<typeof policy.decide>[0]['principal'], { kind: 'person' }>;
export type Row = Parameters<typeof policy.decide>[0]['resource'];

export interface BenchRequest {
  readonly principal: Person;
  readonly scopes: readonly string[];
  readonly action: Parameters<typeof policy.decide>[0]['action'];
  readonly resource: Row;
  readonly context: Readonly<Record<never, never>>;
}

const actions = Object.entries(words.resources).flatMap(([name, { actions: verbs }]) =>
  verbs.map((verb) => `${name}.${verb}` as BenchRequest['action']),
);
const roles = ['customer', 'accountant', 'lead', 'moderator'] as const;
const states = ['open', 'draft', 'void', 'archived', 'locked', 'secret', 'paid'] as const;

const people: readonly Person[] = Array.from({ length: 16 }, (_, index) => ({
  kind: 'person',
  id: `person-${index}`,
  role: roles[index % 4] ?? 'lead',
  team: `team-${index % 5}`,
}));

/** Different people about different objects; the same requests in every run. */
export const requests: readonly BenchRequest[] = Array.from({ length: 509 }, (_, index) => ({
  principal: people[index % people.length] as Person,
  scopes: ['openid', 'api'],
  action: actions[index % actions.length] as BenchRequest['action'],
  resource: {
    id: index,
    ownerId: `person-${(index * 7) % 16}`,
    team: `team-${(index * 3) % 5}`,
    status: states[(index * 11) % states.length] ?? 'open',
  },
  context: {},
}));
