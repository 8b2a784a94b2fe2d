import assert from 'node:assert/strict';
import {
  createServer,
  request as plainRequest,
  type RequestListener,
  type RequestOptions,
  type Server,
} from 'node:http';
import { after, test } from 'node:test';
import { createUntrustedFetch, type HostAddress, isPublicAddress, type UntrustedFetchDeps } from './untrusted-fetch.ts';

const refused = /An address that a client named was not called: /;
const never: UntrustedFetchDeps['request'] = () => assert.fail('it was called');
const schedule = () => () => undefined;

function resolving(...addresses: readonly string[]): UntrustedFetchDeps['resolve'] {
  return async () => addresses.map((address): HostAddress => ({ address, family: address.includes(':') ? 6 : 4 }));
}

test('R-069[private-key-jwt] special-use addresses are told from public ones, in both families', () => {
  const closed =
    '0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 ' +
    '192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.9 224.0.0.1 240.0.0.1 255.255.255.255 ' +
    ':: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 64:ff9b::808:808 100::1 fc00::1 fd12::1 fe80::1 ff02::1 2001::1 ' +
    '2001:db8::1 2002:7f00:1::1 3fff::1';
  for (const address of closed.split(' ')) assert.equal(isPublicAddress(address), false, address);
  for (const address of '8.8.8.8 1.1.1.1 172.15.0.1 172.32.0.1 2606:4700::1111 2a00:1450::1'.split(' ')) {
    assert.equal(isPublicAddress(address), true, address);
  }
  for (const address of ['', 'localhost', '8.8.8', '1.1.1.1 ', '08.8.8.8'])
    assert.equal(isPublicAddress(address), false);
});

test('R-069[private-key-jwt] no address of our own is ever called, however it is written', async () => {
  const fetch = createUntrustedFetch({ resolve: resolving('8.8.8.8'), request: never, schedule });
  const closed = [
    'http://client.example/jwks',
    'https://user:pass@client.example/jwks',
    'file:///etc/passwd',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f.0.0.1/',
    'https://0177.0.0.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[fe80::1]/',
    'not a url',
  ];
  for (const url of closed) await assert.rejects(fetch(url), refused, url);
});

test('R-069[private-key-jwt] a name is refused when any of its addresses is not public, or it has none', async () => {
  for (const addresses of [['127.0.0.1'], ['8.8.8.8', '10.0.0.1'], ['2606:4700::1111', '::1'], []]) {
    const fetch = createUntrustedFetch({ resolve: resolving(...addresses), request: never, schedule });
    await assert.rejects(fetch('https://client.example/jwks'), refused);
  }
});

const servers: Server[] = [];
after(() => servers.forEach((server) => server.close()));

/** A call whose checked address is replaced by a local server at the last moment; records where it was to go. */
async function calling(listener: RequestListener, deps: Partial<UntrustedFetchDeps> = {}) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const pinned: unknown[] = [];
  const request = (_url: URL, options: RequestOptions) => {
    options.lookup?.('client.example', { all: true }, (_error, found) => pinned.push(found));
    const { lookup: _, ...rest } = options;
    return plainRequest({ ...rest, host: '127.0.0.1', port, path: _url.pathname });
  };
  const resolve = resolving('8.8.8.8', '8.8.4.4');
  return { fetch: createUntrustedFetch({ resolve, request, schedule, ...deps }), pinned };
}

test('R-069[private-key-jwt] the connection goes to the address that was checked, and carries no more than was asked', async () => {
  let seen: Record<string, unknown> = {};
  const { fetch, pinned } = await calling((request, response) => {
    seen = request.headers;
    response.writeHead(200, { 'content-type': 'application/json', 'set-cookie': 'a=b' }).end('{"keys":[]}');
  });
  const response = await fetch('https://client.example/jwks', { headers: { accept: 'application/json' } });
  assert.deepEqual([response.status, await response.json()], [200, { keys: [] }]);
  assert.equal(response.headers.get('set-cookie'), null);
  assert.deepEqual(pinned, [[{ address: '8.8.8.8', family: 4 }]]);
  assert.deepEqual([seen['accept'], seen['cookie'], seen['authorization']], ['application/json', undefined, undefined]);
});

test('R-069[private-key-jwt] redirects, endless bodies and silence end the call', async () => {
  const redirected = await calling((_request, response) => {
    response.writeHead(302, { location: 'https://127.0.0.1/' }).end();
  });
  await assert.rejects(redirected.fetch('https://client.example/'), refused);
  const endless = await calling((_request, response) => {
    response.writeHead(200);
    response.end(Buffer.alloc(300_000));
  });
  await assert.rejects(endless.fetch('https://client.example/'), refused);
  let late = (): void => undefined;
  const silent = await calling(() => late(), {
    schedule: (_delay, task) => {
      late = task;
      return () => undefined;
    },
  });
  await assert.rejects(silent.fetch('https://client.example/'), refused);
});
