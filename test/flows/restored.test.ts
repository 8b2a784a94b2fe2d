/** A backup that was put back brings back what was revoked since it was made: the epoch ends all of it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openAdministration } from '@castellan/server';
import { assertTokens, until } from '@castellan/testkit';
import { createMachineWorld, notesApi } from './machine-world.ts';

for (const store of ['sqlite', 'postgres'] as const) {
  const { world, introspect, close } = await createMachineWorld(`restored-${store}`, store, (config) => config);
  const administration = await openAdministration(world.config, world.runtime);
  after(async () => {
    await administration.close();
    await close();
  });

  test(`R-043[refresh,${store}] I-3[${store}] nothing that a backup brought back is good for anything, offline access neither`, async () => {
    const browser = world.browser();
    const web = world.client('web');
    const changes = { scope: 'openid notes:read offline_access', prompt: 'consent' };
    const { accessToken, refreshToken } = assertTokens(await world.tokens(web, { browser, changes }));
    assert.equal((await introspect(accessToken, notesApi)).json['active'], true);
    const epoch = await administration.restored();
    assert.equal(await administration.restored(), epoch + 1);
    assert.equal((await web.refresh(refreshToken)).json['error'], 'invalid_grant');
    assert.deepEqual((await introspect(accessToken, notesApi)).json, { active: false });
    const silent = { scope: 'openid notes:read', prompt: 'none' };
    const { parameters } = await world.authorize(web, { browser, changes: silent });
    assert.equal(parameters.get('error'), 'login_required');
    const isTold = (): boolean => world.events.some(({ type }) => type === 'epoch.raised');
    // What was done beside the server is delivered within a minute.
    for (let waited = 0; waited < 90 && !isTold(); waited += 15) await world.clock.advance(15);
    await until(isTold);
    assertTokens(await world.tokens(web, { browser: world.browser(), changes }));
  });
}
