/**
 * For tests of the kit: an Express API that verifies tokens by hand, as APIs do that have no guard, and can be told to
 * forget one thing. It is what the kit must find; nobody should copy it.
 */
import { isUtf8 } from 'node:buffer';
import { createHmac, createPublicKey, verify } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { systemRuntime } from '@castellan/protocol';
import express, { type Request } from 'express';

/** What is forgotten. */
export type Flaw =
  | 'audience'
  | 'issuer'
  | 'expiry'
  | 'not before'
  | 'signature of none'
  | 'key as secret'
  | 'object rule'
  | 'object rule of a deletion'
  | 'token in the query'
  | 'lock';

export interface FlawedSetup {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUri: string;
  readonly flaw?: Flaw | undefined;
}

const invoices = [
  { id: 1, ownerId: 'nora', total: 120 },
  { id: 2, ownerId: 'theo', total: 80 },
];

type Members = Readonly<Record<string, unknown>>;

export function flawedApi(setup: FlawedSetup): RequestListener {
  const app = express();
  const stored = new Map(invoices.map((one) => [one.id, one]));
  let refused = 0;
  app.use((request, response, next) => {
    verified(tokenOf(request, setup), setup).then(
      (claims) => {
        refused += claims === undefined ? 1 : 0;
        // A lock of all callers, made for those who guess: it lets nobody in any more, and proves nothing.
        const isLocked = setup.flaw === 'lock' && refused > 3;
        if (claims === undefined || isLocked) return void response.status(401).end();
        response.locals['claims'] = claims;
        next();
      },
      () => response.status(401).end(),
    );
  });
  app.get('/invoices', (_, response) => {
    const { sub } = response.locals['claims'] as Members;
    response.json(invoices.filter(({ ownerId }) => ownerId === sub));
  });
  app.get('/invoices/:id', (request, response) => {
    const { sub } = response.locals['claims'] as Members;
    const found = invoices.find(({ id }) => id === Number(request.params['id']));
    const isOwn = setup.flaw === 'object rule' || found?.ownerId === sub;
    if (found === undefined || !isOwn) return void response.status(404).end();
    response.json(found);
  });
  app.delete('/invoices/:id', (request, response) => {
    const { sub } = response.locals['claims'] as Members;
    const found = stored.get(Number(request.params['id']));
    const isOwn = setup.flaw === 'object rule of a deletion' || found?.ownerId === sub;
    if (found === undefined || !isOwn) return void response.status(404).end();
    stored.delete(found.id);
    response.status(204).end();
  });
  return app;
}

function tokenOf(request: Request, { flaw }: FlawedSetup): string {
  const lines = request.headersDistinct['authorization'] ?? [];
  const [, token = ''] = /^Bearer ([^ ,]+)$/.exec(lines.join()) ?? [];
  return flaw === 'token in the query' && token === '' ? String(request.query['access_token'] ?? '') : token;
}

/** Strict but for the flaw; undefined when the token is refused. */
async function verified(token: string, { issuer, audience, jwksUri, flaw }: FlawedSetup): Promise<Members | undefined> {
  const [head = '', payload = '', signature = '', ...more] = token.split('.');
  const segments = [head, payload, signature];
  const isCanonical = segments.every((one) => Buffer.from(one, 'base64url').toString('base64url') === one);
  if (more.length > 0 || !isCanonical || token.length > 16_384) return undefined;
  const header = strictly(head);
  const claims = strictly(payload);
  if (header === undefined || claims === undefined) return undefined;
  const isNone = flaw === 'signature of none' && header['alg'] === 'none';
  if (!isNone) {
    const isShared = flaw === 'key as secret' && header['alg'] === 'HS256';
    const isPinned = header['alg'] === 'RS256' || isShared;
    if (Object.keys(header).sort().join() !== 'alg,kid,typ' || !isPinned || header['typ'] !== 'at+jwt')
      return undefined;
    const { keys } = (await (await systemRuntime.fetch(jwksUri)).json()) as {
      readonly keys: readonly Members[];
    };
    const key = keys.find(({ kid, alg }) => kid === header['kid'] && alg === 'RS256');
    if (key === undefined) return undefined;
    const publicKey = createPublicKey({ key, format: 'jwk' });
    const input = Buffer.from(`${head}.${payload}`);
    const written = publicKey.export({ format: 'pem', type: 'spki' });
    const isGenuine = isShared
      ? createHmac('sha256', written).update(input).digest('base64url') === signature
      : verify('sha256', input, publicKey, Buffer.from(signature, 'base64url'));
    if (!isGenuine) return undefined;
  }
  return areSound(claims, { issuer, audience, flaw }) ? claims : undefined;
}

function areSound(claims: Members, { issuer, audience, flaw }: Omit<FlawedSetup, 'jwksUri'>): boolean {
  const now = systemRuntime.now() / 1000;
  const {
    iss,
    aud,
    sub,
    exp,
    iat,
    nbf = 0,
    jti,
    client_id: client,
    cnf,
    at_hash: hash,
    events,
  } = claims as {
    readonly [name: string]: number;
  };
  const texts = [sub, jti, client].every((text) => typeof text === 'string' && text !== '');
  const moments = [exp, iat, nbf].every((moment) => Number.isFinite(moment));
  const isAudience = flaw === 'audience' || (aud as unknown) === audience;
  const isIssuer = flaw === 'issuer' ? String(iss).startsWith(issuer) : (iss as unknown) === issuer;
  if (!isIssuer || !isAudience || !texts || !moments) return false;
  if ([cnf, hash, events].some((claim) => claim !== undefined)) return false;
  if (exp === undefined || iat === undefined) return false;
  const lives = flaw === 'expiry' || (exp > now && exp - iat <= 900);
  return lives && iat <= now + 60 && (flaw === 'not before' || nbf <= now + 60) && exp >= iat;
}

/** Members of a JSON object that is written as JSON.stringify would: no member twice, no spaces, no odd texts. */
function strictly(segment: string): Members | undefined {
  const bytes = Buffer.from(segment, 'base64url');
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString();
  const value: unknown = JSON.parse(text);
  const isPlain = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isPlain && JSON.stringify(value) === text && !/__proto__|constructor|\[{20}|(?:"y":\{){9}/.test(text)
    ? (value as Members)
    : undefined;
}
