import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listSize, parseListName, readStatusClaim, statusClaim } from './status-claim.ts';

const issuer = 'https://id.example/path';

test('R-064[status] what a token says of its bit is what is read from it, across lists and epochs', () => {
  for (const epoch of [1, 2, 31]) {
    for (const statusIndex of [0, 1, listSize - 1, listSize, 5 * listSize + 7]) {
      const claim = statusClaim(issuer, { epoch, statusIndex });
      assert.deepEqual(readStatusClaim(issuer, claim), { epoch, statusIndex });
    }
  }
  assert.deepEqual(statusClaim(issuer, { epoch: 3, statusIndex: 2 * listSize + 9 }), {
    status_list: { idx: 9, uri: 'https://id.example/path/status/3.2' },
  });
});

test('R-064[status] a bit of anybody else is none of ours', () => {
  const uri = `${issuer}/status/1.0`;
  for (const status of [
    undefined,
    null,
    {},
    { status_list: null },
    { status_list: [7, uri] },
    { status_list: { idx: '7', uri } },
    { status_list: { idx: 7 } },
    { status_list: { idx: 7, uri: 'https://other.example/status/1.0' } },
    { status_list: { idx: 7, uri: `${uri}?x` } },
    { status_list: { idx: 7, uri: `${uri}/../2.0` } },
  ]) {
    assert.equal(readStatusClaim(issuer, status), undefined, JSON.stringify(status));
  }
});

test('R-064[status] a list has one name', () => {
  assert.deepEqual(parseListName('12.0'), { epoch: 12, list: 0 });
  for (const text of [
    '',
    '1',
    '1.',
    '.1',
    '0.1',
    '01.1',
    '1.01',
    '1.1.1',
    '1.-1',
    ' 1.1',
    '1.1 ',
    '1.1e3',
    '1.9999999999',
    '*',
    '1%2e1',
  ]) {
    assert.equal(parseListName(text), undefined, text);
  }
});
