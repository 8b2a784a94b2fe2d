import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateSigningKey, localKeySource, type SigningKey, signJwt, systemRuntime } from '@castellan/protocol';
import { clientDirectory } from '../clients/client.ts';
import { masterKey, testClient } from '../stage.test.ts';
import { createSessionNames } from '../tokens/session-name.ts';
import { createHintVerifier, type VerifyHint } from './id-token-hint.ts';

const issuer = 'https://id.example';
const now = 1_800_000_000;
const claims = { iss: issuer, aud: 'web', sub: 'alice', sid: 'session', iat: now - 300, exp: now };

interface Kit {
  readonly verify: VerifyHint;
  readonly key: SigningKey;
}

async function setUp(): Promise<Kit> {
  const { privateKey, publicJwk } = await generateSigningKey('ES256');
  const verify = createHintVerifier({
    issuer,
    clients: clientDirectory([testClient('web'), testClient('other')]),
    keys: localKeySource({ keys: [publicJwk] }),
    now: () => now * 1000,
    sessionOf: createSessionNames({ masterKey, runtime: systemRuntime }).sessionOf,
    refused: async () => undefined,
  });
  return { verify, key: { kid: publicJwk.kid, algorithm: 'ES256', privateKey } };
}

test('R-111[logout] R-014[authorize] an ID token of ours is a hint, long after it expired', async () => {
  const { verify, key } = await setUp();
  const hinted = { client: 'web', subject: 'alice', session: 'session' };
  assert.deepEqual(await verify(await signJwt(key, 'JWT', claims)), hinted);
  const old = { ...claims, iat: now - 86_400 * 300, exp: now - 86_400 * 300 + 300 };
  assert.deepEqual(await verify(await signJwt(key, 'JWT', old)), hinted);
});

test('R-111[logout] R-014[authorize] what is not an ID token of ours for a client of ours is no hint', async () => {
  const { verify, key } = await setUp();
  const foreign = await setUp();
  const good = await signJwt(key, 'JWT', claims);
  const [head = '', body = '', signature = ''] = good.split('.');
  const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT', kid: key.kid })).toString('base64url');
  const bob = Buffer.from(JSON.stringify({ ...claims, sub: 'bob' })).toString('base64url');
  const bad: readonly string[] = [
    '',
    'x',
    `${none}.${body}.`,
    `${head}.${bob}.${signature}`,
    `${head}.${body}.`,
    await signJwt(foreign.key, 'JWT', claims),
    await signJwt({ ...foreign.key, kid: key.kid }, 'JWT', claims),
    await signJwt(key, 'at+jwt', claims),
    await signJwt(key, 'logout+jwt', claims),
    await signJwt(key, 'JWT', { ...claims, iss: 'https://other.example' }),
    await signJwt(key, 'JWT', { ...claims, aud: 'nobody' }),
    await signJwt(key, 'JWT', { ...claims, aud: ['web', 'other'] }),
    await signJwt(key, 'JWT', { ...claims, sub: undefined }),
    await signJwt(key, 'JWT', { ...claims, iat: now + 600, exp: now + 900 }),
  ];
  for (const hint of bad) assert.equal(await verify(hint), undefined, hint);
});
