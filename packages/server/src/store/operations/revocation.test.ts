/** Holds the invariant of `revocation.ts` against all other code: an end that is written elsewhere would be told nobody. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const server = new URL('../../', import.meta.url);

test('R-064[status] I-3 authorizations end in one file, and each end there sets the bit of its tokens', () => {
  const files = globSync('**/*.ts', { cwd: server }).filter((path) => !/\.test\.ts$|conformance/.test(path));
  assert.ok(files.length > 100);
  const writers = files.filter((path) => {
    const text = readFileSync(new URL(path, server), 'utf8');
    return /SET[^`;]*\brevoked_at\s*=/.test(text) || /DELETE FROM authorizations/.test(text);
  });
  assert.deepEqual(writers.sort(), ['store/operations/purge.ts', 'store/operations/revocation.ts']);
  const text = readFileSync(new URL('store/operations/revocation.ts', server), 'utf8');
  const steps = text.split(/^export function\* /m).slice(1);
  assert.equal(steps.filter((step) => step.includes('SET revoked_at =')).length, 2);
  for (const step of steps.filter((one) => one.includes('SET revoked_at ='))) assert.match(step, /flipStatuses\(/);
});
