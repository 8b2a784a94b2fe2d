import assert from 'node:assert/strict';
import { test } from 'node:test';
import { always, and, type Condition, eq, not, or, within } from '../condition.ts';
import { definePolicy, type Policy } from '../policy.ts';
import type { Rule, RuleBuilder } from '../rule.ts';
import { findingsOf } from './findings.ts';

const words = {
  principals: { person: { id: 'text', role: 'text', teams: 'texts' }, client: { id: 'text' } },
  resources: { note: { fields: { ownerId: 'text', state: 'text', body: 'text' }, actions: ['read', 'update'] } },
  context: {},
} as const;

type Say = RuleBuilder<typeof words>;

const base = { who: 'person', on: 'note', may: ['read', 'update'], scopes: ['notes'] } as const;
const owner = ({ permit }: Say): Rule =>
  permit('owner', { ...base, when: ({ principal, resource }) => eq(resource.ownerId, principal.id), reads: ['body'] });
const state = (value: string): Condition => eq({ from: 'resource', name: 'state' }, value);

function policyOf(...rules: readonly ((say: Say) => Rule)[]): Policy<typeof words> {
  return definePolicy(words, (say) => rules.map((rule) => rule(say)));
}

function found(...rules: readonly ((say: Say) => Rule)[]): readonly string[] {
  return findingsOf(policyOf(owner, ...rules)).map(({ id }) => id);
}

test('R-162[policy] a policy without oddities has no findings', () => {
  assert.deepEqual(found(), []);
});

test('R-162[policy] a rule that can never hold is found, and one that holds only where it is forbidden', () => {
  const never = ({ permit }: Say): Rule => permit('never', { ...base, when: () => and(state('a'), state('b')) });
  assert.deepEqual(found(never), ['unreachable:never']);
  const apart = ({ permit }: Say): Rule =>
    permit('apart', {
      ...base,
      when: ({ principal, resource }) =>
        and(
          eq(resource.ownerId, resource.state),
          within(resource.ownerId, principal.teams),
          not(within(resource.state, principal.teams)),
        ),
    });
  assert.deepEqual(found(apart), ['unreachable:apart']);
  const voids = ({ permit }: Say): Rule => permit('voids', { ...base, when: () => state('void') });
  const forbidden = ({ forbid }: Say): Rule =>
    forbid('closed', { on: 'note', may: ['read', 'update'], when: () => or(state('void'), state('paid')) });
  assert.deepEqual(found(voids, forbidden), ['unreachable:voids']);
});

test('R-162[policy] a rule that others say already is shadowed, and they are named', () => {
  const again = ({ permit }: Say): Rule =>
    permit('again', {
      ...base,
      may: ['read'],
      scopes: ['notes', 'more'],
      when: ({ principal, resource }) => and(eq(principal.id, resource.ownerId), not(state('void'))),
      reads: ['body'],
    });
  const lead = ({ permit }: Say): Rule =>
    permit('lead', { ...base, when: ({ principal }) => eq(principal.role, 'lead') });
  const [finding, ...others] = findingsOf(policyOf(owner, lead, again));
  assert.deepEqual(others, []);
  assert.deepEqual(finding, {
    id: 'shadowed:again',
    words: 'again permits nothing that is not permitted without it, by owner',
  });
  const vain = ({ forbid }: Say): Rule =>
    forbid('vain', { who: 'client', on: 'note', may: ['read'], when: () => always });
  assert.deepEqual(found(vain), ['shadowed:vain']);
});

test('R-162[policy] a part of a condition that makes no difference is found', () => {
  const wordy = ({ permit }: Say): Rule =>
    permit('wordy', { ...base, when: () => and(state('open'), or(not(state('void')), state('paid'))) });
  assert.deepEqual(found(wordy), ['idle:wordy:resource.state is not "void" or resource.state is "paid"']);
});

test('S-99[policy] R-162 an action that no one may do is found', () => {
  const policy = definePolicy(words, ({ permit }) => [
    permit('reads', { ...base, may: ['read'], when: ({ principal, resource }) => eq(resource.ownerId, principal.id) }),
  ]);
  assert.deepEqual(findingsOf(policy), [
    { id: 'no-one:note.update', words: 'no one may do note.update, on any object' },
  ]);
});

test('R-166[policy] a field that everybody may read of every object is found, however the rules share it out', () => {
  const some = ({ permit }: Say): Rule =>
    permit('void', { ...base, when: () => state('void'), reads: ['body', 'state'] });
  const rest = ({ permit }: Say): Rule => permit('rest', { ...base, when: () => not(state('void')), reads: ['body'] });
  assert.deepEqual(found(some, rest), [
    'shadowed:owner',
    'idle:rest:resource.state is not "void"',
    'everyone-reads:person:note.body',
  ]);
});
