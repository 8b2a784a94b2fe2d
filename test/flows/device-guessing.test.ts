import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createWorld, headerValue } from '@castellan/testkit';
import { codesOf, device, enter } from './device-world.ts';

suite('guessing user codes', () => {
  const narrow = { count: 3, period: 600 };
  const guess = (index: number): string =>
    `BCDF-GH${'BCDFGHJKLMNPQRSTVWXZ'[Math.floor(index / 20)]}${'BCDFGHJKLMNPQRSTVWXZ'[index % 20]}`;

  for (const limit of ['userCodePerAddress', 'userCodePerAccount', 'userCodeOverall'] as const) {
    test(`R-052[device] R-188[device] R-193 ${limit} ends the guessing, and says when to come back`, async (t) => {
      const world = await createWorld({
        seed: limit,
        config: (config) => ({ ...config, limits: { ...config.limits, [limit]: narrow } }),
      });
      t.after(() => world.close());
      const own = device(world, 'tv');
      const { userCode } = codesOf(await own.ask());
      const people = [world.people.alice, world.people.bob];
      const person = (index: number) => people[limit === 'userCodePerAccount' ? 0 : index % 2] ?? world.people.alice;
      const address = (index: number) => (limit === 'userCodePerAddress' ? '203.0.113.50' : `203.0.113.${50 + index}`);
      for (let index = 0; index < 3; index += 1) {
        const page = await enter(world, world.browser({ address: address(index) }), guess(index), person(index));
        assert.equal(page.status, 400);
        assert.match(page.text, /not valid/);
      }
      const page = await enter(world, world.browser({ address: address(3) }), userCode, person(3));
      assert.equal(page.status, 429);
      assert.match(headerValue(page.answer, 'retry-after') ?? '', /^\d+$/);
      assert.equal(page.find('device-allow'), undefined, 'the right code is not told from a wrong one');
      assert.equal((await own.poll(codesOf(await own.ask()).deviceCode)).json['error'], 'authorization_pending');
    });
  }

  test('R-052[device] nobody learns about a code without signing in', async (t) => {
    const world = await createWorld({ seed: 'oracle' });
    t.after(() => world.close());
    const { userCode } = codesOf(await device(world, 'tv').ask());
    const pages = [];
    for (const code of [userCode, 'BCDF-GHJK']) {
      const browser = world.browser();
      await browser.open(`${world.issuer}/device`);
      browser.fill('user-code', code);
      pages.push((await browser.click('device-continue')).text);
    }
    assert.equal(pages[0], pages[1]);
  });

  test('R-188[device] an address gets so many device codes and no more', async (t) => {
    const world = await createWorld({
      seed: 'device-flood',
      config: (config) => ({ ...config, limits: { ...config.limits, deviceCodePerAddress: { count: 2, period: 60 } } }),
    });
    t.after(() => world.close());
    const { ask } = device(world, 'tv');
    for (const address of ['198.51.100.20', '198.51.100.20', '198.51.100.21']) codesOf(await ask({}, [], address));
    assert.equal((await ask({}, [])).status, 429);
  });
});
