import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { PolicyError } from '../check-policy.ts';
import { always, and, eq, not, some } from '../condition.ts';
import { definePolicy } from '../policy.ts';
import { permittedKeys, sample } from '../testing/random-policy.ts';
import { differenceInWords, differencesBetween } from './differences.ts';

const words = {
  principals: { person: { id: 'text', role: 'text' }, client: { id: 'text' } },
  resources: {
    note: {
      fields: { id: 'integer', ownerId: 'text', state: 'text?', body: 'text' },
      actions: ['read', 'update'],
      relations: { readers: { to: 'reader', join: ['id', 'noteId'], many: true } },
    },
    reader: { fields: { noteId: 'integer', personId: 'text' }, actions: [] },
  },
  context: {},
} as const;

const before = definePolicy(words, ({ permit, forbid }) => [
  permit('owner-reads', {
    who: 'person',
    on: 'note',
    may: ['read'],
    scopes: ['notes:read'],
    when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
    reads: ['id', 'body'],
  }),
  forbid('void-is-hidden', { on: 'note', may: ['read'], when: ({ resource }) => eq(resource.state, 'void') }),
]);

test('R-174[policy] the same policy has no differences, whatever the order and the names of its rules', () => {
  const again = definePolicy(words, () => before.rules.toReversed().map((rule) => ({ ...rule, id: `${rule.id}-2` })));
  assert.deepEqual(differencesBetween(before, again), []);
});

test('R-174[policy] what somebody gains or loses is said in words, with when', () => {
  const after = definePolicy(words, ({ permit }) => [
    permit('owner-reads', {
      who: 'person',
      on: 'note',
      may: ['read'],
      scopes: ['notes:read'],
      when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
      reads: ['id'],
    }),
    permit('lead-updates', {
      who: 'person',
      on: 'note',
      may: ['update'],
      scopes: [],
      when: ({ principal, resource }) =>
        and(
          eq(principal.role, 'lead'),
          some(resource.readers, (reader) => eq(reader.personId, principal.id)),
        ),
      writes: ['body', 'state'],
    }),
    permit('clients-read', { who: 'client', on: 'note', may: ['read'], scopes: ['notes:read'], when: () => always }),
  ]);
  assert.deepEqual(differencesBetween(before, after).map(differenceInWords), [
    'a person gains note.read: principal.id is resource.ownerId and resource.state is "void", with scope notes:read',
    'a person gains note.update: principal.role is "lead" and resource.readers has one and principal.id is readers.personId',
    'a person loses reading note: body: principal.id is resource.ownerId, with scope notes:read',
    'a person gains changing by note.update: state, body: principal.role is "lead" and resource.readers has one and principal.id is readers.personId',
    'a client gains note.read: always, with scope notes:read',
  ]);
});

test('R-174[policy] a difference with many cases says that there are more', () => {
  const states = ['a', 'b', 'c', 'd', 'e'];
  const after = definePolicy(words, ({ permit }) => [
    ...before.rules,
    ...states.map((state) =>
      permit(`client-${state}`, {
        who: 'client',
        on: 'note',
        may: ['read'],
        scopes: [],
        when: ({ resource }) => eq(resource.state, state),
      }),
    ),
  ]);
  const [difference] = differencesBetween(before, after);
  assert.deepEqual(difference?.when, [...['a', 'b', 'c'].map((state) => `resource.state is "${state}"`), '…']);
});

test('R-174[policy] words that only one of the two has are nothing in the other, and a changed type is refused', () => {
  const wider = {
    ...words,
    principals: { ...words.principals, robot: { id: 'text' } },
    resources: { ...words.resources, note: { ...words.resources.note, actions: ['read', 'update', 'burn'] } },
  } as const;
  const after = definePolicy(wider, ({ permit }) => [
    permit('burns', { who: 'robot', on: 'note', may: ['burn'], scopes: [], when: () => always }),
    permit('owner', {
      who: 'person',
      on: 'note',
      may: ['read'],
      scopes: ['notes:read'],
      when: ({ principal, resource }) => and(eq(resource.ownerId, principal.id), not(eq(resource.state, 'void'))),
      reads: ['id', 'body'],
    }),
  ]);
  assert.deepEqual(differencesBetween(before, after).map(differenceInWords), [
    'a person loses reading note: id, body: principal.id is resource.ownerId and resource.state is "void", with scope notes:read',
    'a robot gains note.burn: always',
  ]);
  const note = { ...words.resources.note, fields: { ...words.resources.note.fields, ownerId: 'integer' } } as const;
  const retyped = definePolicy({ ...words, resources: { ...words.resources, note } }, () => []);
  assert.throws(
    () => differencesBetween(before, retyped),
    (error) =>
      error instanceof PolicyError && error.problems[0] === 'note.ownerId was of type text and is of type integer',
  );
});

test('R-174[policy] for random policies no difference is told if and only if none can be seen', () => {
  let different = 0;
  const property = fc.property(sample, sample, (one, other) => {
    const differences = differencesBetween(one.policy, other.policy);
    const mine = permittedKeys(one);
    const theirs = permittedKeys({ ...one, policy: other.policy });
    const told = (change: 'gains' | 'loses') => differences.some((difference) => difference.change === change);
    if (mine.some((key) => !theirs.includes(key))) assert.ok(told('loses'));
    if (theirs.some((key) => !mine.includes(key))) assert.ok(told('gains'));
    if (differences.length > 0) different += 1;
  });
  fc.assert(property, { numRuns: 200 });
  assert.ok(different > 50 && different < 200);
});
