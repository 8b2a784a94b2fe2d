import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyRow } from '../store/store.ts';
import { announcementLead, dueKey, keyState, signingLife, signingRow } from './timetable.ts';

const day = 86_400;
const start = 1_767_225_600;

function key(kid: string, signsFrom: number): KeyRow {
  const verifiesFrom = signsFrom + signingLife;
  return {
    kid,
    algorithm: 'ES256',
    publicJwk: '{}',
    sealedPrivateKey: '',
    announcedAt: signsFrom - day,
    signsFrom,
    verifiesFrom,
    retiredAt: verifiesFrom + 960,
    removedAt: undefined,
  };
}

test('R-101[keys] a key is announced, signs, verifies and retires, each at its second', () => {
  const row = key('a', start);
  assert.equal(keyState(row, start - 1), 'announced');
  assert.equal(keyState(row, start), 'signing');
  assert.equal(keyState(row, start + signingLife - 1), 'signing');
  assert.equal(keyState(row, start + signingLife), 'verifying');
  assert.equal(keyState(row, start + signingLife + 959), 'verifying');
  assert.equal(keyState(row, start + signingLife + 960), 'retired');
});

test('R-101[keys] a successor is due one day before, and begins when its predecessor stops', () => {
  const rows = [key('a', start)];
  const end = start + signingLife;
  assert.equal(dueKey(rows, 'ES256', end - announcementLead - 1), undefined);
  assert.equal(dueKey(rows, 'ES256', end - announcementLead), end);
  assert.equal(dueKey([...rows, key('b', end)], 'ES256', end), undefined);
  assert.ok(announcementLead >= day);
});

test('R-101[keys] at any time in ten years exactly one key signs', () => {
  let rows: KeyRow[] = [];
  for (let now = start; now < start + 3650 * day; now += day / 4) {
    const due = dueKey(rows, 'ES256', now);
    if (due !== undefined) rows = [...rows, key(`k${rows.length}`, due)];
    const signing = rows.filter((row) => keyState(row, now) === 'signing');
    assert.equal(signing.length, 1);
    assert.equal(signingRow(rows, 'ES256', now), signing[0]);
    assert.ok(rows.length === 1 || signing[0] === rows[0] || now - (signing[0]?.announcedAt ?? 0) >= announcementLead);
  }
});

test('R-101[keys] the first key, and one after a long pause, begins at once', () => {
  const now = start + signingLife + 40 * day;
  assert.equal(dueKey([key('a', start)], 'ES256', now), now);
  assert.equal(dueKey([], 'ES256', start + 1234), start + 1234);
  assert.equal(dueKey([key('a', start)], 'RS256', start), start);
});

test('R-101[keys] a clock that stepped back behind the first key still finds it', () => {
  const row = key('a', start);
  assert.equal(signingRow([row], 'ES256', start - 7200), row);
  assert.equal(signingRow([row], 'RS256', start), undefined);
  assert.equal(signingRow([row], 'ES256', start + signingLife), undefined);
});
