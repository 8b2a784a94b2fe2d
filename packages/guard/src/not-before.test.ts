import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SubjectNotBefore } from './not-before.ts';
import { issuer, startNotes } from './testing/notes.ts';

async function startWith(staleness: number, find?: SubjectNotBefore['find']) {
  const moments = new Map<string, number>();
  const asked: string[] = [];
  const notBefore: SubjectNotBefore = {
    staleness,
    find:
      find ??
      ((of) => {
        asked.push(`${of.issuer} ${of.subject}`);
        return moments.get(`${of.issuer} ${of.subject}`);
      }),
  };
  const api = await startNotes(() => ({ notBefore }));
  const read = async (token: string): Promise<number> => (await api.send('GET', '/notes/1', { token })).status;
  return { ...api, moments, asked, read, now: () => api.clock.now() / 1000 };
}

test('R-161[guard] S-50[guard] after a password change older tokens are refused at once, remembered or not', async () => {
  const { token, read, moments, clock, now, asked } = await startWith(0);
  const old = await token();
  assert.equal(await read(old), 200);
  assert.equal(await read(old), 200);
  assert.deepEqual(asked, [`${issuer} nora`, `${issuer} nora`], 'asked for each request');
  clock.advance(1);
  moments.set(`${issuer} nora`, now());
  assert.equal(await read(old), 401);
  assert.equal(await read(await token()), 200, 'a token from then on counts');
  assert.equal(await read(await token({ iat: now() - 1 })), 401);
});

test('R-161[guard] a token from the same second as the change is refused', async () => {
  const { token, read, moments, now } = await startWith(0);
  moments.set(`${issuer} nora`, now() + 0.4);
  assert.equal(await read(await token()), 401);
});

test('R-161[guard] the moment of one subject ends no tokens of another, nor of another issuer', async () => {
  const { token, read, moments, now } = await startWith(0);
  moments.set(`${issuer} theo`, now() + 100);
  moments.set('https://other.example nora', now() + 100);
  assert.equal(await read(await token()), 200);
});

test('R-161[guard] R-171 a change counts after the stated staleness at the latest', async () => {
  const { token, read, moments, clock, now, asked } = await startWith(30);
  const old = await token();
  assert.equal(await read(old), 200);
  moments.set(`${issuer} nora`, now() + 0.5);
  clock.advance(29);
  assert.equal(await read(old), 200);
  assert.equal(asked.length, 1);
  clock.advance(1);
  assert.equal(await read(old), 401);
  assert.equal(asked.length, 2);
});

test('R-161[guard] R-170 a moment that cannot be had, or is no number, denies', async () => {
  const odd: readonly (readonly [SubjectNotBefore['find'], number])[] = [
    [() => Number.NaN, 401],
    [() => null as never, 401],
    [() => 'never' as never, 401],
    [() => ({}) as never, 401],
    [() => Promise.reject(new Error('a secret detail')), 500],
  ];
  for (const [find, expected] of odd) {
    const { token, read } = await startWith(0, find);
    assert.equal(await read(await token()), expected);
  }
});
