/**
 * The limit: a bare node:http server that does what must be done and nothing else. It parses the form, compares the
 * hash of the secret in constant time, signs with node:crypto and keeps its state in maps. It is no authorization
 * server: nothing is checked that a real one has to check.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { systemRuntime } from '@castellan/protocol';
import { answerUsage } from './answering.ts';

const { randomBytes } = systemRuntime;
const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const secretHash = digest(process.argv[3] ?? '');
const signing = promisify(sign) as (
  algorithm: string,
  data: Buffer,
  key: { readonly key: KeyObject; readonly dsaEncoding: 'ieee-p1363' },
) => Promise<Buffer>;
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const header = encode({ alg: 'ES256', typ: 'at+jwt', kid: 'one' });
const document = JSON.stringify({ issuer, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks` });
const keys = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256' }] });
const codes = new Map<string, string>();
const refreshTokens = new Set<string>();
const opaqueTokens = new Map<string, object>();

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

async function jwt(audience: string): Promise<string> {
  const now = Math.floor(systemRuntime.now() / 1000);
  const claims = { iss: issuer, aud: audience, sub: 'person', client_id: 'web', iat: now, exp: now + 300 };
  const input = `${header}.${encode({ ...claims, jti: randomBytes(16).toString('base64url'), scope: 'notes:read' })}`;
  const signature = await signing('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

function authenticated({ headers }: IncomingMessage): boolean {
  const text = Buffer.from((headers.authorization ?? '').slice(6), 'base64').toString();
  return timingSafeEqual(digest(text.slice(text.indexOf(':') + 1)), secretHash);
}

function newSecret(into: { readonly add: (text: string) => unknown }): string {
  const text = randomBytes(32).toString('base64url');
  into.add(digest(text).toString('base64url'));
  return text;
}

async function token(form: URLSearchParams): Promise<object> {
  const answer = { token_type: 'Bearer', expires_in: 300, scope: 'notes:read' };
  switch (form.get('grant_type')) {
    case 'client_credentials':
      return { ...answer, access_token: await jwt('https://notes.example') };
    case 'refresh_token': {
      if (!refreshTokens.delete(digest(form.get('refresh_token') ?? '').toString('base64url'))) throw new Error('used');
      const next = newSecret(refreshTokens);
      return { ...answer, access_token: await jwt('https://notes.example'), refresh_token: next };
    }
    default: {
      const code = digest(form.get('code') ?? '').toString('base64url');
      const challenge = digest(form.get('code_verifier') ?? '').toString('base64url');
      if (codes.get(code) !== challenge) throw new Error('unknown');
      codes.delete(code);
      const [accessToken, idToken] = await Promise.all([jwt('https://notes.example'), jwt('web')]);
      return { ...answer, access_token: accessToken, id_token: idToken, refresh_token: newSecret(refreshTokens) };
    }
  }
}

async function body(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

const server = createServer((request, response) => {
  const json = (status: number, text: string) => {
    const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) }).end(text);
  };
  const answer = async (): Promise<void> => {
    const [path = '', query] = (request.url ?? '').split('?');
    if (path === '/.well-known/openid-configuration') return json(200, document);
    if (path === '/jwks') return json(200, keys);
    if (path === '/authorize') {
      const asked = new URLSearchParams(query);
      const code = randomBytes(32).toString('base64url');
      codes.set(digest(code).toString('base64url'), asked.get('code_challenge') ?? '');
      const location = `${asked.get('redirect_uri')}?code=${code}&state=${asked.get('state')}`;
      return void response.writeHead(303, { location, 'content-length': 0 }).end();
    }
    const form = await body(request);
    if (!authenticated(request)) return json(401, '{}');
    if (path === '/introspect') {
      return json(200, JSON.stringify(opaqueTokens.get(digest(form.get('token') ?? '').toString('base64url'))));
    }
    return json(200, JSON.stringify(await token(form)));
  };
  answer().catch(() => json(400, '{}'));
});

// What the measuring process begins with.
opaqueTokens.set(digest('opaque').toString('base64url'), { active: true, sub: 'person', scope: 'bills:read' });
for (let index = 0; index < 256; index += 1) refreshTokens.add(digest(`first-${index}`).toString('base64url'));

server.listen(port, '127.0.0.1', answerUsage);
