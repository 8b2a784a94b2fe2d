import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Refusal } from '../oauth/refusal.ts';
import { type JwtType, signJwt } from './jws.ts';
import { createJwtVerifier } from './jwt.ts';
import type { JwtRules } from './jwt-rules.ts';
import type { PublicKey } from './key-set.ts';
import { localKeySource } from './key-source.ts';
import { generateSigningKey } from './signing-key.ts';

const { privateKey, publicJwk } = await generateSigningKey('ES256');
const signer = { kid: publicJwk.kid, algorithm: 'ES256' as const, privateKey };
const start = 1_700_000_000;
const claims = { iss: 'https://login.example', aud: 'https://api.example', sub: 'a', iat: start, exp: start + 300 };
const rules: JwtRules = {
  issuer: 'https://login.example',
  audience: 'https://api.example',
  algorithms: ['ES256'],
  typ: 'at+jwt',
  keys: localKeySource({ keys: [publicJwk] }),
  now: () => start * 1000,
  maxLifetime: 900,
};
const refused = (detail?: string) => (error: unknown) =>
  error instanceof Refusal &&
  error.reason === 'token_invalid' &&
  (detail === undefined || error.context.detail === detail);

const weak: Readonly<Record<string, Partial<Record<keyof JwtRules, unknown>>>> = {
  'no issuer': { issuer: undefined },
  'an empty issuer': { issuer: '' },
  'an http issuer': { issuer: 'http://login.example' },
  'an issuer that is no URL': { issuer: 'login.example' },
  'an issuer with a query': { issuer: 'https://login.example?x' },
  'a list of issuers': { issuer: ['https://login.example'] },
  'no audience': { audience: undefined },
  'an empty audience': { audience: '' },
  'a pattern as audience': { audience: /.*/ },
  'a list of audiences': { audience: [] },
  'no algorithms': { algorithms: undefined },
  'an empty list of algorithms': { algorithms: [] },
  'one algorithm as text': { algorithms: 'ES256' },
  'the algorithm none': { algorithms: ['none'] },
  'a symmetric algorithm': { algorithms: ['ES256', 'HS256'] },
  'no typ': { typ: undefined },
  'an empty typ': { typ: '' },
  'no keys': { keys: undefined },
  'keys that find nothing': { keys: {} },
  'no clock': { now: undefined },
  'a tolerance over a minute': { clockTolerance: 61 },
  'a tolerance without end': { clockTolerance: Number.POSITIVE_INFINITY },
  'a tolerance that is no number': { clockTolerance: Number.NaN },
  'a tolerance as text': { clockTolerance: '10' },
  'a negative tolerance': { clockTolerance: -1 },
  'no longest lifetime': { maxLifetime: undefined },
  'a lifetime without end': { maxLifetime: Number.POSITIVE_INFINITY },
  'a lifetime of nothing': { maxLifetime: 0 },
  'a lifetime of years': { maxLifetime: 10 * 366 * 86_400 },
  'required claims as text': { requiredClaims: 'sub' },
  'an empty name of a required claim': { requiredClaims: [''] },
  'allowExpired as text': { allowExpired: 'false' },
  'a cache without bound': { cacheCapacity: Number.POSITIVE_INFINITY },
  'a cache of a broken size': { cacheCapacity: 1.5 },
};

for (const [name, change] of Object.entries(weak)) {
  test(`R-141[verifier] R-155[verifier] a verifier with ${name} cannot be made`, () => {
    assert.throws(() => createJwtVerifier({ ...rules, ...change } as unknown as JwtRules), TypeError);
  });
}

test('R-155[verifier] changing the rules afterwards changes nothing', async () => {
  const algorithms: JwtRules['algorithms'][number][] = ['ES256'];
  const verifier = createJwtVerifier({ ...rules, algorithms });
  algorithms.length = 0;
  await verifier.verify(await signJwt(signer, 'at+jwt', claims));
});

test('R-149[verifier] a change of any one character of a token is refused', async () => {
  const verifier = createJwtVerifier(rules);
  const token = await signJwt(signer, 'at+jwt', claims);
  await verifier.verify(token);
  const characters = fc.constantFrom(...'ABYZabyz0189-_.=+/ \n', '');
  await fc.assert(
    fc.asyncProperty(fc.nat(token.length - 1), characters, async (at, character) => {
      const changed = token.slice(0, at) + character + token.slice(at + 1);
      if (changed !== token) await assert.rejects(verifier.verify(changed), refused());
    }),
    { numRuns: 300 },
  );
});

