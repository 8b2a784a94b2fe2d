import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateSigningKey, type SigningKey, signJwt } from '@castellan/protocol';
import type { IntrospectionConfig } from './introspect.ts';
import type { IssuerConfig } from './issuer.ts';
import { signAs } from './testing/foreign-issuers.ts';
import { api as apiUrl, issuer as ours, startNotes } from './testing/notes.ts';

const issuer = 'https://opaque.example';
const endpoint = `${issuer}/introspect`;
const secret = 'a secret with: odd&signs';
const opaque = 'oa_7Fz2kQ';

interface Asked {
  readonly token: string | null;
  readonly hint: string | null;
  readonly authorization: string | null;
  readonly method: string | undefined;
}

type Change = Partial<Omit<IssuerConfig, 'introspection'>> & { readonly introspection?: Partial<IntrospectionConfig> };

/** An API that asks an issuer, which answers `state.answer`. */
async function startOpaque(change: Change = {}, alone = true) {
  const { introspection, ...rest } = change;
  const config = {
    issuer,
    audience: apiUrl,
    introspection: { endpoint, client: 'notes api', secret, ...introspection },
    ...rest,
  } as IssuerConfig;
  const notes = await startNotes(({ issuers }) => ({ issuers: alone ? [config] : [...issuers, config] }));
  const now = Math.floor(notes.clock.now() / 1000);
  const active = {
    active: true,
    iss: issuer,
    aud: apiUrl,
    sub: 'nora',
    client_id: 'web',
    scope: 'notes:read',
    token_type: 'Bearer',
    iat: now,
    exp: now + 300,
  };
  const state: { answer: () => Response | Promise<Response> } = { answer: () => Response.json(active) };
  const asked: Asked[] = [];
  notes.serveAt(endpoint, (init) => {
    const form = new URLSearchParams(String(init?.body));
    const authorization = new Headers(init?.headers).get('authorization');
    asked.push({ token: form.get('token'), hint: form.get('token_type_hint'), authorization, method: init?.method });
    return state.answer();
  });
  const read = async (token = opaque): Promise<number> => (await notes.send('GET', '/notes/1', { token })).status;
  return { ...notes, active, state, asked, read, now };
}

test('S-51[introspection] an opaque token is asked for, with the credentials of this API, and its answer counts', async () => {
  const { read, asked } = await startOpaque();
  assert.equal(await read(), 200);
  const credentials = Buffer.from('notes+api:a+secret+with%3A+odd%26signs').toString('base64');
  assert.deepEqual(asked, [
    { token: opaque, hint: 'access_token', authorization: `Basic ${credentials}`, method: 'POST' },
  ]);
});

test('S-51[introspection] R-151 R-150 R-092[guard] only an active access token of this issuer for this API, in time, passes', async () => {
  const { read, state, active, now } = await startOpaque({ introspection: { cacheFor: 0 } });
  const bad: readonly object[] = [
    { active: false },
    { iss: ours },
    { iss: undefined },
    { aud: 'https://other.example' },
    { aud: undefined },
    { aud: [] },
    { exp: now - 11 },
    { exp: undefined },
    { exp: 'later' },
    { exp: now + 5000 },
    { nbf: now + 100 },
    { iat: now + 100 },
    { sub: undefined },
    { sub: '' },
    { scope: ['notes:read', 7] },
    { scope: 'a "b"' },
    { token_type: 'DPoP' },
    { token_type: 'refresh_token' },
    { token_type: undefined },
    { token_type: null },
    { cnf: { jkt: 'x' } },
    { cnf: {} },
    { at_hash: 'h' },
  ];
  for (const part of bad) {
    state.answer = () => Response.json({ ...active, ...part });
    assert.equal(await read(), 401, JSON.stringify(part));
  }
  state.answer = () => Response.json({ active: false });
  assert.equal(await read(), 401);
  state.answer = () => Response.json({ ...active, scope: 'profile' });
  assert.equal(await read(), 403, 'the scope of the answer is the scope of the token');
  state.answer = () => Response.json(active);
  assert.equal(await read(), 200);
});

test('S-51[introspection] R-160 a rule of the issuer may say what kind of token an answer without token_type is about', async () => {
  const { read, state, active } = await startOpaque({
    require: { token_use: 'access_token' },
    introspection: { cacheFor: 0 },
  });
  const { token_type: _, ...untyped } = active;
  state.answer = () => Response.json({ ...untyped, token_use: 'access_token' });
  assert.equal(await read(), 200);
  state.answer = () => Response.json({ ...untyped, token_use: 'refresh_token' });
  assert.equal(await read(), 401);
  state.answer = () => Response.json({ ...active, token_type: 'DPoP', token_use: 'access_token' });
  assert.equal(await read(), 401);
});

