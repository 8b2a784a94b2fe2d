import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { permittedKeys, sample } from '../testing/random-policy.ts';
import { none } from './formula.ts';
import { permitted, placeFor, type Question } from './questions.ts';
import { requestFor } from './request.ts';
import { solve } from './solve.ts';

const question: Question = { kind: 'person', type: 'thing', about: 'action', verb: 'list', field: '' };

test('R-174[policy] for random policies a request is found that is permitted, and one that is not, or there is none', () => {
  const found = { permit: 0, deny: 0, always: 0, never: 0 };
  const property = fc.property(sample, (tried) => {
    const { policy } = tried;
    const formula = permitted(policy, question, placeFor(policy, question, policy.rules));
    for (const effect of ['permit', 'deny'] as const) {
      const solution = solve(effect === 'permit' ? formula : none(formula));
      if (solution === undefined) {
        const keys = permittedKeys(tried);
        assert.equal(
          keys.length,
          effect === 'permit' ? 0 : tried.objects.length,
          'the answer that there is none is wrong',
        );
        found[effect === 'permit' ? 'never' : 'always'] += 1;
        continue;
      }
      const request = requestFor(policy.vocabulary, question, solution);
      const decision = policy.decide({ ...request, action: 'thing.list' } as never);
      assert.deepEqual([decision.effect, decision.errors], [effect, []]);
      found[effect] += 1;
    }
  });
  fc.assert(property, { numRuns: 1500 });
  for (const [what, count] of Object.entries(found)) assert.ok(count > 20, `${what}: only ${count}`);
});
