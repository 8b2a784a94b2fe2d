import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ConfigError } from '@castellan/server';
import { assertTokens, type Changes, createWorld, type World } from '@castellan/testkit';

const without = { code_challenge: undefined, code_challenge_method: undefined } as const;

for (const store of ['sqlite', 'postgres'] as const) {
  const world = await createWorld({
    seed: `pkce-optional-${store}`,
    store,
    config: (config) => ({
      ...config,
      clients: (config.clients ?? []).map((client) =>
        client.id === 'web' || client.id === 'post' ? { ...client, pkce: 'optional' } : client,
      ),
    }),
  });
  after(() => world.close());
  const web = world.client('web');

  const redeem = async (asked: Changes, sent: Changes) => {
    const { attempt, parameters } = await world.authorize(web, { changes: asked });
    const code = parameters.get('code');
    assert.ok(code !== null, parameters.toString());
    return { code, attempt, answer: await web.redeem(attempt, code, sent) };
  };

  test(`R-025[code] a client excepted by its administrator signs people in with a nonce alone (${store})`, async () => {
    const { answer } = await redeem(without, { code_verifier: undefined });
    assertTokens(answer);
  });

  test(`R-025[code] S-29 without challenge and nonce a code is issued, and buys nothing (${store})`, async () => {
    const cases: readonly Changes[] = [
      { ...without, nonce: undefined },
      // A nonce that no ID token will carry binds nothing.
      { ...without, scope: 'notes:read' },
    ];
    for (const asked of cases) {
      const { answer } = await redeem(asked, { code_verifier: undefined });
      assert.deepEqual([answer.status, answer.json['error']], [400, 'invalid_grant'], answer.body);
    }
  });

  test(`R-025[code] a challenge that was sent must be proven: no downgrade (${store})`, async () => {
    for (const verifier of [undefined, '', 'x'.repeat(43)]) {
      const { answer, code, attempt } = await redeem({}, { code_verifier: verifier });
      assert.deepEqual([answer.status, answer.json['error']], [400, 'invalid_grant'], String(verifier));
      assertTokens(await web.redeem(attempt, code));
    }
  });

  test(`R-025[code] a verifier without a challenge is refused: somebody has taken the challenge out (${store})`, async () => {
    const { answer, code, attempt } = await redeem(without, {});
    assert.deepEqual([answer.status, answer.json['error']], [400, 'invalid_grant']);
    assertTokens(await web.redeem(attempt, code, { code_verifier: undefined }));
  });

  test(`R-003[authorize] the exception is for one client and for no other method than S256 (${store})`, async () => {
    const refused = async (id: string, changes: Changes): Promise<void> => {
      const page = await world.browser().open(world.client(id).begin(changes).url);
      assert.equal(page.find('error-code')?.text, 'invalid_request', `${id}: ${page.text}`);
      assert.equal(page.url.pathname, '/authorize', 'at once, before anybody is asked anything');
    };
    for (const id of ['other', 'spa', 'native']) await refused(id, without);
    await refused('web', { code_challenge_method: 'plain' });
    await refused('web', { code_challenge_method: undefined });
    await refused('web', { code_challenge: undefined });
    await refused('web', { code_challenge: 'short' });
  });
}

test('R-025[code] R-003[authorize] when the exception is withdrawn, what began under it ends', async () => {
  await using world = await exceptedWorld();
  const web = world.client('web');
  const { attempt, parameters } = await world.authorize(web, { changes: without });
  const waiting = world.browser();
  await waiting.open(web.begin(without).url);
  await world.restart((config) => ({
    ...config,
    clients: (config.clients ?? []).map((one) => ({ ...one, pkce: 'required' })),
  }));
  const answer = await web.redeem(attempt, parameters.get('code') ?? '', { code_verifier: undefined });
  assert.equal(answer.json['error'], 'invalid_grant');
  const page = await waiting.open(waiting.page().url);
  assert.equal(page.find('error-code')?.text, 'invalid_request', page.text);
});

test('R-219[config] R-003[authorize] the exception is told at each start, and refused for what is public', async () => {
  const world = await exceptedWorld();
  await world.close();
  const told = world.events.filter((event) => event.type === 'insecure.used');
  assert.deepEqual(
    told.map((event) => event.choice),
    ['pkce optional: web'],
  );
  for (const id of ['spa', 'native']) {
    await assert.rejects(exceptedWorld(id), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /pkce.*required for a/s);
      return true;
    });
  }
});

function exceptedWorld(id = 'web'): Promise<World> {
  return createWorld({
    seed: `pkce-excepted-${id}`,
    config: (config) => ({
      ...config,
      clients: (config.clients ?? []).map((client) => (client.id === id ? { ...client, pkce: 'optional' } : client)),
    }),
  });
}
