/** Words of a policy flow into rules, requests and answers. Checked by `npm run check`, never run. */
import { definePolicy, eq, type Policy, some } from '@castellan/policy';
import { expectTypeOf } from 'expect-type';

const words = {
  principals: {
    person: { id: 'text', tenant: 'text', teams: 'texts', age: 'integer?' },
    client: { id: 'text', tenant: 'text' },
  },
  resources: {
    project: {
      fields: { id: 'integer', orgId: 'text', open: 'flag', leadId: 'text?' },
      actions: ['read', 'close'],
      tenant: 'orgId',
      relations: {
        lead: { to: 'member', join: ['leadId', 'personId'], many: false },
        members: { to: 'member', join: ['id', 'projectId'], many: true },
      },
    },
    member: { fields: { projectId: 'integer', personId: 'text' }, actions: [] },
  },
  context: { network: 'text' },
} as const;

declare const policy: Policy<typeof words>;

type Request = Parameters<typeof policy.decide<'project.read'>>[0];
expectTypeOf<Request['principal']>().toEqualTypeOf<
  | ({ readonly kind: 'person' } & {
      readonly id: string;
      readonly tenant: string;
      readonly teams: readonly string[];
      readonly age: number | null;
    })
  | ({ readonly kind: 'client' } & { readonly id: string; readonly tenant: string })
>();

type Member = { readonly projectId: number; readonly personId: string };
expectTypeOf<Request['resource']['open']>().toEqualTypeOf<boolean>();
expectTypeOf<Request['resource']['leadId']>().toEqualTypeOf<string | null>();
expectTypeOf<Request['resource']['lead']>().toEqualTypeOf<Member | null>();
expectTypeOf<Request['resource']['members']>().toEqualTypeOf<readonly Member[]>();
expectTypeOf<Request['context']>().toEqualTypeOf<{ readonly network: string }>();
expectTypeOf(policy.readable<'project'>).returns.toEqualTypeOf<readonly ('id' | 'orgId' | 'open' | 'leadId')[]>();

declare const asking: Omit<Request, 'action' | 'resource'>;
declare const withoutMembers: Omit<Request['resource'], 'members'>;

// @ts-expect-error: no such action
policy.decide({ ...asking, action: 'project.burn', resource: withoutMembers });
// @ts-expect-error: the object was loaded without what its rules may ask about
policy.decide({ ...asking, action: 'project.read', resource: withoutMembers });
// @ts-expect-error: decided on what?
policy.decide({ ...asking, action: 'project.read' });
// @ts-expect-error: asked by whom?
policy.foresee({ scopes: [], action: 'project.read', context: { network: 'x' } });
// @ts-expect-error: scopes come from the token, and are never left out
policy.foresee({ principal: asking.principal, action: 'project.read', context: { network: 'x' } });

export const rules: Policy<typeof words> = definePolicy(words, ({ permit, forbid }) => [
  permit('members-read', {
    who: 'person',
    on: 'project',
    may: ['read'],
    scopes: [],
    when: ({ principal, resource }) => some(resource.members, (member) => eq(member.personId, principal.id)),
    reads: ['id', 'open'],
  }),
  permit('someone', {
    // @ts-expect-error: no such kind of principal
    who: 'robot',
    on: 'project',
    may: ['read'],
    scopes: [],
    when: ({ resource }) => eq(resource.open, true),
  }),
  forbid('whoever', {
    on: 'project',
    may: ['close'],
    // @ts-expect-error: not every kind of principal has teams, so a rule about all of them cannot ask for them
    when: ({ principal }) => eq(principal.teams, 'x'),
  }),
  // @ts-expect-error: a permit without the scopes it asks for
  permit('scopeless', { who: 'person', on: 'project', may: ['read'], when: ({ resource }) => eq(resource.open, true) }),
]);
