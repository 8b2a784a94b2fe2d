import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { assertRefused, assertTokens, createWorld } from '@castellan/testkit';

const world = await createWorld({ seed: 'pkce' });
after(() => world.close());

const s256 = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');

for (const id of ['web', 'spa', 'native', 'trusted']) {
  test(`R-003[authorize] R-024[code] S-23[code] S-68[code] the client ${id} gets tokens with its verifier and with no other`, async () => {
    const client = world.client(id);
    const landing = await world.authorize(client);
    const code = landing.parameters.get('code') ?? '';
    const wrong = await client.redeem({ ...landing.attempt, verifier: client.begin().verifier }, code);
    assertRefused(wrong, 400, 'invalid_grant');
    assertTokens(await client.redeem(landing.attempt, code));
  });
}

test('R-024[code] verifiers at both ends of the allowed length work, longer and shorter ones do not', async () => {
  const web = world.client('web');
  const browser = world.browser();
  for (const length of [43, 128]) {
    const verifier = 'aZ0-._~'.repeat(20).slice(0, length);
    const { attempt, parameters } = await world.authorize(web, {
      browser,
      changes: { code_challenge: s256(verifier) },
    });
    const code = parameters.get('code') ?? '';
    for (const other of [verifier.slice(1), `${verifier}a`, verifier.toLowerCase(), `${verifier} `]) {
      const answer = await web.redeem({ ...attempt, verifier: other }, code);
      assert.equal(answer.status, 400, other);
      assert.match(String(answer.json['error']), /^invalid_(grant|request)$/);
    }
    assertTokens(await web.redeem({ ...attempt, verifier }, code));
  }
});

test('R-003[authorize] R-025 a verifier never stands in for a challenge that was not sent', async () => {
  const web = world.client('web');
  const browser = world.browser();
  assertTokens(await world.tokens(web, { browser }));
  const without = await world.authorize(web, {
    browser,
    changes: { code_challenge: undefined, code_challenge_method: undefined },
  });
  assert.equal(without.parameters.get('code'), null);
  assert.equal(without.parameters.get('error'), 'invalid_request');
});

test('R-024[code] a code injected from another session of the same client does not fit the verifier at hand', async () => {
  const web = world.client('web');
  const victim = await world.authorize(web);
  const attacker = await world.authorize(web, { person: world.people.bob });
  const injected = await web.redeem(victim.attempt, attacker.parameters.get('code') ?? '');
  assertRefused(injected, 400, 'invalid_grant');
  assertTokens(await web.redeem(attacker.attempt, attacker.parameters.get('code') ?? ''));
});
