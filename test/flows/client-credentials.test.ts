/** A client that acts for itself: what it gets, and what it never gets. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { parseCompact } from '@castellan/protocol';
import { audiences, createWorld, type JsonAnswer, post } from '@castellan/testkit';

const world = await createWorld({ seed: 'client-credentials' });
after(() => world.close());
const batch = world.client('batch');
const ask = (changes: Readonly<Record<string, string | readonly string[]>> = {}, client = batch): Promise<JsonAnswer> =>
  client.token({ grant_type: 'client_credentials', ...changes });
const claimsOf = ({ json }: JsonAnswer) => parseCompact(String(json['access_token'])).claims;

test('S-14[client-credentials] S-4 S-69 R-031 a service gets an access token for itself and nothing else', async () => {
  const answer = await ask({ scope: 'notes:read' });
  assert.equal(answer.status, 200, answer.body);
  assert.deepEqual(Object.keys(answer.json).sort(), ['access_token', 'expires_in', 'scope', 'token_type']);
  const { jti, iat, exp, status, ...claims } = claimsOf(answer);
  assert.equal(typeof jti, 'string');
  assert.match(
    JSON.stringify(status),
    /^\{"status_list":\{"idx":\d+,"uri":"https:\/\/issuer\.example\/status\/1\.0"\}\}$/,
  );
  assert.equal(Number(exp) - Number(iat), 300);
  assert.deepEqual(claims, {
    iss: world.issuer,
    aud: audiences.notes,
    sub: 'client:batch',
    client_id: 'batch',
    scope: 'notes:read',
  });
});

test('R-031[client-credentials] without scope it gets what it was assigned, at the one resource it asks for', async () => {
  const byDefault = await ask();
  assert.deepEqual([claimsOf(byDefault)['aud'], byDefault.json['scope']], [audiences.notes, 'notes:read notes:write']);
  const bills = await ask({ resource: audiences.bills });
  assert.deepEqual([claimsOf(bills)['aud'], bills.json['scope']], [audiences.bills, 'bills:read']);
  const named = await ask({ scope: 'bills:read' });
  assert.equal(claimsOf(named)['aud'], audiences.bills);
});

test('R-031[client-credentials] it gets no scope that it was not assigned, no person’s scope, and never UserInfo', async () => {
  for (const scope of ['openid', 'offline_access', 'profile', 'notes:read openid', 'other:read']) {
    const answer = await ask({ scope });
    assert.deepEqual([answer.status, answer.json['error']], [400, 'invalid_scope'], scope);
  }
  const userinfo = await ask({ resource: world.issuer });
  assert.deepEqual([userinfo.status, userinfo.json['error']], [400, 'invalid_scope']);
  const both = await ask({ resource: [audiences.notes, audiences.bills] });
  assert.deepEqual([both.status, both.json['error']], [400, 'invalid_target']);
  const elsewhere = await ask({ scope: 'bills:read', resource: audiences.notes });
  assert.equal(elsewhere.json['error'], 'invalid_scope');
});

test('R-030[client-credentials] S-11 only a client registered for it may use the grant, and only with its secret', async () => {
  for (const id of ['web', 'post']) {
    const answer = await ask({}, world.client(id));
    assert.deepEqual([answer.status, answer.json['error']], [400, 'unauthorized_client'], id);
  }
  for (const id of ['spa', 'native']) {
    const answer = await ask({}, world.client(id));
    assert.deepEqual([answer.status, answer.json['error']], [400, 'unauthorized_client'], id);
  }
  const { transport, url } = { transport: world.network.from('198.51.100.9'), url: `${world.issuer}/token` };
  const named = await post(transport, url, { grant_type: 'client_credentials', client_id: 'batch' });
  assert.deepEqual([named.status, named.json['error']], [401, 'invalid_client']);
});

test('R-030[client-credentials] and the other way round: a service has no codes and no refresh tokens', async () => {
  for (const grant of ['authorization_code', 'refresh_token']) {
    const answer = await batch.token({ grant_type: grant, code: 'x', refresh_token: 'x' });
    assert.deepEqual([answer.status, answer.json['error']], [400, 'unauthorized_client'], grant);
  }
  const page = await world.browser().open(batch.begin({ redirect_uri: 'https://batch.example/callback' }).url);
  assert.equal(page.status, 400);
});

test('S-6[client-credentials] R-036 a client that was taken out, or lost a scope, gets no token from then on', async () => {
  const changed = await createWorld({ seed: 'client-credentials-changed' });
  const service = changed.client('batch');
  const own = (scopes: readonly string[]) =>
    changed.restart((config) => ({
      ...config,
      clients: (config.clients ?? [])
        .filter(({ id }) => id !== 'batch' || scopes.length > 0)
        .map((one) => (one.id === 'batch' ? { ...one, ownScopes: scopes } : one)),
    }));
  await own(['notes:read']);
  const less = await service.token({ grant_type: 'client_credentials' });
  assert.equal(less.json['scope'], 'notes:read');
  const lost = await service.token({ grant_type: 'client_credentials', scope: 'notes:write' });
  assert.equal(lost.json['error'], 'invalid_scope');
  await own([]);
  const gone = await service.token({ grant_type: 'client_credentials' });
  assert.deepEqual([gone.status, gone.json['error']], [401, 'invalid_client']);
  await changed.close();
});

test('R-031[client-credentials] each token is recorded with its client and without a person', async () => {
  const own = await createWorld({ seed: 'client-credentials-events' });
  await own.client('batch').token({ grant_type: 'client_credentials' });
  await own.close();
  const issued = own.events.filter((event) => event.type === 'token.issued');
  assert.equal(issued.length, 1);
  assert.deepEqual(
    issued.map(({ client, person, kind }) => [client, person, kind]),
    [['batch', undefined, 'access_token']],
  );
});

test('R-031[client-credentials] what people may let it do counts for nothing when a client acts for itself', async () => {
  const own = await createWorld({
    seed: 'client-credentials-both',
    config: (config) => ({
      ...config,
      clients: (config.clients ?? []).map((one) =>
        one.id === 'web'
          ? { ...one, grants: ['authorization_code', 'client_credentials'], ownScopes: ['notes:read'] }
          : one,
      ),
    }),
  });
  const web = own.client('web');
  const all = await web.token({ grant_type: 'client_credentials' });
  assert.equal(all.json['scope'], 'notes:read');
  const more = await web.token({ grant_type: 'client_credentials', scope: 'notes:write' });
  assert.deepEqual([more.status, more.json['error']], [400, 'invalid_scope']);
  await own.close();
});
