/** A guard that is set up weakly does not compile. Checked by `npm run check`, never run. */
import type { GuardConfig, IssuerConfig, JwtIssuer, OpaqueIssuer } from '@castellan/guard';
import type { GraphqlConfig } from '@castellan/guard/graphql';
import { definePolicy, eq, type Vocabulary } from '@castellan/policy';
import { expectTypeOf } from 'expect-type';

declare const issuer: IssuerConfig;
declare const config: GuardConfig<Vocabulary>;
declare const signing: JwtIssuer;
declare const asked: OpaqueIssuer;

const { audience: _audience, ...withoutAudience } = issuer;
// @ts-expect-error: tokens for whom?
export const anyAudience: IssuerConfig = withoutAudience;

const { issuer: _issuer, ...withoutIssuer } = issuer;
// @ts-expect-error: tokens of whom?
export const anyIssuer: IssuerConfig = withoutIssuer;

const { algorithms: _algorithms, ...withoutAlgorithms } = issuer;
// @ts-expect-error: signed how?
export const anyAlgorithm: IssuerConfig = withoutAlgorithms;

const { typ: _typ, ...withoutType } = issuer;
// @ts-expect-error: what kind of token?
export const anyType: IssuerConfig = withoutType;

// @ts-expect-error: an algorithm without a signature
export const unsigned: IssuerConfig = { ...issuer, algorithms: ['none'] };

// @ts-expect-error: an algorithm with a shared secret
export const shared: IssuerConfig = { ...issuer, algorithms: ['HS256'] };

// @ts-expect-error: an exception has a name; null is none
export const untyped: IssuerConfig = { ...signing, typ: null };

// @ts-expect-error: an exception has a name; true is none
export const anybody: IssuerConfig = { ...signing, audience: true };

// @ts-expect-error: keys from where?
export const keyless: IssuerConfig = { ...signing, jwksUri: undefined, discovery: undefined };

// @ts-expect-error: verified here, or asked about?
export const undecided: IssuerConfig = { ...signing, introspection: asked.introspection };

const { policy: _policy, ...withoutPolicy } = config;
// @ts-expect-error: who may do what?
export const unruled: GuardConfig<Vocabulary> = withoutPolicy;

const { limits: _limits, ...withoutLimits } = config;
// @ts-expect-error: how often?
export const unlimited: GuardConfig<Vocabulary> = withoutLimits;

const words = {
  principals: { person: { id: 'text' } },
  resources: { note: { fields: { ownerId: 'text', body: 'text' }, actions: ['read'] } },
  context: {},
} as const;

const notes = definePolicy(words, ({ permit }) => [
  permit('owner-reads', {
    who: 'person',
    on: 'note',
    may: ['read'],
    scopes: ['notes:read'],
    when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
    reads: ['body'],
  }),
]);

expectTypeOf(notes.decide).parameter(0).toHaveProperty('resource');

definePolicy(words, ({ permit }) => [
  // @ts-expect-error: a verb that notes do not have
  permit('owner-burns', { who: 'person', on: 'note', may: ['burn'], scopes: ['notes:read'], reads: [] }),
]);

definePolicy(words, ({ permit }) => [
  // @ts-expect-error: a field that notes do not have
  permit('owner-reads', { who: 'person', on: 'note', may: ['read'], scopes: ['notes:read'], reads: ['price'] }),
]);

type NotesEndpoint = GraphqlConfig<typeof words>;
declare const endpoint: Omit<NotesEndpoint, 'types' | 'fields'>;
const limit = { count: 1, period: 1 };
const types = { Note: { resource: 'note' } } as const;
export const ruled: NotesEndpoint = { ...endpoint, types, fields: { 'Query.note': { action: 'note.read', limit } } };

// @ts-expect-error: an action that notes do not have
export const burning: NotesEndpoint = { ...endpoint, types, fields: { 'Query.note': { action: 'note.burn', limit } } };

// @ts-expect-error: a resource that the policy does not have
export const strange: NotesEndpoint = { ...endpoint, types: { Note: { resource: 'bill' } }, fields: {} };

// @ts-expect-error: an exception has a name; true is none
export const visible: NotesEndpoint = { ...ruled, visibility: true };
