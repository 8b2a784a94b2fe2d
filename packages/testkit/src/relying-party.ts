/**
 * A client written by hand, so that a test can send what no library would: it verifies nothing and parses little.
 *
 * Owns: building authorization requests and token requests. Does not own: the person's part (`walk.ts`).
 */
import { createHash } from 'node:crypto';
import type { Runtime } from '@castellan/protocol';
import { type HeaderPairs, headerValue, type Transport, type WireAnswer } from './wire.ts';

/** What the server's configuration says about the client. */
export interface Registration {
  readonly id: string;
  readonly authentication: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none';
  readonly secret: string | undefined;
  readonly redirectUri: string;
  readonly scope: string;
}

/** Parameters to add, to replace, or (undefined) to leave out; a list repeats the parameter. */
export type Changes = Readonly<Record<string, string | readonly string[] | undefined>>;

/** One authorization request, and what the client keeps for its answer. */
export interface Attempt {
  readonly url: URL;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** An answer with a JSON body, if it has one. */
export interface JsonAnswer extends WireAnswer {
  readonly json: Readonly<Record<string, unknown>>;
}

export interface RelyingParty extends Registration {
  readonly begin: (changes?: Changes) => Attempt;
  /** A token request with this client's own authentication unless `headers` or the parameters say otherwise. */
  readonly token: (parameters: Changes, headers?: HeaderPairs) => Promise<JsonAnswer>;
  readonly redeem: (attempt: Attempt, code: string, changes?: Changes) => Promise<JsonAnswer>;
  readonly refresh: (refreshToken: string, changes?: Changes) => Promise<JsonAnswer>;
}

export interface RelyingPartyDeps {
  readonly registration: Registration;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly transport: Transport;
  readonly randomBytes: Runtime['randomBytes'];
}

/** Makes a client that talks to the given endpoints. */
export function createRelyingParty(deps: RelyingPartyDeps): RelyingParty {
  const { registration } = deps;
  const token: RelyingParty['token'] = (parameters, headers = authentication(registration)) =>
    post(deps.transport, deps.tokenEndpoint, { ...credentials(registration, headers), ...parameters }, headers);
  return {
    ...registration,
    begin: (changes = {}) => begin(deps, changes),
    token,
    redeem: (attempt, code, changes = {}) =>
      token({
        grant_type: 'authorization_code',
        code,
        redirect_uri: registration.redirectUri,
        code_verifier: attempt.verifier,
        ...changes,
      }),
    refresh: (refreshToken, changes = {}) =>
      token({ grant_type: 'refresh_token', refresh_token: refreshToken, ...changes }),
  };
}

function begin(deps: RelyingPartyDeps, changes: Changes): Attempt {
  const { registration } = deps;
  const [state, nonce, verifier] = [12, 12, 32].map((size) => deps.randomBytes(size).toString('base64url')) as [
    string,
    string,
    string,
  ];
  const url = new URL(deps.authorizationEndpoint);
  url.search = formOf({
    response_type: 'code',
    client_id: registration.id,
    redirect_uri: registration.redirectUri,
    scope: registration.scope,
    state,
    nonce,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  });
  return { url, state, nonce, verifier };
}

/** `Authorization: Basic` as RFC 6749 §2.3.1 wants it. */
export function basic(id: string, secret: string): HeaderPairs {
  const encode = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
  return [['authorization', `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}`]];
}

function authentication(registration: Registration): HeaderPairs {
  const { id, secret } = registration;
  return registration.authentication === 'client_secret_basic' && secret !== undefined ? basic(id, secret) : [];
}

function credentials(registration: Registration, headers: HeaderPairs): Changes {
  if (headers.some(([name]) => name.toLowerCase() === 'authorization')) return {};
  const { id, secret } = registration;
  return registration.authentication === 'client_secret_post'
    ? { client_id: id, client_secret: secret }
    : { client_id: id };
}

/** Posts a form and reads the answer as JSON when it is JSON. */
export async function post(
  transport: Transport,
  url: string,
  parameters: Changes,
  headers: HeaderPairs = [],
): Promise<JsonAnswer> {
  const contentType = ['content-type', 'application/x-www-form-urlencoded'] as const;
  return withJson(
    await transport({
      method: 'POST',
      url: new URL(url),
      headers: [contentType, ...headers],
      body: formOf(parameters),
    }),
  );
}

/** Fetches and reads the answer as JSON when it is JSON. */
export async function get(transport: Transport, url: string, headers: HeaderPairs = []): Promise<JsonAnswer> {
  return withJson(await transport({ method: 'GET', url: new URL(url), headers, body: '' }));
}

/** Parameters in form encoding. */
export function formOf(parameters: Changes): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of typeof value === 'string' ? [value] : (value ?? [])) form.append(name, one);
  }
  return form.toString();
}

function withJson(answer: WireAnswer): JsonAnswer {
  const isJson = /^application\/(?:[a-z.-]+\+)?json\b/.test(headerValue(answer, 'content-type') ?? '');
  const json = isJson ? (JSON.parse(answer.body) as Record<string, unknown>) : {};
  return { ...answer, json };
}