test('S-51[introspection] R-170[guard] no answer, or one that cannot be read, denies and says nothing about the token', async () => {
  const { read, state, active, clock, send } = await startOpaque({ introspection: { cacheFor: 0 } });
  const json = { 'content-type': 'application/json' };
  const text = JSON.stringify(active);
  const answers: readonly (readonly [string, () => Response | Promise<Response>])[] = [
    ['an outage', () => Promise.reject(new TypeError('nobody is there'))],
    ['a wrong secret', () => Response.json({ error: 'invalid_client' }, { status: 401 })],
    ['a failure', () => Response.json(active, { status: 500 })],
    ['another media type', () => new Response(text, { headers: { 'content-type': 'text/html' } })],
    ['no media type', () => new Response(Buffer.from(text))],
    ['no JSON', () => new Response('<html>', { headers: json })],
    ['a repeated member', () => new Response(text.replace('{', '{"active":false,'), { headers: json })],
    ['a list', () => Response.json([active])],
    ['too much', () => Response.json({ ...active, more: 'x'.repeat(70_000) })],
    ['active as text', () => Response.json({ ...active, active: 'true' })],
    ['active as number', () => Response.json({ ...active, active: 1 })],
    ['no active', () => Response.json({ ...active, active: undefined })],
  ];
  for (const [what, answer] of answers) {
    state.answer = answer;
    const refused = await send('GET', '/notes/1', { token: opaque });
    assert.equal(refused.status, 503, what);
    assert.equal(refused.headers['www-authenticate'], undefined, what);
    assert.ok(!JSON.stringify(refused).includes('secret'), what);
  }
  state.answer = () => new Promise(() => {});
  const waiting = read();
  const turn = setImmediate;
  for (let count = 0; count < 20; count += 1) await new Promise((resolve) => turn(resolve));
  clock.advance(5);
  assert.equal(await waiting, 503, 'silence ends after five seconds');
});

test('S-51[introspection] S-50 R-064 an answer is remembered for the stated time, and never longer than its token lives', async () => {
  const { read, state, active, asked, clock, now } = await startOpaque();
  state.answer = () => Response.json({ ...active, exp: now + 5 });
  for (let count = 0; count < 3; count += 1) assert.equal(await read(), 200);
  assert.equal(asked.length, 1);
  state.answer = () => Response.json({ active: false });
  clock.advance(9);
  assert.equal(await read(), 200, 'known for ten seconds, within the tolerance of clocks');
  clock.advance(1);
  assert.equal(await read(), 401, 'a revocation counts after ten seconds');
  assert.equal(asked.length, 2);
  const long = await startOpaque({ introspection: { cacheFor: 300 } });
  long.state.answer = () => Response.json({ ...active, exp: now + 5 });
  assert.equal(await long.read(), 200);
  long.clock.advance(15);
  assert.equal(await long.read(), 401, 'the token has ended, whatever is remembered');
  assert.equal(long.asked.length, 1);
});

test('S-51[introspection] R-154 many requests with one token ask once, and a failure is not remembered', async () => {
  const { read, state, active, asked } = await startOpaque();
  state.answer = () => Promise.reject(new TypeError('nobody is there'));
  assert.equal(await read(), 503);
  const slow = Promise.withResolvers<Response>();
  state.answer = () => slow.promise;
  const reads = [read(), read(), read()];
  const turn = setImmediate;
  for (let count = 0; count < 20; count += 1) await new Promise((resolve) => turn(resolve));
  slow.resolve(Response.json(active));
  assert.deepEqual(await Promise.all(reads), [200, 200, 200]);
  assert.equal(asked.length, 2);
});

