/** Every way in that must stay closed: the tokens of the corpus, tokens of other kinds, and tokens in other places. */
import { adapt, type TokenShape } from './adapt.ts';
import { type Corpus, readCorpus, type TokenCase } from './corpus.ts';
import { derive } from './derive.ts';
import { type Blank, forge } from './forge.ts';
import type { KeyPair } from './signatures.ts';
import type { SentRequest } from './target.ts';

/** One attempt, or why it cannot be made. */
export interface Attack {
  /** What is attacked, in words. */
  readonly group: string;
  readonly name: string;
  readonly credentials: Credentials | undefined;
  readonly skipped: string | undefined;
}

/** What a request carries to say who calls. */
export interface Credentials {
  readonly headers: SentRequest['headers'];
  /** Added to the query. */
  readonly query?: string;
}

const groups: Readonly<Record<string, string>> = {
  'R-141': 'claims that must be there',
  'R-142': 'another algorithm than the pinned one',
  'R-143': 'no signature (alg none)',
  'R-144': 'the public key, or a guess, as a shared secret',
  'R-145': 'keys that the token brings along (jwk, jku, x5u, x5c)',
  'R-146': 'the key id (paths, queries, unknown, of another key)',
  'R-147': 'critical headers, compression, other serialisations',
  'R-148': 'another type of token',
  'R-149': 'the form: base64url, JSON, sizes',
  'R-150': 'times: expired, endless, not yet',
  'R-151': 'issuer, audience and subject of others',
  'R-152': 'signatures that are not whole',
  'S-27': 'other tokens: ID, refresh, logout, bound',
  'R-157': 'where the token is sent',
};

const year = 31_536_000;

/** Tokens of other kinds, and guesses at a secret, in the language of the corpus. */
const ownCases: readonly TokenCase[] = [
  {
    row: 'R-144',
    name: 'HS256 with the word "secret"',
    accepted: false,
    header: { alg: 'HS256' },
    signature: 'hmac secret',
  },
  { row: 'R-150', name: 'a token for a year', accepted: false, times: { iat: 0, exp: year } },
  { row: 'S-27', name: 'an ID token, for the client', accepted: false, claims: { aud: 'some-client', nonce: 'n' } },
  { row: 'S-27', name: 'an ID token that names the API', accepted: false, claims: { nonce: 'n', at_hash: 'aGFzaA' } },
  {
    row: 'S-27',
    name: 'a logout token',
    accepted: false,
    claims: { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } },
  },
  { row: 'S-27', name: 'a refresh token', accepted: false, form: 'rt_0123456789abcdef.1.0123456789abcdef' },
  {
    row: 'S-27',
    name: 'a token bound to a key, without its proof',
    accepted: false,
    claims: { cnf: { jkt: 'A'.repeat(43) } },
  },
  {
    row: 'S-27',
    name: 'a token bound to a certificate, without it',
    accepted: false,
    claims: { cnf: { 'x5t#S256': 'A'.repeat(43) } },
  },
];

const bearer = (token: string): Credentials => ({ headers: [['authorization', `Bearer ${token}`]] });

/** All attacks for one caller. The tokens are made once and sent to every route. */
export function attacksFor(shape: TokenShape, blank: Blank, corpus: Corpus = readCorpus()): readonly Attack[] {
  const cases = [...corpus.cases.filter(({ accepted }) => !accepted), ...ownCases];
  return [...cases.map((one) => tokenAttack(one, { corpus, shape, blank })), ...placeAttacks(goodToken(blank))];
}

/** What somebody can make of a token who has no key of its issuer. */
export function derivedAttacks(token: string, foreign: KeyPair, corpus: Corpus = readCorpus()): readonly Attack[] {
  const cases = [...corpus.cases.filter(({ accepted }) => !accepted), ...ownCases];
  const tokens = cases.map((one): Attack => {
    const attack = { group: groups[one.row] ?? one.row, name: one.name };
    const made = derive(one, token, foreign);
    if (typeof made === 'string') return { ...attack, credentials: bearer(made), skipped: undefined };
    return { ...attack, credentials: undefined, skipped: made.reason };
  });
  return [...tokens, ...placeAttacks(token)];
}

/** A token that has to be accepted: without it, a refusal proves nothing. */
export function goodToken(blank: Blank): string {
  return forge({ row: '', name: 'a good token', accepted: true }, blank);
}

interface Making {
  readonly corpus: Corpus;
  readonly shape: TokenShape;
  readonly blank: Blank;
}

function tokenAttack(one: TokenCase, { corpus, shape, blank }: Making): Attack {
  const { algorithm } = blank.keys.genuine;
  const fits = one.algorithms === undefined || one.algorithms.includes(algorithm);
  const made = fits
    ? adapt(one, corpus, shape)
    : `only for ${one.algorithms?.join(' and ')}; this issuer signs ${algorithm}`;
  const attack = { group: groups[one.row] ?? one.row, name: one.name };
  if (typeof made === 'string') return { ...attack, credentials: undefined, skipped: made };
  return { ...attack, credentials: bearer(forge(made, blank)), skipped: undefined };
}

/** A good token where none is looked for, or beside another one. */
function placeAttacks(token: string): readonly Attack[] {
  const places: readonly (readonly [name: string, credentials: Credentials])[] = [
    ['no token', { headers: [] }],
    ['a good token in the query', { headers: [], query: `access_token=${token}` }],
    ['a good token in a cookie', { headers: [['cookie', `access_token=${token}`]] }],
    ['a good token in X-Access-Token', { headers: [['x-access-token', token]] }],
    ['a good token without a scheme', { headers: [['authorization', token]] }],
    ['a good token as Basic', { headers: [['authorization', `Basic ${token}`]] }],
    [
      'two Authorization headers',
      {
        headers: [
          ['authorization', 'Bearer nonsense'],
          ['authorization', `Bearer ${token}`],
        ],
      },
    ],
    ['two tokens in one header', { headers: [['authorization', `Bearer nonsense, Bearer ${token}`]] }],
  ];
  const group = groups['R-157'] as string;
  return places.map(([name, credentials]) => ({ group, name, credentials, skipped: undefined }));
}
