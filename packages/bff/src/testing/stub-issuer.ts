/**
 * An OpenID provider for tests, as honest or as hostile as its hooks make it. It signs everybody in at once.
 *
 * Its access tokens are opaque on purpose: a BFF that reads them fails.
 */
import { createHash } from 'node:crypto';
import {
  generateSigningKey,
  type HttpAnswer,
  type HttpRequest,
  type PublicJwk,
  type Runtime,
  signJwt,
} from '@castellan/protocol';

export type Claims = Record<string, unknown>;

/** Where a test changes what the provider does; each is called with the honest thing. */
interface StubHooks {
  metadata?: (metadata: Claims) => Claims;
  /** The parameters that go back to the client. */
  authorization?: (answer: URLSearchParams, asked: URLSearchParams) => URLSearchParams;
  idTokenClaims?: (claims: Claims) => Claims;
  /** Makes the ID token instead of the honest signer. */
  idToken?: (claims: Claims, sign: (claims: Claims) => Promise<string>) => Promise<string | undefined>;
  token?: (answer: Claims, form: URLSearchParams) => Claims | HttpAnswer | Promise<Claims | HttpAnswer>;
  userinfo?: (claims: Claims) => Claims | HttpAnswer;
  endSession?: (asked: URLSearchParams) => HttpAnswer;
  /** Every request; throw to be unreachable. */
  any?: (request: HttpRequest) => void;
}

export interface StubIssuer {
  readonly issuer: string;
  readonly hooks: StubHooks;
  readonly handle: (request: HttpRequest) => Promise<HttpAnswer>;
  readonly publicJwk: PublicJwk;
  /** Signs as the provider does. */
  readonly sign: (claims: Claims) => Promise<string>;
  /** What was asked at an endpoint so far, as form or query. */
  readonly asked: (path: string) => readonly URLSearchParams[];
  /** Every secret it has given out. */
  readonly secrets: readonly string[];
}

interface Grant {
  readonly client: string;
  readonly nonce: string | null;
  readonly challenge: string;
  readonly redirectUri: string;
}

/** What a grant needs of the provider. */
interface Inside {
  readonly issuer: string;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
  readonly hooks: StubHooks;
  readonly secrets: string[];
  readonly grants: Map<string, Grant>;
  readonly audiences: Map<string, string>;
  readonly sign: (claims: Claims) => Promise<string>;
}

/** Starts a provider with one ES256 key. */
export async function createStubIssuer(
  issuer: string,
  runtime: Pick<Runtime, 'now' | 'randomBytes'>,
): Promise<StubIssuer> {
  const { privateKey, publicJwk } = await generateSigningKey('ES256');
  const key = { kid: publicJwk.kid, algorithm: 'ES256', privateKey } as const;
  const hooks: StubHooks = {};
  const secrets: string[] = [];
  const log: { readonly path: string; readonly parameters: URLSearchParams }[] = [];
  const inside: Inside = {
    issuer,
    runtime,
    hooks,
    secrets,
    grants: new Map(),
    audiences: new Map(),
    sign: (claims) => signJwt(key, 'JWT', claims),
  };
  return {
    issuer,
    hooks,
    publicJwk,
    sign: inside.sign,
    secrets,
    asked: (path) => log.filter((one) => one.path === path).map(({ parameters }) => parameters),
    handle: async (request) => {
      hooks.any?.(request);
      const parameters = new URLSearchParams(request.method === 'POST' ? request.body : request.query);
      log.push({ path: request.path, parameters });
      return answer(request, parameters, { ...inside, jwks: { keys: [publicJwk] } });
    },
  };
}

async function answer(
  request: HttpRequest,
  asked: URLSearchParams,
  inside: Inside & { readonly jwks: unknown },
): Promise<HttpAnswer> {
  const { hooks, issuer } = inside;
  switch (request.path) {
    case '/.well-known/openid-configuration':
      return json(200, hooks.metadata?.(metadataOf(issuer)) ?? metadataOf(issuer));
    case '/jwks':
      return json(200, inside.jwks);
    case '/authorize':
      return authorize(asked, inside);
    case '/token':
      return token(asked, inside);
    case '/userinfo':
      return userinfo(request, inside);
    case '/revoke':
      return { status: 200, headers: {}, body: '' };
    case '/logout': {
      if (hooks.endSession !== undefined) return hooks.endSession(asked);
      const back = new URL(asked.get('post_logout_redirect_uri') ?? issuer);
      back.searchParams.set('state', asked.get('state') ?? '');
      return asked.has('id_token_hint') ? redirect(back.href) : page('Sign out?');
    }
    default:
      return json(404, { error: 'not_found' });
  }
}

