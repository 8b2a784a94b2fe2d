/** P-12 and P-13: one token again and again, and tokens that were not seen before. */
import { createHmac, createPublicKey, verify } from 'node:crypto';
import { createJwtVerifier, generateSigningKey, localKeySource, signJwt, systemRuntime } from '@castellan/protocol';
import { type Contestant, type Line, linesOf, measure, optional, timeOfLane } from './lanes.ts';

const issuer = 'https://login.example';
const audience = 'https://api.example';

const { privateKey, publicJwk } = await generateSigningKey('ES256');
const publicKey = createPublicKey(privateKey);
const pem = publicKey.export({ format: 'pem', type: 'spki' }) as string;
const jwks = { keys: [publicJwk] };

async function tokens(count: number): Promise<readonly string[]> {
  const signer = { kid: publicJwk.kid, algorithm: 'ES256' as const, privateKey };
  const now = Math.floor(systemRuntime.now() / 1000);
  const claims = { iss: issuer, aud: audience, client_id: 'web', scope: 'invoices:read', iat: now, exp: now + 800 };
  const status = { status_list: { idx: 1, uri: `${issuer}/status/1` } };
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      signJwt(signer, 'at+jwt', { ...claims, status, sub: `person-${index}`, jti: `token-${index}` }),
    ),
  );
}

type ReadAccess = (request: { readonly headers: object }, permitUnknown: boolean) => Promise<unknown>;

/** An inner part of the guard: what a request costs up to who calls, and nothing after. */
const inner = new URL('../../packages/guard/src/verify-token.ts', import.meta.url).href;
const { createReadAccess } = (await import(inner)) as {
  readonly createReadAccess: (rules: object, runtime: object) => ReadAccess;
};

/** The guard's own way from header to access, with the status list asked each time. */
function guardReader(): (token: string) => Promise<unknown> {
  const read = createReadAccess(
    {
      issuers: [
        {
          issuer,
          audience,
          algorithms: ['ES256'],
          typ: 'at+jwt',
          jwksUri: `${issuer}/jwks`,
          revocation: { staleness: 10, isRevoked: () => false },
        },
      ],
    },
    { ...systemRuntime, fetch: async () => Response.json(jwks) },
  );
  return (token) => read({ headers: { authorization: [`Bearer ${token}`] } }, false);
}

/** What `jose` does for a token, and no more: signature and claims. */
function verifierAlone(): Verify {
  const keys = localKeySource(jwks);
  const rules = {
    issuer,
    audience,
    algorithms: ['ES256'],
    typ: 'at+jwt',
    now: systemRuntime.now,
    maxLifetime: 900,
  } as const;
  return createJwtVerifier({ ...rules, keys, cacheCapacity: 10_000 }).verify;
}

interface Jose {
  readonly createLocalJWKSet: (set: object) => object;
  readonly jwtVerify: (token: string, keys: object, options: object) => Promise<unknown>;
}
interface FastJwt {
  readonly createVerifier: (options: object) => (token: string) => unknown;
}
interface JsonWebToken {
  readonly default: { readonly verify: (token: string, key: string, options: object) => unknown };
}
interface Bearer {
  readonly auth: (options: object) => (request: object, response: object, next: (error?: unknown) => void) => void;
}

type Verify = (token: string) => unknown;

/** Those that verify each time, and fast-jwt, which can remember. */
async function others(): Promise<Readonly<Record<string, Verify>>> {
  const all: Record<string, Verify> = {};
  const rules = { issuer, audience, algorithms: ['ES256'] };
  const jose = await optional<Jose>('jose');
  if (jose !== undefined) {
    const keys = jose.createLocalJWKSet(jwks);
    all['jose'] = (token) => jose.jwtVerify(token, keys, { ...rules, typ: 'at+jwt' });
  }
  const fast = await optional<FastJwt>('fast-jwt');
  if (fast !== undefined) {
    const usual = { key: pem, algorithms: ['ES256'], allowedIss: issuer, allowedAud: audience };
    all['fast-jwt'] = fast.createVerifier(usual);
    all['fast-jwt with its cache'] = fast.createVerifier({ ...usual, cache: 10_000 });
  }
  const classic = await optional<JsonWebToken>('jsonwebtoken');
  if (classic !== undefined) all['jsonwebtoken'] = (token) => classic.default.verify(token, pem, rules);
  const bearer = await optional<Bearer>('express-oauth2-jwt-bearer');
  if (bearer !== undefined) all['express-oauth2-jwt-bearer'] = middleware(bearer);
  return all;
}

