import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../oauth/refusal.ts';
import { createClaimsCheck } from './jwt-claims.ts';
import type { ClaimRules } from './jwt-rules.ts';

const now = 1_700_000_000;
const rules: ClaimRules = {
  issuer: 'https://login.example',
  audience: 'https://api.example',
  now: () => now * 1000,
  maxLifetime: 900,
};
const claims = { iss: rules.issuer, aud: rules.audience, iat: now, exp: now + 300, client_id: 'web', use: 'access' };
const refused = (error: unknown): boolean => error instanceof Refusal && error.reason === 'token_invalid';
const unnamed = { ...rules, audience: null, requiredValues: { client_id: ['web', 'app'], use: ['access'] } };

test('R-151[verifier] S-9 where no audience is written, other claims say for whom a token is, and none may be written', () => {
  const { aud: _, ...open } = claims;
  const check = createClaimsCheck(unnamed);
  assert.equal(check(open).iss, rules.issuer);
  const bad = [
    claims,
    { ...open, aud: [] },
    { ...open, client_id: 'evil' },
    { ...open, client_id: ['web'] },
    { ...open, client_id: undefined },
    { ...open, use: 'id' },
    { ...open, iss: 'https://evil.example' },
  ];
  for (const one of bad) assert.throws(() => check(one), refused, JSON.stringify(one));
  assert.throws(() => createClaimsCheck(rules)(open), refused, 'an audience is asked for by default');
});

test('R-150[verifier] R-061 a signed answer is as old as its iat says, and needs no exp', () => {
  const { exp: _, ...answer } = claims;
  const check = createClaimsCheck({ ...rules, maxAge: 60 });
  check(answer);
  check({ ...answer, iat: now - 60 });
  for (const iat of [now - 71, now + 11, undefined, 'now', Number.NaN]) {
    assert.throws(() => check({ ...answer, iat }), refused, String(iat));
  }
  assert.throws(() => check({ ...answer, exp: now - 11, iat: now - 50 }), refused, 'an exp counts as well');
  const endless = (error: unknown): boolean => error instanceof Refusal && error.context.detail === 'exp is missing';
  assert.throws(() => createClaimsCheck(rules)(answer), endless, 'a token needs exp');
});

test('R-155[verifier] R-141 rules that would let any token pass are refused', () => {
  const weak: readonly object[] = [
    { audience: undefined },
    { audience: null },
    { audience: null, requiredValues: {} },
    { requiredValues: { client_id: [] } },
    { requiredValues: { client_id: 'web' } },
    { requiredValues: { client_id: [''] } },
    { requiredValues: { client_id: [/.*/] } },
    { requiredValues: [['web']] },
    { maxAge: Number.POSITIVE_INFINITY },
    { maxAge: -1 },
    { maxAge: 3601 },
  ];
  for (const part of weak) {
    assert.throws(() => createClaimsCheck({ ...rules, ...part } as ClaimRules), TypeError, JSON.stringify(part));
  }
});