test('R-143[verifier] an algorithm that is not on the list is refused, though the issuer has a key for it', async () => {
  const other = await generateSigningKey('EdDSA');
  const keys = localKeySource({ keys: [publicJwk, other.publicJwk] });
  const verifier = createJwtVerifier({ ...rules, keys });
  const signing = { kid: other.publicJwk.kid, algorithm: 'EdDSA' as const, privateKey: other.privateKey };
  const token = await signJwt(signing, 'at+jwt', claims);
  await createJwtVerifier({ ...rules, keys, algorithms: ['EdDSA'] }).verify(token);
  await assert.rejects(verifier.verify(token), refused('an algorithm that is not allowed'));
});

test('R-148[verifier] no kind of token passes for another', async () => {
  const types: readonly JwtType[] = ['at+jwt', 'JWT', 'logout+jwt'];
  for (const sent of types) {
    const token = await signJwt(signer, sent, claims);
    for (const typ of types) {
      const verifying = createJwtVerifier({ ...rules, typ }).verify(token);
      if (typ === sent) await verifying;
      else await assert.rejects(verifying, refused('another type of token'));
    }
    await assert.rejects(createJwtVerifier({ ...rules, typ: null }).verify(token), refused('another type of token'));
  }
});

test('R-148[verifier] a rule for tokens without type takes those only', async () => {
  const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid: publicJwk.kid })).toString('base64url');
  const typed = await signJwt(signer, 'JWT', claims);
  const input = `${header}.${typed.split('.')[1]}`;
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const untyped = `${input}.${signature.toString('base64url')}`;
  await createJwtVerifier({ ...rules, typ: null }).verify(untyped);
  await assert.rejects(createJwtVerifier({ ...rules, typ: 'JWT' }).verify(untyped), refused('another type of token'));
});

test('R-150[verifier] an expired token passes only where it proves who somebody was', async () => {
  const token = await signJwt(signer, 'at+jwt', claims);
  const late = { ...rules, now: () => (start + 1_000_000) * 1000 };
  await assert.rejects(createJwtVerifier(late).verify(token), refused('expired'));
  assert.equal((await createJwtVerifier({ ...late, allowExpired: true }).verify(token)).claims.sub, 'a');
  const endless = await signJwt(signer, 'at+jwt', { ...claims, exp: start + 10_000 });
  await assert.rejects(createJwtVerifier({ ...late, allowExpired: true }).verify(endless), refused('lives too long'));
});

test('R-150[verifier] a broken clock refuses everything', async () => {
  const token = await signJwt(signer, 'at+jwt', claims);
  const verifier = createJwtVerifier({ ...rules, now: () => Number.NaN });
  await assert.rejects(verifier.verify(token), refused('the clock is broken'));
});

test('R-151[verifier] R-160 a key of one issuer signs nothing for another', async () => {
  const elsewhere = await generateSigningKey('ES256');
  const verifier = createJwtVerifier({ ...rules, keys: localKeySource({ keys: [elsewhere.publicJwk] }) });
  const detail = 'no key with this kid for this algorithm';
  await assert.rejects(verifier.verify(await signJwt(signer, 'at+jwt', claims)), refused(detail));
});

test('R-149[verifier] what is no text is refused', async () => {
  const verifier = createJwtVerifier({ ...rules, cacheCapacity: 10 });
  for (const value of [undefined, null, 1, {}, [], Buffer.from('a.b.c')]) {
    await assert.rejects(verifier.verify(value as unknown as string), refused('not text'));
  }
});

/** A source that can lose a key, or have another one under its name. */
function watchedKeys() {
  const source = localKeySource({ keys: [publicJwk] });
  const state = { replaced: undefined as PublicKey | undefined, removed: false };
  const find: JwtRules['keys']['find'] = (kid, algorithm) => {
    return state.removed ? undefined : (state.replaced ?? source.find(kid, algorithm));
  };
  return { state, keys: { find } };
}

