/** What an administrator sees and ends beside a running server. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Administration, openAdministration } from '@castellan/server';
import { assertRefused, assertTokens, createWorld, until, type World } from '@castellan/testkit';

const everywhere = ['sqlite', 'postgres'] as const;

async function open(
  store: (typeof everywhere)[number],
): Promise<{ readonly world: World; readonly admin: Administration }> {
  const world = await createWorld({ seed: `administration-${store}`, store });
  const admin = await openAdministration(world.config, world.runtime);
  after(async () => {
    await admin.close();
    await world.close();
  });
  return { world, admin };
}

const all = { after: '', limit: 9 } as const;

for (const store of everywhere) {
  test(`R-109[admin] R-048[refresh,${store}] I-3[refresh,${store}] an administrator ends one session, and what ends with it, on ${store}`, async () => {
    const { world, admin } = await open(store);
    const web = world.client('web');
    const [here, there] = [world.browser(), world.browser()];
    const ended = assertTokens(await world.tokens(web, { browser: here }));
    const kept = assertTokens(await world.tokens(web, { browser: there }));
    const bobs = assertTokens(await world.tokens(web, { person: world.people.bob }));
    const [first, second] = await admin.sessions.list({ person: world.people.alice.id, ...all });
    assert.ok(first !== undefined && second !== undefined);
    assert.equal((await admin.sessions.list(all)).length, 3);
    assert.equal(first.loginName, world.people.alice.loginName);
    assert.doesNotMatch(JSON.stringify([first, second]), /hash|castellan_/i);

    assert.equal(await admin.sessions.end('nobody'), 'not_live');
    assert.equal(await admin.sessions.end(first.id), 'ended');
    assert.equal(await admin.sessions.end(first.id), 'not_live');
    const answers = [await web.refresh(ended.refreshToken), await web.refresh(kept.refreshToken)];
    assert.deepEqual(answers.map(({ status }) => String(status)).sort(), ['200', '400']);
    assertTokens(await web.refresh(bobs.refreshToken));
    const asked = await Promise.all(
      [here, there].map((browser) => world.authorize(web, { browser, changes: { prompt: 'none' } })),
    );
    assert.deepEqual(asked.map(({ parameters }) => parameters.get('error') ?? '').sort(), ['', 'login_required']);

    assert.equal(await admin.people.endSessions(world.people.alice.id), 1);
    for (const { refreshToken } of [ended, kept]) assertRefused(await web.refresh(refreshToken), 400, 'invalid_grant');
    await world.clock.advance(61);
    const told = () => world.events.filter(({ type }) => type === 'session.ended');
    await until(() => told().length === 2);
    assert.ok(told().every(({ actor }) => actor === 'administrator'));
  });

  test(`R-012 R-048[refresh,${store}] I-3[refresh,${store}] an administrator lists and withdraws what a person allows, on ${store}`, async () => {
    const { world, admin } = await open(store);
    const { alice } = world.people;
    const [web, trusted] = [world.client('web'), world.client('trusted')];
    const tokens = assertTokens(await world.tokens(web));
    const byTrust = assertTokens(await world.tokens(trusted));
    const consents = await admin.consents.list(alice.id);
    assert.deepEqual([...new Set(consents.map(({ client }) => client))], ['web']);
    assert.deepEqual(await admin.consents.list(world.people.bob.id), []);
    assert.equal(await admin.consents.withdraw(world.people.bob.id, 'web'), 'unknown');
    assert.equal(await admin.consents.withdraw(alice.id, 'web'), 'withdrawn');
    assert.equal(await admin.consents.withdraw(alice.id, 'web'), 'unknown');
    assertRefused(await web.refresh(tokens.refreshToken), 400, 'invalid_grant');
    const next = assertTokens(await trusted.refresh(byTrust.refreshToken));
    // What an administrator's trust gave is taken back too.
    assert.equal(await admin.consents.withdraw(alice.id, 'trusted'), 'withdrawn');
    assertRefused(await trusted.refresh(next.refreshToken), 400, 'invalid_grant');
  });
}
