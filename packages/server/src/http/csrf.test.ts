import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '@castellan/protocol';
import { createFormTokens, type FormPurpose } from './csrf.ts';

const tokens = createFormTokens(Buffer.alloc(32, 1));
const bindings = ['browser', 'parked'];

function isRefused(purpose: FormPurpose, bound: readonly string[], sent: string | undefined): void {
  assert.throws(
    () => tokens.check(purpose, bound, sent),
    (error) => error instanceof Refusal && error.reason === 'csrf_rejected',
  );
}

test('R-205[login,consent,logout] a form token works for its purpose and bindings', () => {
  for (const purpose of ['login', 'consent', 'logout'] as const) {
    tokens.check(purpose, bindings, tokens.issue(purpose, bindings));
  }
});

test('R-205[login,consent,logout] R-013 it works for no other purpose, browser or request, and not under another key', () => {
  const good = tokens.issue('login', bindings);
  isRefused('consent', bindings, good);
  isRefused('login', ['other', 'parked'], good);
  isRefused('login', ['browser', 'other'], good);
  isRefused('login', ['browserparked', ''], good);
  isRefused('login', ['browser', 'parked', ''], good);
  isRefused('login', bindings, createFormTokens(Buffer.alloc(32, 2)).issue('login', bindings));
});

test('R-205[login,consent,logout] a missing, empty, cut or changed token is refused', () => {
  const good = tokens.issue('login', bindings);
  for (const sent of [undefined, '', good.slice(1), `${good}A`, good.toLowerCase(), `${good}\n`]) {
    isRefused('login', bindings, sent);
  }
});
