import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { addressBucket, canonicalAddress, clientAddress, trustedProxyProblem } from './client-address.ts';

const proxies = ['10.0.0.0/8', '2001:db8:ffff::/48', '192.0.2.7'];
const address = (peer: string, ...forwarded: string[]) =>
  clientAddress({ peer: { address: peer }, headers: { 'x-forwarded-for': forwarded } }, proxies);

test('R-189[protocol] without a trusted proxy the peer is the client, whatever it says', () => {
  assert.equal(address('203.0.113.9', '198.51.100.1'), '203.0.113.9');
  assert.equal(address('::ffff:203.0.113.9', '198.51.100.1'), '203.0.113.9');
  const noProxies = { peer: { address: '10.0.0.1' }, headers: { 'x-forwarded-for': ['198.51.100.1'] } };
  assert.equal(clientAddress(noProxies, []), '10.0.0.1');
});

test('R-189[protocol] the rightmost hop that is no trusted proxy is the client', () => {
  assert.equal(address('10.0.0.1', '203.0.113.9'), '203.0.113.9');
  assert.equal(address('10.0.0.1', '1.1.1.1, 203.0.113.9'), '203.0.113.9');
  assert.equal(address('10.0.0.1', '1.1.1.1, 203.0.113.9, 10.9.9.9, 192.0.2.7'), '203.0.113.9');
  assert.equal(address('::ffff:10.0.0.1', '203.0.113.9'), '203.0.113.9');
  assert.equal(address('2001:db8:ffff::1', '2001:DB8:0:0::9'), '2001:db8::9');
});

test('R-189[protocol] a forged hop in front of a proxy cannot choose the address', () => {
  assert.equal(address('10.0.0.1', '10.0.0.5, 203.0.113.9'), '203.0.113.9');
  assert.equal(address('10.0.0.1', '127.0.0.1', '203.0.113.9'), '203.0.113.9');
  assert.equal(address('10.0.0.1', 'nonsense, 203.0.113.9'), '203.0.113.9');
});

test('R-189[protocol] a client that writes many hops before its own cannot hide behind the proxy', () => {
  const forged = Array.from({ length: 1000 }, () => '198.51.100.1').join(',');
  assert.equal(address('10.0.0.1', `${forged}, 203.0.113.9`), '203.0.113.9');
});

test('R-189[protocol] a hop with a port is read', () => {
  assert.equal(address('10.0.0.1', '203.0.113.9:4711'), '203.0.113.9');
  assert.equal(address('10.0.0.1', '[2001:db8::9]:4711'), '2001:db8::9');
  assert.equal(address('10.0.0.1', '[2001:db8::9]'), '2001:db8::9');
});

test('R-189[protocol] when every hop is a trusted proxy the farthest is the client', () => {
  assert.equal(address('10.0.0.1', '10.0.0.3, 10.0.0.2'), '10.0.0.3');
});

for (const forwarded of [
  '',
  ' ',
  'unknown',
  '_hidden',
  '203.0.113.9, ',
  ', 10.0.0.2',
  '203.0.113.999',
  '203.0.113.9 198.51.100.1',
  '0x7f.0.0.1',
  '2130706433',
  '203.0.113.009',
  '203.0.113.9:port',
  '"203.0.113.9"',
  '203.0.113.9\u0000',
  'for=203.0.113.9',
  Array.from({ length: 40 }, () => '10.0.0.2').join(','),
]) {
  test(`R-189[protocol] a proxy that says ${JSON.stringify(forwarded.slice(0, 40))} is taken for the client`, () => {
    assert.equal(address('10.0.0.1', forwarded), '10.0.0.1');
  });
}

test('R-189[protocol] a peer without address is never empty, and is not trusted', () => {
  assert.equal(address('', '203.0.113.9'), 'unknown');
  assert.equal(address('/run/socket', '203.0.113.9'), 'unknown');
});

test('R-189[protocol] whatever is forwarded, the answer is a canonical address', () => {
  const hop = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ unit: fc.constantFrom(...'0129af.:[]% ,') }));
  fc.assert(
    fc.property(fc.array(hop), (hops) => {
      const found = address('10.0.0.1', hops.join(','));
      assert.equal(canonicalAddress(found), found);
    }),
  );
});

test('R-189[protocol] an address has one spelling', () => {
  assert.equal(canonicalAddress('2001:0DB8:0000::0001'), '2001:db8::1');
  assert.equal(canonicalAddress('::ffff:102:304'), '1.2.3.4');
  assert.equal(canonicalAddress('fe80::1%eth0'), 'fe80::1');
  for (const text of ['', '1.2.3', '::g', 'localhost', '1.2.3.4%eth0', 'fe80::1%', 'fe80::1%a%b', '%eth0']) {
    assert.equal(canonicalAddress(text), undefined, text);
  }
});

test('R-189[protocol] I-11 a forwarded address with a made-up zone is not believed, and breaks nothing', () => {
  for (const forwarded of ['fe80::1%a%b', '[fe80::1%a%b]:1', '::1%%', '203.0.113.9, ::%0%0']) {
    assert.equal(address('10.0.0.1', forwarded), '10.0.0.1', forwarded);
  }
});

test('R-189[protocol] an IPv6 network shares one bucket, so a new address is no new allowance', () => {
  assert.equal(addressBucket('203.0.113.9'), '203.0.113.9');
  assert.equal(addressBucket('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
  assert.equal(addressBucket('2001:db8:1:2:ffff::'), '2001:db8:1:2::/64');
  assert.notEqual(addressBucket('2001:db8:1:3::1'), addressBucket('2001:db8:1:2::1'));
  assert.equal(addressBucket('::1'), '::/64');
  assert.equal(addressBucket('unknown'), 'unknown');
});

test('R-189[protocol] proxies that are no addresses are refused', () => {
  for (const good of ['10.0.0.1', '10.0.0.0/8', '2001:db8::/32', '::1', '128.0.0.0/1']) {
    assert.equal(trustedProxyProblem(good), undefined, good);
  }
  for (const bad of [
    '',
    '*',
    'proxy.example',
    'fe80::1%eth0',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '0.0.0.0/0',
    '10.0.0.0/0',
    '::/0',
    '10.0.0.0/',
    '::/129',
    '10.0.0.0/8/8',
  ]) {
    assert.notEqual(trustedProxyProblem(bad), undefined, bad);
    assert.throws(() => clientAddress({ peer: { address: '10.0.0.1' }, headers: {} }, [bad]), TypeError, bad);
  }
});
