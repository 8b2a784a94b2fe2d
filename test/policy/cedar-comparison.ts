/**
 * Random policies and requests, decided by our engine and by Cedar.
 *
 * `npm run test:policy` compares 100,000 decisions; the test beside this file a few thousand.
 */
import assert from 'node:assert/strict';
import { toCedar, toCedarRequest } from '@castellan/policy/analysis';
import { type PolicySet, preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import * as fc from 'fast-check';
import { sample } from '../../packages/policy/src/testing/random-policy.ts';

export interface Comparison {
  /** How many decisions of exported policies were the same, and how many of them permitted. */
  readonly decisions: number;
  readonly permits: number;
  /** Rules that Cedar can say, of all. */
  readonly rules: number;
  readonly exported: number;
  /** Decisions of policies that Cedar can only say in part: it never permitted more. */
  readonly partial: number;
}

/** @throws {AssertionError} with the smallest policy for which the two differ */
export function compareWithCedar(decisions: number, seed: number): Comparison {
  const count = { decisions: 0, permits: 0, rules: 0, exported: 0, partial: 0 };
  const compareOne = ({ policy, asking, objects }: typeof sample extends fc.Arbitrary<infer S> ? S : never): void => {
    const { policies, left } = toCedar(policy);
    parse({ staticPolicies: policies });
    count.rules += policy.rules.length;
    count.exported += policy.rules.length - left.length;
    for (const resource of objects) {
      const request = { ...asking, resource };
      const ours = policy.decide(request);
      const theirs = decideInCedar(toCedarRequest(policy, request as never));
      if (left.length > 0) assert.ok(theirs.effect === 'deny' || ours.effect === 'permit', 'the export permits more');
      else assert.deepEqual(theirs, { effect: ours.effect, rules: ours.rules.toSorted() });
      count[left.length > 0 ? 'partial' : 'decisions'] += 1;
      if (left.length === 0 && ours.effect === 'permit') count.permits += 1;
    }
  };
  for (let round = 0; count.decisions < decisions; round += 1) {
    fc.assert(fc.property(sample, compareOne), { numRuns: 100, seed: seed + round });
  }
  return count;
}

function parse(policies: PolicySet): void {
  const answer = preparsePolicySet('random', policies);
  assert.equal(answer.type, 'success', JSON.stringify(answer));
}

function decideInCedar(request: ReturnType<typeof toCedarRequest>): { effect: string; rules: readonly string[] } {
  const answer = statefulIsAuthorized({ ...request, preparsedPolicySetId: 'random' });
  assert.ok(answer.type === 'success', JSON.stringify(answer));
  const { decision, diagnostics } = answer.response;
  assert.deepEqual(diagnostics.errors, [], 'no policy may be skipped for an error');
  return { effect: decision === 'allow' ? 'permit' : 'deny', rules: diagnostics.reason.toSorted() };
}

/** One line for people. */
export function comparisonInWords({ decisions, permits, rules, exported, partial }: Comparison): string {
  const share = ((100 * exported) / rules).toFixed(1);
  return (
    `${decisions} decisions are the same in Cedar, ${permits} of them permits, with the same rules; ` +
    `${exported} of ${rules} random rules (${share} %) can be said in Cedar; ` +
    `in ${partial} decisions of policies with others Cedar never permitted more`
  );
}
