/** Clients that sign: assertions are for this issuer, short, of the client's own keys, and good once. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  generateSigningKey,
  parseCompact,
  type SignatureAlgorithm,
  type SigningKey,
  signJwt,
} from '@castellan/protocol';
import { audiences, createWorld, type JsonAnswer, post, type World, type WorldOptions } from '@castellan/testkit';

const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

async function keyOf(algorithm: SignatureAlgorithm) {
  const { privateKey, publicJwk } = await generateSigningKey(algorithm);
  const key: SigningKey = { kid: publicJwk.kid, algorithm, privateKey };
  return { key, jwk: publicJwk };
}

const [own, foreign] = await Promise.all([keyOf('ES256'), keyOf('ES256')]);
const [remote, next] = await Promise.all([keyOf('EdDSA'), keyOf('PS256')]);

const jwksUri = 'https://keys.example/jwks';

async function signedWorld(seed: string, store: WorldOptions['store'] = 'sqlite'): Promise<World> {
  return createWorld({
    seed,
    store,
    config: (config) => {
      const batch = config.clients?.find(({ id }) => id === 'batch');
      assert.ok(batch !== undefined);
      const { secret: _, ...service } = { ...batch, authentication: 'private_key_jwt' as const };
      const jwks = { keys: [own.jwk] };
      const added = [
        { ...service, id: 'signed', jwks },
        { ...service, id: 'remote', jwksUri },
        { ...service, id: 'lenient', jwks, assertionAudience: 'compatible' as const },
      ];
      return { ...config, clients: [...(config.clients ?? []), ...added] };
    },
  });
}

const world = await signedWorld('private-key-jwt');
after(() => world.close());
let count = 0;

function claims(changes: Readonly<Record<string, unknown>> = {}, of: World = world): object {
  const now = Math.floor(of.clock.now() / 1000);
  count += 1;
  const base = { iss: 'signed', sub: 'signed', aud: of.issuer, jti: `jti-${count}`, iat: now, exp: now + 60 };
  return Object.fromEntries(Object.entries({ ...base, ...changes }).filter(([, value]) => value !== undefined));
}

const signed = (body: object, key: SigningKey = own.key) => signJwt(key, 'JWT', body);

function send(
  assertion: string,
  changes: Readonly<Record<string, string>> = {},
  of: World = world,
): Promise<JsonAnswer> {
  const credentials = { client_assertion_type: type, client_assertion: assertion };
  const form = { grant_type: 'client_credentials', scope: 'notes:read', ...credentials, ...changes };
  return post(of.network.from('198.51.100.20'), `${of.issuer}/token`, form);
}

async function assertRefused(answer: JsonAnswer, why: string): Promise<void> {
  assert.deepEqual([answer.status, answer.json['error']], [401, 'invalid_client'], `${why}: ${answer.body}`);
}

test('S-17[private-key-jwt] R-072[private-key-jwt] a client proves itself with its key, with or without client_id', async () => {
  for (const changes of [{}, { client_id: 'signed' }]) {
    const answer = await send(await signed(claims()), changes);
    assert.equal(answer.status, 200, answer.body);
  }
});

test('R-072[private-key-jwt] the audience is the issuer and nothing but the issuer', async () => {
  const others = [
    `${world.issuer}/token`,
    [world.issuer],
    [world.issuer, 'https://other.example'],
    audiences.notes,
    undefined,
  ];
  for (const aud of others) await assertRefused(await send(await signed(claims({ aud }))), JSON.stringify(aud));
});

test('R-072[private-key-jwt] a client with the compatibility switch may name the token endpoint, no stranger’s', async () => {
  const lenient = { iss: 'lenient', sub: 'lenient' };
  for (const aud of [world.issuer, `${world.issuer}/token`, [`${world.issuer}/token`]]) {
    const answer = await send(await signed(claims({ ...lenient, aud })));
    assert.equal(answer.status, 200, JSON.stringify(aud));
  }
  await assertRefused(await send(await signed(claims({ ...lenient, aud: 'https://other.example/token' }))), 'stranger');
});

test('R-072[private-key-jwt] issuer, subject, times and name are all judged', async () => {
  const now = Math.floor(world.clock.now() / 1000);
  const wrong: readonly Readonly<Record<string, unknown>>[] = [
    { iss: 'batch' },
    { iss: undefined },
    { sub: undefined },
    { exp: undefined },
    { exp: now - 11 },
    { exp: now + 320 },
    { exp: 'soon' },
    { iat: now + 60 },
    { nbf: now + 60 },
    { jti: undefined },
    { jti: '' },
    { jti: 'x'.repeat(300) },
  ];
  for (const change of wrong) await assertRefused(await send(await signed(claims(change))), JSON.stringify(change));
});

test('R-072[private-key-jwt] R-071 keys of others, other clients’ names and other methods do not do', async () => {
  await assertRefused(await send(await signed(claims(), foreign.key)), 'a foreign key');
  await assertRefused(await send(await signed(claims(), { ...foreign.key, kid: own.key.kid })), 'a stolen kid');
  await assertRefused(await send(await signed(claims({ iss: 'web', sub: 'web' }))), 'a client with a secret');
  await assertRefused(await send(await signed(claims()), { client_id: 'batch' }), 'another client_id');
  await assertRefused(await send('not.a.jwt'), 'no token');
  await assertRefused(await send(await signed(claims()), { client_assertion_type: 'other' }), 'another type');
  const [, body = ''] = (await signed(claims())).split('.');
  const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
  await assertRefused(await send(`${none}.${body}.`), 'unsigned');
  const two = await send(await signed(claims()), { client_secret: 'x' });
  assert.deepEqual([two.status, two.json['error']], [400, 'invalid_request']);
});

test('R-072[private-key-jwt] what was refused for another reason is not used up, what counted once is', async () => {
  const assertion = await signed(claims({ jti: 'only-once' }));
  await assertRefused(await send(await signed(claims({ jti: 'only-once' }), foreign.key)), 'somebody else’s');
  assert.equal((await send(assertion)).status, 200);
  await assertRefused(await send(assertion), 'again');
  await assertRefused(await send(await signed(claims({ jti: 'only-once' }))), 'the same name again');
});

test('R-072[private-key-jwt] R-069 keys at an address are fetched once, and again for a new kid, but seldom', async () => {
  let keys: readonly object[] = [remote.jwk];
  let fetched = 0;
  world.network.mount('https://keys.example', async () => {
    fetched += 1;
    return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ keys }) };
  });
  const as = (key: SigningKey) => signed(claims({ iss: 'remote', sub: 'remote' }), key);
  for (let turn = 0; turn < 3; turn += 1) assert.equal((await send(await as(remote.key))).status, 200);
  assert.equal(fetched, 1);
  await world.clock.advance(31);
  keys = [remote.jwk, next.jwk];
  assert.equal((await send(await as(next.key))).status, 200);
  assert.equal(fetched, 2);
  for (let turn = 0; turn < 5; turn += 1) await assertRefused(await send(await as(foreign.key)), 'a made-up kid');
  assert.equal(fetched, 2);
});

test('R-077[private-key-jwt] S-90[private-key-jwt] a token says that a key stood behind it, and says nothing where it was a secret', async () => {
  const methodOf = (token: unknown) => parseCompact(String(token)).claims['client_auth_method'];
  const byKey = await send(await signed(claims()));
  assert.equal(methodOf(byKey.json['access_token']), 'private_key_jwt');
  const bySecret = await world.client('batch').token({ grant_type: 'client_credentials', scope: 'notes:read' });
  assert.equal(bySecret.status, 200);
  assert.equal(methodOf(bySecret.json['access_token']), undefined);
});

test('R-077[private-key-jwt] an API of high value gives no token to a client that has only a secret', async () => {
  const strict = await signedWorld('high-value');
  await strict.restart((config) => ({
    ...config,
    resources: (config.resources ?? []).map((one) =>
      one.audience === audiences.bills ? { ...one, secretOnlyClients: false } : one,
    ),
    clients: (config.clients ?? []).filter(({ id }) => id === 'signed'),
  }));
  const answer = await send(await signed(claims({}, strict)), { scope: 'bills:read' }, strict);
  assert.equal(answer.status, 200, answer.body);
  await strict.close();
  const started = strict.events.filter((event) => event.type === 'insecure.used');
  assert.deepEqual(
    started.map(({ choice }) => choice),
    ['assertionAudience compatible: lenient'],
  );
});

for (const store of ['sqlite', 'postgres'] as const) {
  test(`R-072[private-key-jwt] on ${store} one of twenty uses of an assertion at once counts`, async () => {
    const own = await signedWorld(`race-${store}`, store);
    const assertion = await signed(claims({}, own));
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(assertion, {}, own)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    await own.close();
  });
}