test('R-153[verifier] a remembered token is the same answer, frozen to its last member', async () => {
  const verifier = createJwtVerifier({ ...rules, cacheCapacity: 10 });
  const token = await signJwt(signer, 'at+jwt', { ...claims, cnf: { jkt: 'x' }, list: [{ a: 1 }] });
  assert.equal(verifier.recall(token), undefined);
  const first = await verifier.verify(token);
  assert.equal(await verifier.verify(token), first);
  assert.equal(verifier.recall(token), first);
  const { cnf, list } = first.claims as unknown as { cnf: { jkt: string }; list: { a: number }[] };
  for (const change of [
    () => Object.assign(first.claims, { sub: 'admin' }),
    () => Object.assign(cnf, { jkt: 'y' }),
    () => list.push({ a: 2 }),
    () => Object.assign(list[0] ?? {}, { a: 2 }),
    () => Object.assign(first.header, { typ: 'JWT' }),
  ]) {
    assert.throws(change, TypeError);
  }
});

test('R-153[verifier] a remembered token ends with its time, also when the clock went on without a request', async () => {
  let now = start;
  const verifier = createJwtVerifier({ ...rules, cacheCapacity: 10, now: () => now * 1000 });
  const token = await signJwt(signer, 'at+jwt', { ...claims, nbf: start });
  await verifier.verify(token);
  now = start + 309;
  await verifier.verify(token);
  assert.ok(verifier.recall(token));
  now = start + 310;
  assert.equal(verifier.recall(token), undefined);
  await assert.rejects(verifier.verify(token), refused('expired'));
  now = start;
  await verifier.verify(token);
  now = start - 11;
  assert.equal(verifier.recall(token), undefined);
  await assert.rejects(verifier.verify(token), refused('not yet valid'));
  now = start;
  await verifier.verify(token);
});

test('R-153[verifier] a remembered token ends when its key leaves the set or is replaced under its name', async () => {
  const { state, keys } = watchedKeys();
  const verifier = createJwtVerifier({ ...rules, keys, cacheCapacity: 10 });
  const token = await signJwt(signer, 'at+jwt', claims);
  await verifier.verify(token);
  state.removed = true;
  assert.equal(verifier.recall(token), undefined);
  await assert.rejects(verifier.verify(token), refused('no key with this kid for this algorithm'));
  state.removed = false;
  await verifier.verify(token);
  const other = await generateSigningKey('ES256');
  const found = await localKeySource({ keys: [{ ...other.publicJwk, kid: publicJwk.kid }] }).find(
    publicJwk.kid,
    'ES256',
  );
  state.replaced = found;
  assert.equal(verifier.recall(token), undefined);
  await assert.rejects(verifier.verify(token), refused('the signature does not verify'));
});

test('R-153[verifier] a token is not recalled while its keys have to be fetched, nor when that fails', async () => {
  const source = localKeySource({ keys: [publicJwk] });
  const state: { pending?: Promise<undefined> } = {};
  const find: JwtRules['keys']['find'] = (kid, algorithm) => state.pending ?? source.find(kid, algorithm);
  const verifier = createJwtVerifier({ ...rules, keys: { find }, cacheCapacity: 10 });
  const token = await signJwt(signer, 'at+jwt', claims);
  await verifier.verify(token);
  const away = new Refusal('store_unavailable');
  state.pending = Promise.reject(away);
  assert.equal(verifier.recall(token), undefined);
  await assert.rejects(verifier.verify(token), away);
});

test('R-153[verifier] only the whole text is remembered, and only after success', async () => {
  const verifier = createJwtVerifier({ ...rules, cacheCapacity: 10 });
  const token = await signJwt(signer, 'at+jwt', claims);
  const [header, payload] = token.split('.');
  await verifier.verify(token);
  await assert.rejects(
    verifier.verify(`${header}.${payload}.${'A'.repeat(86)}`),
    refused('the signature does not verify'),
  );
  const expired = await signJwt(signer, 'at+jwt', { ...claims, iat: start - 100, exp: start - 50 });
  for (let times = 0; times < 2; times += 1) await assert.rejects(verifier.verify(expired), refused('expired'));
});

test('R-153[verifier] what one rule accepted is not known to another', async () => {
  const token = await signJwt(signer, 'at+jwt', claims);
  await createJwtVerifier({ ...rules, cacheCapacity: 10 }).verify(token);
  const stricter = createJwtVerifier({ ...rules, cacheCapacity: 10, audience: 'https://other.example' });
  await assert.rejects(stricter.verify(token), refused('another audience'));
});

test('R-154[verifier] when the keys cannot be had, the answer is not that the token is bad', async () => {
  const find = () => Promise.reject(new Refusal('store_unavailable'));
  const verifying = createJwtVerifier({ ...rules, keys: { find } }).verify(await signJwt(signer, 'at+jwt', claims));
  await assert.rejects(verifying, (error) => error instanceof Refusal && error.reason === 'store_unavailable');
});