function metadataOf(issuer: string): Claims {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    end_session_endpoint: `${issuer}/logout`,
    revocation_endpoint: `${issuer}/revoke`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  };
}

function secret(prefix: string, { runtime, secrets }: Inside): string {
  const text = `${prefix}_${runtime.randomBytes(24).toString('base64url')}`;
  secrets.push(text);
  return text;
}

function authorize(asked: URLSearchParams, inside: Inside): HttpAnswer {
  const code = secret('code', inside);
  const redirectUri = asked.get('redirect_uri') ?? '';
  inside.grants.set(code, {
    client: asked.get('client_id') ?? '',
    nonce: asked.get('nonce'),
    challenge: asked.get('code_challenge') ?? '',
    redirectUri,
  });
  const honest = new URLSearchParams({ code, state: asked.get('state') ?? '', iss: inside.issuer });
  return redirect(`${redirectUri}?${inside.hooks.authorization?.(honest, asked) ?? honest}`);
}

async function token(form: URLSearchParams, inside: Inside): Promise<HttpAnswer> {
  const grant =
    form.get('grant_type') === 'refresh_token'
      ? inside.grants.get(form.get('refresh_token') ?? '')
      : code(form, inside);
  if (grant === undefined) return json(400, { error: 'invalid_grant' });
  const accessToken = secret('access', inside);
  const refreshToken = secret('refresh', inside);
  inside.audiences.set(accessToken, form.get('resource') ?? inside.issuer);
  const idToken = form.has('code') ? await issueIdToken(grant, accessToken, inside) : undefined;
  const honest = {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: 300,
    refresh_token: refreshToken,
    ...(idToken === undefined ? {} : { id_token: idToken }),
  };
  const given = (await inside.hooks.token?.(honest, form)) ?? honest;
  if ('status' in given && 'body' in given) return given as unknown as HttpAnswer;
  // Only an answer that arrives rotates.
  inside.grants.delete(form.get('refresh_token') ?? '');
  inside.grants.set(refreshToken, grant);
  return json(200, given);
}

function code(form: URLSearchParams, { grants }: Inside): Grant | undefined {
  const grant = grants.get(form.get('code') ?? '');
  grants.delete(form.get('code') ?? '');
  const challenge = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url');
  return grant?.challenge === challenge && grant.redirectUri === form.get('redirect_uri') ? grant : undefined;
}

async function issueIdToken(grant: Grant, accessToken: string, inside: Inside): Promise<string | undefined> {
  const now = Math.floor(inside.runtime.now() / 1000);
  const half = createHash('sha256').update(accessToken).digest().subarray(0, 16);
  const honest: Claims = {
    iss: inside.issuer,
    sub: 'person-1',
    aud: grant.client,
    iat: now,
    exp: now + 300,
    nonce: grant.nonce,
    at_hash: half.toString('base64url'),
    sid: 'issuer-session-1',
    amr: ['pwd'],
  };
  const claims = inside.hooks.idTokenClaims?.(honest) ?? honest;
  const made =
    inside.hooks.idToken === undefined ? await inside.sign(claims) : await inside.hooks.idToken(claims, inside.sign);
  if (made !== undefined) inside.secrets.push(made);
  return made;
}

function userinfo(request: HttpRequest, { audiences, hooks, issuer }: Inside): HttpAnswer {
  const accessToken = (request.headers['authorization']?.[0] ?? '').replace('Bearer ', '');
  if (audiences.get(accessToken) !== issuer) return json(401, { error: 'invalid_token' });
  const honest = { sub: 'person-1', name: 'Nora Lindqvist', email: 'nora@example.test' };
  const given: Claims | HttpAnswer = hooks.userinfo?.(honest) ?? honest;
  return 'status' in given && 'body' in given ? (given as unknown as HttpAnswer) : json(200, given);
}

export function json(status: number, body: unknown): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function redirect(location: string): HttpAnswer {
  return { status: 303, headers: { location }, body: '' };
}

function page(title: string): HttpAnswer {
  return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: `<h1>${title}</h1>` };
}
