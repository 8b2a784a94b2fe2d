import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passwordProblem } from './password-rules.ts';

test('R-117[login] fifteen characters are enough, whatever they are', () => {
  for (const password of ['aaaaaaaaaaaaaaa', '               ', '🔑'.repeat(15), 'ünïcödé-wörter!']) {
    assert.equal(passwordProblem(password), undefined, password);
  }
});

test('R-117[login] fourteen characters are not, also when they take more bytes', () => {
  for (const password of ['a'.repeat(14), '🔑'.repeat(14), 'e\u0301'.repeat(14)]) {
    assert.match(passwordProblem(password) ?? '', /shorter than 15/);
  }
});

test('R-117[login] a passphrase of 64 and of 256 characters is accepted, a longer one is refused and never cut', () => {
  assert.equal(passwordProblem('a'.repeat(64)), undefined);
  assert.equal(passwordProblem('🔑'.repeat(256)), undefined);
  assert.match(passwordProblem('a'.repeat(257)) ?? '', /longer than 256/);
  assert.match(passwordProblem('a'.repeat(100_000)) ?? '', /longer than 256/);
});

test('R-117[login] text that is not Unicode is refused, since it could not be told from other such text', () => {
  assert.match(passwordProblem('\ud800'.repeat(20)) ?? '', /Unicode/);
});
