import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Refusal } from '../oauth/refusal.ts';
import { peekBearer, readBearer } from './bearer.ts';
import { bearerChallenge } from './challenge.ts';

const read = (...authorization: string[]) => readBearer({ authorization });
const hasReason = (reason: string) => (error: unknown) => error instanceof Refusal && error.reason === reason;

test('R-157[protocol] one header with one token is read, whatever the letter case of the scheme', () => {
  assert.equal(read('Bearer abc.def-_~+/=='), 'abc.def-_~+/==');
  assert.equal(read('bearer a'), 'a');
  assert.equal(read('BEARER  a'), 'a');
});

test('R-157[protocol] without the header, or with another scheme, credentials are missing', () => {
  assert.throws(() => readBearer({}), hasReason('credentials_missing'));
  for (const value of ['', 'Basic YTpi', 'DPoP abc', 'Bearerabc', 'token abc', 'abc']) {
    assert.throws(() => read(value), hasReason('credentials_missing'), value);
  }
});

test('R-157[protocol] anything that could be two tokens, or none, is refused', () => {
  assert.throws(() => read('Bearer a', 'Bearer b'), hasReason('credentials_malformed'));
  assert.throws(() => read('Bearer a', 'Basic YTpi'), hasReason('credentials_malformed'));
  for (const value of [
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer a, Bearer b',
    'Bearer a,b',
    'Bearer "a"',
    'Bearer a\n',
    'Bearer a=b',
    'Bearer \ta',
    'Bearer ä',
    `Bearer ${'a'.repeat(20_000)}`,
  ]) {
    assert.throws(() => read(value), hasReason('credentials_malformed'), JSON.stringify(value));
  }
});

test('R-157[protocol] what is peeked at is what would be read, and nothing when two could be', () => {
  assert.equal(peekBearer({ authorization: ['Bearer abc'] }), 'abc');
  assert.equal(peekBearer({}), undefined);
  for (const authorization of [['Bearer abc', 'Bearer abc'], ['Basic abc'], ['bearer abc'], ['Bearerabc'], []]) {
    assert.equal(peekBearer({ authorization }), undefined, authorization.join());
  }
  const texts = fc.stringMatching(/^[Bb]earer {1,2}[a-c.=, ]{1,6}$/);
  fc.assert(
    fc.property(texts, (value) => {
      let token: string | undefined;
      try {
        token = read(value);
      } catch {
        return;
      }
      const peeked = peekBearer({ authorization: [value] });
      assert.ok(peeked === undefined || peeked.trim() === token);
    }),
  );
});

test('R-157[protocol] no refusal quotes what was sent', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 8 }), (secret) => {
      try {
        read(`Bearer ${secret}\u0000`);
        assert.fail('accepted');
      } catch (error) {
        assert.ok(error instanceof Refusal);
        assert.ok(!JSON.stringify([error.message, error.context]).includes(secret));
      }
    }),
  );
});

test('R-157[protocol] a challenge says what is needed, and nothing can break out of its quotes', () => {
  assert.equal(bearerChallenge({}), 'Bearer');
  assert.equal(
    bearerChallenge({
      error: 'insufficient_scope',
      scope: 'invoices:read invoices:write',
      resourceMetadata: 'https://api.example/.well-known/oauth-protected-resource',
    }),
    'Bearer error="insufficient_scope", scope="invoices:read invoices:write", resource_metadata="https://api.example/.well-known/oauth-protected-resource"',
  );
  assert.throws(() => bearerChallenge({ scope: 'a", error="x' }), TypeError);
  assert.throws(() => bearerChallenge({ description: 'a\r\nSet-Cookie: b=c' }), TypeError);
  assert.throws(() => bearerChallenge({ resourceMetadata: 'https://a.example/"' }), TypeError);
});