/** An Express middleware, called as Express would. It takes only a secret or an address; the secret is quicker. */
function middleware({ auth }: Bearer): Verify {
  const secret = 'a'.repeat(64);
  const handle = auth({ issuer, audience, secret, tokenSigningAlg: 'HS256' });
  const now = Math.floor(systemRuntime.now() / 1000);
  const parts = [{ alg: 'HS256' }, { iss: issuer, aud: audience, sub: 'a', iat: now, exp: now + 800 }];
  const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const token = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
  const headers = { authorization: `Bearer ${token}`, host: 'api.example' };
  const request = {
    headers,
    method: 'GET',
    protocol: 'https',
    url: '/',
    originalUrl: '/',
    query: {},
    is: () => false,
    get: () => 'api.example',
  };
  return () =>
    new Promise<void>((resolve, reject) => {
      handle(request, {}, (error) => (error === undefined ? resolve() : reject(error as Error)));
    });
}

function lane(name: string, check: Verify, all: readonly string[]): Contestant {
  let next = 0;
  return {
    name,
    run: async (count) => {
      for (let index = 0; index < count; index += 1) {
        const result = check(all[next] as string);
        next = (next + 1) % all.length;
        if (result instanceof Promise) await result;
      }
    },
  };
}

/** How many requests a server is busy with at a time. */
const atOnce = 16;

/** As {@link lane}, as a server under load would: while one signature is checked, others are read. */
function busyLane(name: string, check: Verify, all: readonly string[]): Contestant {
  let next = 0;
  return {
    name,
    run: async (count) => {
      let left = count;
      const work = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          next = (next + 1) % all.length;
          await check(all[next] as string);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, work));
    },
  };
}

export async function section(): Promise<readonly Line[]> {
  // More than the cache of the guard holds, so that none is remembered when it comes again.
  const fresh = await tokens(11_000);
  const [seen = ''] = fresh;
  const remembered = new Map([[seen, {}]]);
  const bare: Verify = (token) => {
    const [header, payload, signature = ''] = token.split('.');
    const key = { key: publicKey, dsaEncoding: 'ieee-p1363' as const };
    return verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'));
  };
  const rivals = await others();
  const known = await measure([
    lane('a look into a Map', (token) => remembered.get(token), [seen]),
    lane('guard, seen before', guardReader(), [seen]),
    ...Object.entries(rivals).map(([name, check]) => lane(name, check, [seen])),
  ]);
  const verifiers = Object.entries({
    [ours]: verifierAlone(),
    'guard, new token: header to access, revocation': guardReader(),
    ...rivals,
  }).filter(([name]) => !/cache|bearer/.test(name));
  const anew = await measure([
    lane('crypto.verify alone', bare, fresh),
    ...verifiers.map(([name, check]) => lane(name, check, fresh)),
  ]);
  const busy = await measure([
    lane('crypto.verify alone', bare, fresh),
    ...verifiers.map(([name, check]) => busyLane(`${name}, ${atOnce} at once`, check, fresh)),
  ]);
  const hit = timeOfLane(known, 'guard, seen before');
  return [
    ...linesOf('P-12', known),
    {
      row: 'P-12',
      name: '→ seen before, with revocation',
      measured: `${hit.toFixed(0)} ns`,
      goal: '600 ns',
      met: hit <= 600,
    },
    ...linesOf('P-13', anew),
    // No goal: waking a thread for each token costs more than its signature, and differs from run to run by a tenth.
    levelLine('one at a time', timeOfLane(anew, ours) / timeOfLane(anew, 'jose')),
    ...linesOf('P-13', busy),
    {
      ...levelLine(
        `${atOnce} at once`,
        timeOfLane(busy, `${ours}, ${atOnce} at once`) / timeOfLane(busy, `jose, ${atOnce} at once`),
      ),
      goal: 'level (1.1 x)',
    },
  ];
}

const ours = 'guard, new token: signature and claims';

function levelLine(how: string, share: number): Line {
  return {
    row: 'P-13',
    name: `→ signature and claims against jose, ${how}`,
    measured: `${share.toFixed(2)} x`,
    met: share <= 1.1,
  };
}
