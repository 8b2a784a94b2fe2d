/** Every token of `vectors/tokens.json`, made for each algorithm and put to one strict verifier. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readCorpus, type TokenCase } from '../../../guard/src/kit/corpus.ts';
import { forge } from '../../../guard/src/kit/forge.ts';
import { type KeyPair, otherAlgorithms } from '../../../guard/src/kit/signatures.ts';
import { Refusal } from '../oauth/refusal.ts';
import type { SignatureAlgorithm } from './algorithms.ts';
import { parseCompact } from './jws.ts';
import { createJwtVerifier } from './jwt.ts';
import { localKeySource } from './key-source.ts';
import { generateSigningKey } from './signing-key.ts';

const corpus = readCorpus();
const now = 1_700_000_000;
const algorithms = Object.keys(otherAlgorithms) as SignatureAlgorithm[];

const makePairs = async (): Promise<Map<SignatureAlgorithm, KeyPair>> => {
  const pairs = algorithms.map(async (algorithm) => ({ algorithm, ...(await generateSigningKey(algorithm)) }));
  return new Map((await Promise.all(pairs)).map((pair) => [pair.algorithm, pair]));
};
const [genuine, foreign] = await Promise.all([makePairs(), makePairs()]);
const pairOf = (pairs: Map<SignatureAlgorithm, KeyPair>, algorithm: SignatureAlgorithm): KeyPair => {
  const pair = pairs.get(algorithm);
  assert.ok(pair);
  return pair;
};

// All algorithms are allowed and all keys are in the set: the most that a confusion could use.
const verifier = createJwtVerifier({
  ...corpus.rules,
  algorithms,
  keys: localKeySource({ keys: [...genuine.values()].map((pair) => pair.publicJwk) }),
  now: () => now * 1000,
});

const make = (mutation: TokenCase, algorithm: SignatureAlgorithm): string =>
  forge(mutation, {
    typ: corpus.rules.typ,
    ...corpus.valid,
    now,
    keys: { genuine: pairOf(genuine, algorithm), foreign: pairOf(foreign, algorithm) },
    otherKid: pairOf(genuine, otherAlgorithms[algorithm]).publicJwk.kid,
  });

const refused = (token: string) => (error: unknown) => {
  assert.ok(error instanceof Refusal, String(error));
  assert.equal(error.reason, 'token_invalid');
  const told = JSON.stringify([error.message, error.context]);
  for (const segment of token.split('.')) assert.ok(segment.length < 12 || !told.includes(segment), 'quotes the token');
  return true;
};

/** What the strict form alone refuses, whatever the library behind it would do. */
const rowsOfForm = ['R-145', 'R-147', 'R-149'];

for (const algorithm of algorithms) {
  describe(algorithm, () => {
    for (const mutation of corpus.cases) {
      if (mutation.algorithms?.includes(algorithm) === false) continue;
      const verdict = mutation.accepted ? 'accepted' : 'refused';
      test(`${mutation.row}[verifier] ${verdict}: ${mutation.name}`, async () => {
        const token = make(mutation, algorithm);
        if (mutation.accepted) assert.equal((await verifier.verify(token)).claims.iss, corpus.rules.issuer);
        else await assert.rejects(verifier.verify(token), refused(token));
        if (!mutation.accepted && rowsOfForm.includes(mutation.row)) assert.throws(() => parseCompact(token), Refusal);
      });
    }
  });
}
