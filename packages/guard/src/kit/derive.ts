/** Makes a token of the corpus out of a genuine one, without a key of its issuer. */
import type { Members, TokenCase } from './corpus.ts';
import { forgeries, type KeyPair } from './signatures.ts';

/** Signatures that are made without a key of the issuer. */
const keyless = [
  'genuine',
  'empty',
  'zero',
  'one byte short',
  'one byte more',
  'one bit off',
  'twice',
  'other key',
  'hmac nothing',
  'hmac secret',
];

/** The token, or why it cannot be made. */
export function derive(one: TokenCase, token: string, foreign: KeyPair): string | { readonly reason: string } {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const changesClaims = [one.claims, one.times, one.removeClaims, one.claimsText, one.bits].some(
    (change) => change !== undefined,
  );
  if (/^ |[ \n]$/.test(one.form ?? '')) return { reason: 'white space around a token is no part of it in a header' };
  if (changesClaims) return { reason: 'needs a key of the issuer' };
  const name = one.signature ?? 'genuine';
  const forgery = forgeries[name];
  if (forgery === undefined || !keyless.includes(name)) return { reason: 'needs a key of the issuer' };
  const written = headerFor(one, header, foreign);
  if (written === undefined) return { reason: 'needs a key of the issuer' };
  const genuine = Buffer.from(signature, 'base64url');
  // Nothing on the list looks at the issuer's key, which nobody has here.
  const bytes = forgery({ genuine: foreign, foreign }, `${written}.${payload}`, genuine);
  return (one.form ?? '$header.$payload.$signature')
    .replaceAll('$signature-in-base64', bytes.toString('base64'))
    .replaceAll('$header', written)
    .replaceAll('$payload', payload)
    .replaceAll('$signature', bytes.toString('base64url'));
}

/** Rows in which a verifier that falls for it does not look at the genuine signature any more. */
const rowsWithoutVerification = ['R-143', 'R-144', 'R-145'];

function headerFor(one: TokenCase, header: string, { publicJwk }: KeyPair): string | undefined {
  if (one.header === undefined && one.removeHeader === undefined && one.headerText === undefined) {
    return one.signature === 'other key' ? rewritten(header, { alg: 'ES256' }) : header;
  }
  const isForged = one.signature !== undefined && one.signature !== 'genuine';
  if (one.headerText !== undefined || (!isForged && !rowsWithoutVerification.includes(one.row))) return undefined;
  const words = Object.values(one.header ?? {}).filter((value) => typeof value === 'string' && value.startsWith('$'));
  if (words.some((word) => word !== '$other-key')) return undefined;
  const members = Object.fromEntries(
    Object.entries(one.header ?? {}).map(([name, value]) => [name, value === '$other-key' ? publicJwk : value]),
  );
  const algorithm = one.signature === 'other key' ? { alg: 'ES256' } : {};
  return rewritten(header, { ...algorithm, ...members }, one.removeHeader);
}

function rewritten(header: string, members: Members, removed: readonly string[] = []): string {
  const genuine = JSON.parse(Buffer.from(header, 'base64url').toString()) as Members;
  const all = Object.entries({ ...genuine, ...members }).filter(([name]) => !removed.includes(name));
  return Buffer.from(JSON.stringify(Object.fromEntries(all))).toString('base64url');
}
