/** Keys found through the issuer's metadata, which belongs to nobody else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../oauth/refusal.ts';
import { discoveredKeySource } from './remote-key-source.ts';
import { generateSigningKey } from './signing-key.ts';

const { publicJwk } = await generateSigningKey('ES256');
const issuer = 'https://login.example';
const url = `${issuer}/.well-known/openid-configuration`;

function discover(metadata: unknown) {
  const asked: string[] = [];
  const keys = discoveredKeySource({
    issuer,
    url,
    runtime: {
      monotonic: () => 0,
      schedule: () => () => {},
      fetch: async (address) => {
        asked.push(String(address));
        return Response.json(String(address) === url ? metadata : { keys: [publicJwk] });
      },
    },
  });
  return { asked, find: async () => await keys.find(publicJwk.kid, 'ES256') };
}

test('R-098[verifier] S-36[verifier] keys are found where the metadata of the expected issuer says', async () => {
  const { asked, find } = discover({ issuer, jwks_uri: 'https://keys.example/set' });
  assert.ok(await find());
  assert.deepEqual(asked, [url, 'https://keys.example/set']);
});

test('R-098[verifier] R-185 metadata of another issuer, or that leads elsewhere, brings no keys', async () => {
  const jwks_uri = `${issuer}/jwks`;
  const bad: readonly unknown[] = [
    { issuer: 'https://evil.example', jwks_uri },
    { issuer: `${issuer}/`, jwks_uri },
    { issuer: issuer.toUpperCase(), jwks_uri },
    { issuer: [issuer], jwks_uri },
    { jwks_uri },
    { issuer },
    { issuer, jwks_uri: 'http://login.example/jwks' },
    { issuer, jwks_uri: 'http://127.0.0.1/jwks' },
    { issuer, jwks_uri: 'file:///etc/passwd' },
    { issuer, jwks_uri: [jwks_uri] },
    { issuer, jwks_uri: '/jwks' },
    [{ issuer, jwks_uri }],
    null,
  ];
  for (const metadata of bad) {
    const { asked, find } = discover(metadata);
    const unavailable = (error: unknown): boolean => error instanceof Refusal && error.reason === 'store_unavailable';
    await assert.rejects(find(), unavailable, JSON.stringify(metadata));
    assert.deepEqual(asked, [url], 'nothing else was asked');
  }
});