test('S-51[introspection] R-160[verifier] the rules of an issuer decide how its tokens are judged, not their look', async () => {
  const { read, token, asked, state, key, active, now } = await startOpaque({}, false);
  assert.equal(await read(await token()), 200, 'a signed token of the issuer that signs');
  assert.equal(asked.length, 0, 'is never shown to the other');
  assert.equal(await read(), 200);
  const shaped = await signJwt(key, 'at+jwt', { iss: issuer, aud: apiUrl, sub: 'nora', iat: now, exp: now + 60 });
  state.answer = () => Response.json({ active: false });
  assert.equal(await read(shaped), 401, 'a signed token of the issuer that is asked is asked for');
  assert.equal(asked.at(-1)?.token, shaped);
  state.answer = () => Response.json({ ...active, iss: ours });
  assert.equal(await read('other-opaque'), 401, 'nobody answers for another issuer');
  const count = asked.length;
  const unknown = await signJwt(key, 'at+jwt', { iss: 'https://evil.example', aud: apiUrl, exp: now + 60 });
  assert.equal(await read(unknown), 401);
  const [, body = '', signature = ''] = unknown.split('.');
  const spaced = Buffer.from('{\n"alg":"ES256"}').toString('base64url');
  assert.equal(await read(`${spaced}.${body}.${signature}`), 401);
  assert.equal(asked.length, count, 'tokens of strangers are shown to nobody');
  const prefixed = await startOpaque({ introspection: { prefix: 'oa_' } }, false);
  assert.equal(await prefixed.read(), 200);
  assert.equal(await prefixed.read('ob_7Fz2kQ'), 401);
  assert.equal(prefixed.asked.length, 1);
});

test('R-061[introspection] a signed answer counts by its signature, its receiver and its age; a plain one does not', async () => {
  const { privateKey, publicJwk } = await generateSigningKey('RS256');
  const key: SigningKey = { kid: publicJwk.kid, algorithm: 'RS256', privateKey };
  const other = await generateSigningKey('RS256');
  const { read, state, active, serveAt, now } = await startOpaque({
    introspection: { cacheFor: 0, signed: { algorithms: ['RS256'], jwksUri: `${issuer}/jwks`, audience: apiUrl } },
  });
  serveAt(`${issuer}/jwks`, () => Response.json({ keys: [publicJwk] }));
  const type = 'application/token-introspection+jwt';
  const header = { alg: 'RS256', typ: 'token-introspection+jwt', kid: key.kid };
  const claims = { iss: issuer, aud: apiUrl, iat: now, token_introspection: active };
  const answers =
    (part: object, head: object = {}, signer = privateKey) =>
    () =>
      new Response(signAs(signer, { ...header, ...head }, { ...claims, ...part }), {
        headers: { 'content-type': type },
      });
  state.answer = answers({});
  assert.equal(await read(), 200);
  state.answer = answers({ token_introspection: { active: false } });
  assert.equal(await read(), 401);
  state.answer = answers({ token_introspection: { ...active, aud: 'https://other.example' } });
  assert.equal(await read(), 401);
  const bad: readonly (readonly [string, () => Response])[] = [
    ['a plain answer', () => Response.json(active)],
    ['a plain answer of that type', () => new Response(JSON.stringify(active), { headers: { 'content-type': type } })],
    [
      'a signed answer as JSON',
      () => new Response(answers({})().body, { headers: { 'content-type': 'application/json' } }),
    ],
    ['another key', answers({}, {}, other.privateKey)],
    ['no signature', answers({}, { alg: 'none' })],
    ['an access token', answers({}, { typ: 'at+jwt' })],
    ['no type', answers({}, { typ: undefined })],
    ['another issuer', answers({ iss: ours })],
    ['another receiver', answers({ aud: 'https://other.example' })],
    ['no receiver', answers({ aud: undefined })],
    ['an old answer', answers({ iat: now - 71 })],
    ['no time', answers({ iat: undefined })],
    ['no answer in it', answers({ token_introspection: undefined, ...active })],
    ['a list in it', answers({ token_introspection: [active] })],
  ];
  for (const [what, answer] of bad) {
    state.answer = answer;
    assert.equal(await read(), 503, what);
  }
});

test('R-155[guard] R-141 an introspection that is set up weakly stops the start', async () => {
  const bad: readonly (readonly [Change, RegExp])[] = [
    [{ introspection: { endpoint: 'http://opaque.example/introspect' } }, /endpoint must be https/],
    [{ introspection: { client: '' } }, /client is missing/],
    [{ introspection: { secret: 'short' } }, /secret is missing or too short/],
    [{ introspection: { cacheFor: 301 } }, /cacheFor/],
    [{ introspection: { cacheFor: Number.NaN } }, /cacheFor/],
    [{ introspection: { prefix: '' } }, /prefix/],
    [{ introspection: { signed: { algorithms: [], jwksUri: `${issuer}/jwks` } } }, /algorithm/],
    [{ introspection: { signed: { algorithms: ['none' as never], jwksUri: `${issuer}/jwks` } } }, /algorithm/],
    [{ introspection: { signed: { algorithms: ['RS256'] } as never } }, /signed\.jwksUri is missing/],
    [{ audience: undefined as never }, /audience is missing/],
    [{ algorithms: ['RS256'] as never }, /needs none/],
  ];
  for (const [change, expected] of bad) await assert.rejects(startOpaque(change), expected);
});
