/** The pitfalls of tokens, one test each, as an attacker meets them at an API: by requests to a guard. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { generateSigningKey, publicJwkOf, type SigningKey, signatureAlgorithms, signJwt } from '@castellan/protocol';
import { GuardConfigError } from './config.ts';
import { type Corpus, readCorpus, type TokenCase } from './kit/corpus.ts';
import { type Blank, forge } from './kit/forge.ts';
import { api, issuer, type NotesApi, startNotes } from './testing/notes.ts';

const corpus: Corpus = readCorpus();
const [foreign, other] = await Promise.all([generateSigningKey('ES256'), generateSigningKey('EdDSA')]);

/** What hostile tokens for this API are made of: its issuer's key, and one that nobody trusts. */
async function blankOf({ key, clock }: NotesApi): Promise<Blank> {
  return {
    typ: 'at+jwt',
    claims: { iss: issuer, aud: api, sub: 'nora', client_id: 'web', jti: 'j', scope: 'notes:read' },
    times: { iat: -10, exp: 200 },
    now: Math.floor(clock.now() / 1000),
    keys: {
      genuine: { ...key, publicJwk: await publicJwkOf(key.privateKey, 'ES256') },
      foreign: { algorithm: 'ES256', ...foreign },
    },
    otherKid: other.publicJwk.kid,
  };
}

async function statusOf(notes: NotesApi, token: string): Promise<number> {
  notes.clock.advance(1);
  return (await notes.send('GET', '/notes/1', { token })).status;
}

const hostile = (row: string): readonly TokenCase[] =>
  corpus.cases.filter((one) => one.row === row && !one.accepted && one.algorithms?.includes('ES256') !== false);

test('R-144[verifier] S-40[verifier] neither the public key nor a guessed word is a shared secret, even if the set holds one', async () => {
  const notes = await startNotes();
  const blank = await blankOf(notes);
  const secret = 'changeme1234';
  const oct = { kty: 'oct', k: Buffer.from(secret).toString('base64url'), alg: 'HS256', kid: 'weak' };
  assert.equal(await statusOf(notes, await notes.token()), 200);
  for (const one of hostile('R-144')) assert.equal(await statusOf(notes, forge(one, blank)), 401, one.name);
  const leaking = await startNotes();
  leaking.publish([oct, blank.keys.genuine.publicJwk]);
  const [, payload = ''] = forge({ row: '', name: '', accepted: true }, blank).split('.');
  for (const word of [secret, 'secret', 'password', '']) {
    for (const kid of ['weak', notes.key.kid]) {
      const header = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'at+jwt', kid })).toString('base64url');
      const signature = createHmac('sha256', word).update(`${header}.${payload}`).digest('base64url');
      const token = `${header}.${payload}.${signature}`;
      assert.equal(await statusOf(notes, token), 401, `${word} as ${kid}`);
      // A set that publishes a secret is not used at all.
      assert.ok([401, 503].includes(await statusOf(leaking, token)), `${word} as ${kid}, published`);
    }
  }
});

test('R-145[verifier] keys that a token brings or points to are not used, and nobody is asked for them', async () => {
  const notes = await startNotes();
  const blank = await blankOf(notes);
  let asked = 0;
  for (const url of ['https://evil.example/jwks', 'https://login.example/jwks']) {
    notes.serveAt(url, () => {
      asked += 1;
      return Response.json({ keys: [foreign.publicJwk] });
    });
  }
  const pointing: readonly TokenCase[] = ['jku', 'x5u'].flatMap((name) =>
    ['https://evil.example/jwks', 'http://169.254.169.254/', 'file:///etc/passwd'].map((url) => ({
      row: 'R-145',
      name: `${name} ${url}`,
      accepted: false,
      header: { [name]: url, kid: foreign.publicJwk.kid },
      signature: 'other key',
    })),
  );
  for (const one of [...hostile('R-145'), ...pointing])
    assert.equal(await statusOf(notes, forge(one, blank)), 401, one.name);
  assert.equal(asked, 0);
  assert.equal(await statusOf(notes, forge({ row: '', name: '', accepted: true }, blank)), 200);
});

