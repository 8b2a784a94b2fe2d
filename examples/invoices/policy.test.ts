/** The policy, held in its place: a rule that is removed or weakened by mistake fails here, in words. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  answerOf,
  findingsOf,
  type MatrixCase,
  negativeSuite,
  scoreInWords,
  scoreOf,
} from '@castellan/policy/analysis';
import { invoicesPolicy } from './policy.ts';

// After a change that is meant: castellan policy matrix policy.ts --json > policy-cases.jsonl
const recorded = readFileSync(new URL('./policy-cases.jsonl', import.meta.url), 'utf8');
const cases = recorded
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as MatrixCase);

test('S-82[policy] the policy gives the recorded answers', async (t) => {
  for (const { name, run } of negativeSuite({ cases }, answerOf(invoicesPolicy))) await t.test(name, run);
});

test('R-174[policy] S-82[policy] any rule of the example that is removed or weakened makes a recorded case fail', () => {
  const score = scoreOf(invoicesPolicy, cases);
  console.log(scoreInWords(score));
  assert.deepEqual(score.missed, []);
});

test('R-162[policy] no rule of the example is unreachable or shadowed, and no action is without anybody', () => {
  assert.deepEqual(findingsOf(invoicesPolicy), []);
});
