import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../oauth/refusal.ts';
import type { PublicJwk } from './key-set.ts';
import { type RemoteKeySourceOptions, remoteKeySource } from './remote-key-source.ts';
import { generateSigningKey } from './signing-key.ts';

const [first, second] = (await Promise.all([generateSigningKey('ES256'), generateSigningKey('ES256')])).map(
  ({ publicJwk }) => publicJwk,
) as [PublicJwk, PublicJwk];

/** An issuer that answers what it is told, and a clock that is moved by hand. Times are seconds. */
function issuer(options: Partial<RemoteKeySourceOptions> = {}) {
  const state = {
    now: 1000,
    asked: [] as string[],
    answer: (): Promise<Response> => Promise.resolve(Response.json({ keys: [first] })),
  };
  const keys = remoteKeySource({
    url: 'https://login.example/jwks',
    runtime: {
      monotonic: () => state.now * 1000,
      schedule: () => () => {},
      fetch: (url) => {
        state.asked.push(String(url));
        return state.answer();
      },
    },
    ...options,
  });
  const serve = (...set: unknown[]) => {
    state.answer = () => Promise.resolve(Response.json({ keys: set }));
  };
  const fail = () => {
    state.answer = () => Promise.reject(new TypeError('fetch failed'));
  };
  const find = async (kid = first.kid) => await keys.find(kid, 'ES256');
  return { state, keys, serve, fail, find };
}

const unavailable = (error: unknown) => error instanceof Refusal && error.reason === 'store_unavailable';

test('R-154[verifier] keys are fetched once, from the configured address, however many ask at once', async () => {
  const { state, keys, find } = issuer();
  const found = await Promise.all(Array.from({ length: 50 }, () => find()));
  assert.ok(found.every((key) => key !== undefined && key === found[0]));
  assert.deepEqual(state.asked, ['https://login.example/jwks']);
  assert.ok(!(keys.find(first.kid, 'ES256') instanceof Promise), 'a fresh set answers without waiting');
});

test('R-154[verifier] while a fetch is slow no second one begins, and all who ask get its answer', async () => {
  const { state, find } = issuer();
  const slow = Promise.withResolvers<Response>();
  state.answer = () => slow.promise;
  const early = find();
  state.now += 4;
  const late = find();
  slow.resolve(Response.json({ keys: [first] }));
  assert.equal(await early, await late);
  assert.notEqual(await early, undefined);
  assert.equal(state.asked.length, 1);
});

test('R-154[verifier] an aged set is fetched again, and what was removed is gone', async () => {
  const { state, serve, find } = issuer();
  const before = await find();
  serve(second);
  state.now += 299;
  assert.equal(await find(), before);
  state.now += 1;
  assert.equal(await find(), undefined);
  assert.notEqual(await find(second.kid), undefined);
  assert.equal(state.asked.length, 2);
});

test('R-153[verifier] a key that stays is the same object after a refresh; one that was replaced is not', async () => {
  const { state, serve, find } = issuer();
  const before = await find();
  serve({ ...first }, second);
  state.now += 300;
  assert.equal(await find(), before);
  serve({ ...second, kid: first.kid });
  state.now += 300;
  assert.notEqual(await find(), before);
});

test('R-154[verifier] an unknown kid fetches early, but a flood of them fetches once', async () => {
  const { state, serve, find } = issuer();
  await find();
  serve(first, second);
  assert.equal(await find(second.kid), undefined);
  assert.equal(state.asked.length, 1);
  state.now += 30;
  assert.notEqual(await find(second.kid), undefined);
  assert.equal(state.asked.length, 2);
  for (let index = 0; index < 1000; index += 1) assert.equal(await find(`made-up-${index}`), undefined);
  assert.equal(state.asked.length, 2);
  state.now += 30;
  await Promise.all(Array.from({ length: 100 }, (_, index) => find(`more-${index}`)));
  assert.equal(state.asked.length, 3);
});

test('R-154[verifier] while the issuer is away the old set serves for an hour, and not longer', async () => {
  const { state, fail, find } = issuer();
  const before = await find();
  fail();
  state.now += 300;
  assert.equal(await find(), before);
  assert.equal(await find(), before);
  assert.equal(state.asked.length, 2, 'a failure is not tried again at once');
  state.now += 30;
  assert.equal(await find(), before);
  assert.equal(state.asked.length, 3);
  state.now += 3569;
  assert.equal(await find(), before);
  state.now += 1;
  await assert.rejects(find(), unavailable);
});

test('R-154[verifier] without any set the refusal says so, and a second later it is tried again', async () => {
  const { state, serve, fail, find } = issuer();
  fail();
  await assert.rejects(find(), unavailable);
  await assert.rejects(find(), unavailable);
  assert.equal(state.asked.length, 1);
  serve(first);
  state.now += 1;
  assert.notEqual(await find(), undefined);
});

const bad: Readonly<Record<string, () => Promise<Response>>> = {
  'a redirect': async () => new Response(null, { status: 302, headers: { location: 'https://evil.example/jwks' } }),
  'an error page': async () => new Response('<h1>sorry</h1>', { status: 500 }),
  'no JSON': async () => new Response('<h1>sorry</h1>'),
  'a repeated member': async () => new Response(`{"keys":[],"keys":[${JSON.stringify(first)}]}`),
  'too much': async () => Response.json({ keys: [first], padding: 'x'.repeat(300_000) }),
  'too many keys': async () => Response.json({ keys: Array.from({ length: 65 }, () => second) }),
  'a private key': async () => Response.json({ keys: [first, { ...second, d: 'AAAA' }] }),
  'a symmetric key': async () => Response.json({ keys: [first, { kty: 'oct', kid: 'x', k: 'AAAA' }] }),
  'a kid twice': async () => Response.json({ keys: [first, first] }),
  'no keys': async () => Response.json({}),
  'bytes that are not UTF-8': async () => new Response(new Uint8Array([0x7b, 0xff, 0x7d])),
};

for (const [name, answer] of Object.entries(bad)) {
  test(`R-154[verifier] R-100[protocol] an answer with ${name} replaces nothing, and alone gives no keys`, async () => {
    const { state, find } = issuer();
    const before = await find();
    state.answer = answer;
    state.now += 300;
    assert.equal(await find(), before);
    const empty = issuer();
    empty.state.answer = answer;
    await assert.rejects(empty.find(), unavailable);
  });
}

test('R-154[verifier] only https, or http on this machine, can be configured, with bounds that bound', () => {
  for (const url of ['http://login.example/jwks', 'file:///jwks', 'data:application/json,{}', '', 'login.example']) {
    assert.throws(() => issuer({ url }), TypeError, url);
  }
  for (const url of ['http://localhost:4000/jwks', 'http://127.0.0.1/jwks', 'http://[::1]:1/jwks']) issuer({ url });
  for (const name of ['maxAge', 'staleIfError', 'cooldown', 'timeout', 'maximumBytes', 'maximumKeys']) {
    for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '1']) {
      assert.throws(() => issuer({ [name]: value }), TypeError, `${name} ${value}`);
    }
  }
});
