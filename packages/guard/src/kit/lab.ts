/**
 * The issuer that a test plays: keys of its own, the documents by which a guard finds them, and tokens.
 *
 * INVARIANT: the keys are made anew for each run and stay in this process, so no token made here opens anything else.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  generateSigningKey,
  type Runtime,
  type SignatureAlgorithm,
  systemRuntime,
  wellKnownPaths,
} from '@castellan/protocol';
import { tokensWithoutAudience, untypedTokens } from '../insecure.ts';
import { type JwtIssuer, namesOf } from '../issuer.ts';
import type { TokenShape } from './adapt.ts';
import type { Members } from './corpus.ts';
import type { Blank } from './forge.ts';
import { type KeyPair, otherAlgorithms } from './signatures.ts';

/** What the API under test is started with. */
export interface Lab {
  /** For a guard: it knows the played issuer under the addresses of the real one, and its time is the test's. */
  readonly runtime: Runtime;
  /** For other verifiers: the key set of the played issuer, on this machine. */
  readonly jwksUri: string;
}

export interface OpenLab extends Lab {
  readonly shape: TokenShape;
  /** What tokens are forged from, for a caller with these claims. */
  readonly blankFor: (claims: Members) => Blank;
  /** The claims that say these scopes at this issuer. */
  readonly scopeClaims: (scopes: readonly string[]) => Members;
  /** Lets so many seconds pass for the guard's limits and caches; its tokens do not grow older. */
  readonly pass: (seconds: number) => void;
  readonly close: () => Promise<void>;
}

/** Makes keys and documents for an issuer as a guard is told of it. */
export async function openLab(issuer: JwtIssuer): Promise<OpenLab> {
  const algorithm = issuer.algorithms[0] as SignatureAlgorithm;
  const [genuine, foreign, other] = await Promise.all([
    makePair(algorithm),
    makePair(algorithm),
    makePair(otherAlgorithms[algorithm]),
  ]);
  const jwks = { keys: [genuine.publicJwk, other.publicJwk] };
  const server = await serveKeys(jwks);
  const jwksUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  const now = systemRuntime.now();
  const shape = shapeOf(issuer);
  let passed = 0;
  return {
    shape,
    jwksUri,
    runtime: { ...systemRuntime, now: () => now, monotonic: () => passed * 1000, fetch: playedFetch(issuer, jwks) },
    scopeClaims: (scopes) => scopeClaims(scopes, issuer),
    pass: (seconds) => {
      passed += seconds;
    },
    blankFor: (claims) => ({
      typ: shape.typ,
      claims: { ...usualClaims(issuer, shape), ...claims },
      times: { iat: -10, exp: Math.min(290, shape.maxLifetime - 60) },
      now: Math.floor(now / 1000),
      keys: { genuine, foreign },
      otherKid: other.publicJwk.kid,
    }),
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function makePair(algorithm: SignatureAlgorithm): Promise<KeyPair> {
  return { algorithm, ...(await generateSigningKey(algorithm)) };
}

async function serveKeys(jwks: object): Promise<Server> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(jwks));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** The documents of the issuer are answered here; everything else goes where it is addressed. */
function playedFetch(issuer: JwtIssuer, jwks: object): Runtime['fetch'] {
  const jwksUri = issuer.jwksUri ?? `${issuer.issuer.replace(/\/$/, '')}/played-jwks`;
  const metadata = { issuer: issuer.issuer, jwks_uri: jwksUri };
  const documents = new Map<string, object>([[jwksUri, jwks]]);
  if (issuer.discovery !== undefined) {
    for (const path of wellKnownPaths(issuer.issuer)[issuer.discovery]) {
      documents.set(new URL(path, issuer.issuer).href, metadata);
    }
  }
  return async (url, init) => {
    const document = documents.get(String(url));
    return document === undefined ? systemRuntime.fetch(url, init) : Response.json(document);
  };
}

function shapeOf(issuer: JwtIssuer): TokenShape {
  const { subject, client } = namesOf(issuer);
  const typ = issuer.typ === untypedTokens ? undefined : issuer.typ;
  const follows = typ !== undefined && /^(?:application\/)?at\+jwt$/i.test(typ);
  return {
    issuer: issuer.issuer,
    audience: issuer.audience === tokensWithoutAudience ? undefined : issuer.audience,
    typ,
    subjectClaim: subject,
    clientClaim: client,
    required: [
      subject,
      ...(follows ? [client, 'jti'] : []),
      ...(issuer.clients === undefined ? [] : [client]),
      ...Object.keys(issuer.require ?? {}),
    ],
    clockTolerance: issuer.clockTolerance ?? 10,
    maxLifetime: issuer.maxLifetime ?? 900,
  };
}

/** What the rules ask of every token; who calls comes with the caller. */
function usualClaims(issuer: JwtIssuer, shape: TokenShape): Members {
  const required = Object.entries(issuer.require ?? {}).map(([name, values]) => [name, [values].flat()[0]]);
  return {
    iss: shape.issuer,
    ...(shape.audience === undefined ? {} : { aud: shape.audience }),
    [shape.subjectClaim]: 'somebody',
    [shape.clientClaim]: issuer.clients?.[0] ?? 'some-client',
    jti: 'token-1',
    ...Object.fromEntries(required),
  };
}

function scopeClaims(scopes: readonly string[], issuer: JwtIssuer): Members {
  const names = namesOf(issuer);
  const path = [names.scopes].flat();
  const text = scopes.map((scope) => names.scopePrefix + scope).join(' ');
  return path.reduceRight<unknown>((value, name) => ({ [name]: value }), text) as Members;
}