test('R-101[verifier] R-153[verifier] a successor verifies once it is announced, and a key that left the set verifies nothing, remembered or not', async () => {
  const notes = await startNotes();
  const own = await publicJwkOf(notes.key.privateKey, 'ES256');
  const next = await generateSigningKey('ES256');
  const successor: SigningKey = { kid: next.publicJwk.kid, algorithm: 'ES256', privateKey: next.privateKey };
  const tokenOf = (key: SigningKey): Promise<string> => {
    const now = Math.floor(notes.clock.now() / 1000);
    const who = { iss: issuer, aud: api, sub: 'nora', client_id: 'web', jti: 'j', scope: 'notes:read' };
    return signJwt(key, 'at+jwt', { ...who, iat: now, exp: now + 300 });
  };
  assert.equal(await statusOf(notes, await tokenOf(notes.key)), 200);
  assert.equal(await statusOf(notes, await tokenOf(successor)), 401, 'an unannounced key is nobody’s');
  notes.publish([own, next.publicJwk]);
  notes.clock.advance(30);
  for (const key of [successor, notes.key])
    assert.equal(await statusOf(notes, await tokenOf(key)), 200, 'both are published');
  notes.clock.advance(200);
  const remembered = await tokenOf(notes.key);
  assert.equal(await statusOf(notes, remembered), 200);
  // Emergency removal: it counts when the set has aged, and the token would live on for minutes.
  notes.publish([next.publicJwk]);
  notes.clock.advance(100);
  assert.equal(await statusOf(notes, remembered), 401, 'nothing that was remembered');
  assert.equal(await statusOf(notes, await tokenOf(notes.key)), 401, 'and nothing new of the removed key');
  assert.equal(await statusOf(notes, await tokenOf(successor)), 200);
});

test('S-41[verifier] an issuer can only be trusted for asymmetric signatures', async () => {
  const withAlgorithms = (algorithms: readonly string[]): Promise<NotesApi> =>
    startNotes(({ issuers }) => ({ issuers: issuers.map((one) => ({ ...one, algorithms })) }));
  for (const algorithm of signatureAlgorithms) await withAlgorithms([algorithm]);
  for (const algorithm of ['HS256', 'HS384', 'HS512', 'none', 'dir', 'A128KW', 'RS1']) {
    await assert.rejects(withAlgorithms([algorithm]), GuardConfigError, algorithm);
    await assert.rejects(withAlgorithms(['ES256', algorithm]), GuardConfigError, `${algorithm} as well`);
  }
});

test('S-42[verifier] no token lives for ever: not without an end, not for a year, and no API can be told to let it', async () => {
  const notes = await startNotes();
  const blank = await blankOf(notes);
  const endless: readonly TokenCase[] = [
    ...hostile('R-150'),
    { row: 'S-42', name: 'a year', accepted: false, times: { iat: 0, exp: 31_536_000 } },
    { row: 'S-42', name: 'one second over', accepted: false, times: { iat: 0, exp: 301 } },
  ];
  for (const one of endless)
    assert.equal(
      await statusOf(notes, forge(one, { ...blank, now: Math.floor(notes.clock.now() / 1000) + 1 })),
      401,
      one.name,
    );
  for (const maxLifetime of [Number.POSITIVE_INFINITY, 0, 10 * 366 * 86_400, Number.NaN]) {
    const started = startNotes(({ issuers }) => ({ issuers: issuers.map((one) => ({ ...one, maxLifetime })) }));
    await assert.rejects(started, GuardConfigError, String(maxLifetime));
  }
});

test('S-32[verifier] S-46[verifier] a token for one API opens no other, though both trust the issuer, and though one remembers it', async () => {
  const billing = 'https://billing.example';
  const notes = await startNotes();
  const other = await startNotes(({ issuers }) => ({
    resource: billing,
    issuers: issuers.map((one) => ({ ...one, audience: billing })),
  }));
  const [own, theirs] = [await notes.token(), await notes.token({ aud: billing })];
  for (let times = 0; times < 2; times += 1) {
    assert.deepEqual([await statusOf(notes, own), await statusOf(other, own)], [200, 401]);
    assert.deepEqual([await statusOf(notes, theirs), await statusOf(other, theirs)], [401, 200]);
  }
  for (const aud of [issuer, 'web', `${api}/`, [billing, issuer], `${api} ${billing}`]) {
    assert.equal(await statusOf(notes, await notes.token({ aud })), 401, String(aud));
  }
});
