/** The code flow that the pages in `docs/flows` show by hand: an app on this machine, a browser, and nothing else. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createWorld, walk } from '@castellan/testkit';
import { beginFlow, claimsIn, finishFlow } from '../../examples/invoices/code-flow/code-flow.ts';

const world = await createWorld({ seed: 'code-flow-example' });
after(() => world.close());
const redirectUri = 'http://127.0.0.1:40123/callback';
world.network.mount('http://127.0.0.1:40123', async () => ({ status: 200, headers: {}, body: '' }));
const settings = { issuer: world.issuer, client: 'native', redirectUri, ask: { scope: 'openid notes:read' } };
const { runtime } = world;

async function answered(changes: Partial<typeof settings> = {}, consent: 'allow' | 'deny' = 'allow') {
  const attempt = await beginFlow({ ...settings, ...changes }, runtime);
  const browser = world.browser();
  await browser.open(attempt.url);
  const page = await walk(browser, world.people.alice, { consent });
  return { attempt, received: page.url.searchParams };
}

test('S-12[code] S-13[code] an app on this machine gets tokens by hand, for the resource it names', async () => {
  const { attempt, received } = await answered();
  const tokens = await finishFlow(attempt, received, { ...runtime, redeem: { resource: world.issuer } });
  assert.equal(claimsIn(tokens.access_token)['aud'], world.issuer);
  assert.equal(claimsIn(tokens.id_token ?? '')['sub'], world.people.alice.id);
  await assert.rejects(finishFlow(attempt, received, runtime), /^Error: invalid_grant: The code is not valid\.$/);
});

test('S-12[code] it takes no answer of another attempt or issuer, and tells what was refused', async () => {
  const { attempt, received } = await answered();
  const swapped = (name: string): URLSearchParams =>
    new URLSearchParams({ ...Object.fromEntries(received), [name]: 'x' });
  await assert.rejects(finishFlow(attempt, swapped('state'), runtime), /another attempt/);
  await assert.rejects(finishFlow(attempt, swapped('iss'), runtime), /another issuer/);
  const denied = await answered({}, 'deny');
  await assert.rejects(finishFlow(denied.attempt, denied.received, runtime), /^Error: access_denied/);
});
