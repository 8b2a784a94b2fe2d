/** What is asked of a server: one unit of each scenario, which fails loudly when the answer is not the right one. */
import { createHash } from 'node:crypto';
import { systemRuntime } from '@castellan/protocol';
import type { Contestant } from './contestants.ts';
import type { Send } from './load.ts';

const { randomBytes } = systemRuntime;

export interface Unit {
  readonly contestant: Contestant;
  readonly send: Send;
  /** Counts from 0; each connection has one unit under way. */
  readonly connection: number;
}

export interface Scenario {
  readonly id: string;
  readonly name: string;
  /** The share of the limit that we mean to reach at least. */
  readonly goal: string;
  readonly unit: (unit: Unit) => Promise<void>;
}

type Json = Readonly<Record<string, unknown>>;

async function post(
  { send }: Unit,
  path: string,
  { authorization, form }: { readonly authorization: string; readonly form: Readonly<Record<string, string>> },
): Promise<Json> {
  const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await send({ method: 'POST', path, headers, body: new URLSearchParams(form).toString() });
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${answer.body}`);
  return JSON.parse(answer.body) as Json;
}

async function clientCredentials(unit: Unit): Promise<void> {
  const form = { grant_type: 'client_credentials', scope: 'notes:read', resource: 'https://notes.example' };
  const { access_token: token } = await post(unit, '/token', { authorization: unit.contestant.service, form });
  if (String(token).split('.').length !== 3) throw new Error('no JWT');
}

async function codeFlow(unit: Unit, scope: string): Promise<Json> {
  const { contestant, send } = unit;
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'trusted',
    redirect_uri: contestant.redirectUri,
    scope,
    state: randomBytes(12).toString('base64url'),
    nonce: randomBytes(12).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const headers = { cookie: contestant.cookie };
  const { location, status } = await send({ method: 'GET', path: `/authorize?${query}`, headers });
  const code = URL.canParse(location) ? new URL(location).searchParams.get('code') : undefined;
  if (typeof code !== 'string') throw new Error(`/authorize answered ${status} without a code`);
  const form = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: contestant.redirectUri,
    code_verifier: verifier,
  };
  return post(unit, '/token', { authorization: contestant.web, form });
}

async function codeAndIdToken(unit: Unit): Promise<void> {
  const { id_token: idToken } = await codeFlow(unit, 'openid notes:read');
  if (String(idToken).split('.').length !== 3) throw new Error('no ID token');
}

/** The live refresh token of each connection to each contestant. */
const live = new Map<string, string>();

async function refresh(unit: Unit): Promise<void> {
  const { contestant, connection } = unit;
  const place = `${contestant.name} ${connection}`;
  const own = live.get(place) ?? String((await codeFlow(unit, 'notes:read'))['refresh_token']);
  const form = { grant_type: 'refresh_token', refresh_token: own };
  const { refresh_token: next } = await post(unit, '/token', { authorization: contestant.web, form });
  if (typeof next !== 'string' || next === own) throw new Error('the refresh token did not rotate');
  live.set(place, next);
}

async function introspect(unit: Unit): Promise<void> {
  const { api, opaque } = unit.contestant;
  const answer = await post(unit, '/introspect', { authorization: api, form: { token: opaque } });
  if (answer['active'] !== true) throw new Error('not active');
}

function document(path: string): Scenario['unit'] {
  return async ({ send }) => {
    const { status, body } = await send({ method: 'GET', path });
    if (status !== 200 || !body.startsWith('{')) throw new Error(`${path} answered ${status}`);
  };
}

export const scenarios: readonly Scenario[] = [
  { id: 'P-1', name: 'client credentials', goal: '.70', unit: clientCredentials },
  { id: 'P-3', name: 'refresh, durable', goal: '.55', unit: refresh },
  { id: 'P-6', name: 'code and PKCE', goal: '.45', unit: codeAndIdToken },
  { id: 'P-7', name: 'introspection, opaque', goal: '.55', unit: introspect },
  { id: 'P-8', name: 'discovery', goal: '.90', unit: document('/.well-known/openid-configuration') },
  { id: 'P-8b', name: 'JWKS', goal: '.90', unit: document('/jwks') },
];
