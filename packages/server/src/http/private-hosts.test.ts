import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Runtime, systemRuntime } from '@castellan/protocol';
import { withPrivateHosts } from './private-hosts.ts';

function setUp(hosts: readonly string[]) {
  const calls: string[] = [];
  const called =
    (by: string): Runtime['fetch'] =>
    async (url, init) => {
      calls.push([by, String(url), init?.redirect].filter(Boolean).join(' '));
      return new Response();
    };
  const runtime = { ...systemRuntime, fetch: called('inside'), fetchUntrusted: called('stranger') };
  return { calls, fetch: withPrivateHosts(runtime, hosts).fetchUntrusted };
}

test('R-069[logout] R-069[private-key-jwt] a host that an operator has named is reached inside of a network, and is not followed', async () => {
  const { calls, fetch } = setUp(['rp.internal', 'rp.internal:8443']);
  for (const url of ['https://rp.internal/out', 'https://rp.internal:443/out', 'https://rp.internal:8443/jwks']) {
    await fetch(url, { redirect: 'follow' });
  }
  assert.deepEqual(calls, [
    'inside https://rp.internal/out error',
    'inside https://rp.internal/out error',
    'inside https://rp.internal:8443/jwks error',
  ]);
});

test('R-069[logout] R-069[private-key-jwt] everything else stays an address of a stranger', async () => {
  const { calls, fetch } = setUp(['rp.internal']);
  const others = [
    'http://rp.internal/out',
    'https://rp.internal:8443/out',
    'https://rp.internal.evil.example/out',
    'https://evil.example/rp.internal',
    'https://rp.internal@evil.example/',
    'https://user@rp.internal/',
    'https://sub.rp.internal/out',
    'https://127.0.0.1/',
    'no address',
  ];
  for (const url of others) await fetch(url);
  assert.deepEqual(
    calls,
    others.map((url) => `stranger ${url}`),
  );
  const none = setUp([]);
  await none.fetch('https://rp.internal/out');
  assert.deepEqual(none.calls, ['stranger https://rp.internal/out']);
});
