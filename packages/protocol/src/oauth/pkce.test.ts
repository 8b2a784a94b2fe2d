import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { challengeOf, isCodeChallenge, isCodeVerifier, verifierFits } from './pkce.ts';

const path = new URL('../../../../vectors/pkce.json', import.meta.url);
const { cases }: { cases: { name: string; verifier: string; challenge: string; fits: boolean }[] } = JSON.parse(
  readFileSync(path, 'utf8'),
);

for (const { name, verifier, challenge, fits } of cases) {
  test(`R-003[protocol] the verifier ${fits ? 'fits' : 'does not fit'}: ${name}`, () => {
    assert.equal(verifierFits(verifier, challenge), fits);
  });
}

const verifiers = fc.string({
  unit: fc.constantFrom(...'ABCXYZabcxyz0189-._~'),
  minLength: 43,
  maxLength: 128,
});

test('R-003[protocol] every verifier fits its own challenge and no other', () => {
  fc.assert(
    fc.property(verifiers, verifiers, (verifier, other) => {
      const challenge = challengeOf(verifier);
      assert.ok(isCodeVerifier(verifier) && isCodeChallenge(challenge));
      assert.equal(verifierFits(verifier, challenge), true);
      assert.equal(verifierFits(other, challenge), other === verifier);
    }),
  );
});

test('R-003[protocol] text of any other syntax is refused without throwing', () => {
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => assert.equal(verifierFits(a, b), false)));
  assert.equal(isCodeVerifier(`${'a'.repeat(43)}\n`), false);
  assert.equal(isCodeChallenge(`E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\n`), false);
  assert.throws(() => challengeOf('short'), TypeError);
});
