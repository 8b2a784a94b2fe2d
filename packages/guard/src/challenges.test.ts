/** The table of errors of an API: one case for each row, status, challenge and error word exact. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { permitUnknownRevocation } from './insecure.ts';
import type { GuardedRoute } from './route.ts';
import type { AuthenticationNeed } from './step-up.ts';
import { api, type Message, type NotesApi, notesRoutes, startNotes } from './testing/notes.ts';

const metadata = `resource_metadata="${api}/.well-known/oauth-protected-resource"`;

/** The notes, some of them behind a sign-in of a certain kind. */
async function startWith(needs: Readonly<Record<string, AuthenticationNeed>> = {}): Promise<NotesApi> {
  return startNotes(({ routes }) => {
    const read = routes['GET /notes'] as GuardedRoute;
    const stepped = Object.entries(needs).map(([name, authentication]) => [
      `GET /${name}`,
      { ...read, authentication },
    ]);
    return { routes: { ...routes, ...Object.fromEntries(stepped) } };
  });
}

interface Row {
  readonly what: string;
  readonly method?: string;
  readonly path?: string;
  readonly message: (notes: NotesApi) => Message | Promise<Message>;
  readonly status: number;
  /** Undefined when no challenge belongs there. */
  readonly challenge: string | undefined;
  readonly error: string | undefined;
}

const challenge = (error: string, description: string, more = ''): string =>
  `Bearer error="${error}", error_description="${description}", ${more}${metadata}`;
const malformed = challenge('invalid_request', 'The credentials are malformed.');
const invalid = challenge('invalid_token', 'The access token is not valid here.');

const table: readonly Row[] = [
  {
    what: 'no credentials: a bare challenge, since nothing was wrong yet',
    message: () => ({}),
    status: 401,
    challenge: `Bearer ${metadata}`,
    error: undefined,
  },
  {
    what: 'another scheme: as without credentials',
    message: () => ({ headers: { authorization: ['Basic bm9yYTpzZWNyZXQ='] } }),
    status: 401,
    challenge: `Bearer ${metadata}`,
    error: undefined,
  },
  {
    what: 'two headers',
    message: async ({ token }) => ({ headers: { authorization: [`Bearer ${await token()}`, 'Bearer x'] } }),
    status: 400,
    challenge: malformed,
    error: 'invalid_request',
  },
  {
    what: 'more than one token in the header',
    message: async ({ token }) => ({ headers: { authorization: [`Bearer ${await token()} x`] } }),
    status: 400,
    challenge: malformed,
    error: 'invalid_request',
  },
  {
    what: 'a scheme without a token',
    message: () => ({ headers: { authorization: ['Bearer '] } }),
    status: 400,
    challenge: malformed,
    error: 'invalid_request',
  },
  {
    what: 'a token in the query',
    path: '/notes?access_token=x',
    message: async ({ token }) => ({ token: await token() }),
    status: 400,
    challenge: challenge('invalid_request', 'Credentials and tokens are not accepted in the URL.'),
    error: 'invalid_request',
  },
  {
    what: 'a token that is none',
    message: () => ({ token: 'nonsense' }),
    status: 401,
    challenge: invalid,
    error: 'invalid_token',
  },
  {
    what: 'a token whose time is over',
    message: async ({ token, clock }) => {
      const old = await token();
      clock.advance(311);
      return { token: old };
    },
    status: 401,
    challenge: invalid,
    error: 'invalid_token',
  },
  {
    what: 'a missing scope: all that are needed are named at once, those that are there too',
    method: 'PATCH',
    path: '/notes/1',
    message: async ({ token }) => ({ token: await token({ scope: 'notes:read' }), body: '{"title":"x"}' }),
    status: 403,
    challenge: challenge('insufficient_scope', 'The access token lacks a scope.', 'scope="notes:read notes:write", '),
    error: 'insufficient_scope',
  },
  {
    what: 'a person who may not: no scope would help, so no challenge',
    method: 'DELETE',
    path: '/notes/1',
    message: async ({ token }) => ({ token: await token({ scope: 'notes:admin notes:read' }) }),
    status: 403,
    challenge: undefined,
    error: 'access_denied',
  },
  {
    what: 'nothing there',
    path: '/nowhere',
    message: async ({ token }) => ({ token: await token() }),
    status: 404,
    challenge: undefined,
    error: 'not_found',
  },
];

for (const { what, method = 'GET', path = '/notes', message, status, challenge: expected, error } of table) {
  test(`R-158[guard] R-157[guard] ${status}: ${what}`, async () => {
    const notes = await startWith();
    const answer = await notes.send(method, path, await message(notes));
    assert.equal(answer.status, status);
    assert.equal(answer.headers['www-authenticate'], expected);
    assert.equal(answer.json['error'], error);
  });
}

test('R-158[guard] 503: keys that cannot be had say nothing about the token', async () => {
  const notes = await startNotes(({ issuers }) => ({
    issuers: [{ ...issuers[0], jwksUri: 'https://issuer.example/x' }],
  }));
  const answer = await notes.send('GET', '/notes', { token: await notes.token() });
  assert.deepEqual([answer.status, answer.headers['www-authenticate']], [503, undefined]);
});

const stepUp = (more: string): string =>
  challenge('insufficient_user_authentication', 'A stronger or more recent sign-in is required.', more);

test('R-158[guard] 401: a sign-in that is not strong or not recent enough, with all that is needed at once', async () => {
  const notes = await startWith({
    strong: { acr: ['urn:acr:passkey', 'urn:acr:otp'] },
    recent: { maxAge: 300 },
    both: { acr: ['urn:acr:passkey'], maxAge: 300 },
  });
  const now = Math.floor(notes.clock.now() / 1000);
  const strong = 'acr_values="urn:acr:passkey urn:acr:otp", ';
  const recent = 'max_age="300", ';
  const both = 'acr_values="urn:acr:passkey", max_age="300", ';
  const rows: readonly (readonly [path: string, claims: object, needed: string | undefined])[] = [
    ['/strong', {}, strong],
    ['/strong', { acr: 'urn:acr:pwd' }, strong],
    ['/strong', { acr: ['urn:acr:passkey'] }, strong],
    ['/strong', { acr: 'urn:acr:otp' }, undefined],
    ['/recent', {}, recent],
    ['/recent', { auth_time: now - 301 }, recent],
    ['/recent', { auth_time: now + 61 }, recent],
    ['/recent', { auth_time: String(now) }, recent],
    ['/recent', { auth_time: now - 300 }, undefined],
    ['/both', { acr: 'urn:acr:passkey', auth_time: now - 301 }, both],
    ['/both', { acr: 'urn:acr:pwd', auth_time: now }, both],
    ['/both', { acr: 'urn:acr:passkey', auth_time: now }, undefined],
  ];
  for (const [path, claims, needed] of rows) {
    const answer = await notes.send('GET', path, { token: await notes.token({ ...claims }) });
    assert.equal(answer.headers['www-authenticate'], needed === undefined ? undefined : stepUp(needed), path);
    assert.equal(answer.status, needed === undefined ? 200 : 401, `${path} ${JSON.stringify(claims)}`);
  }
});

test('R-158[guard] R-153[verifier] a remembered token does not keep a sign-in recent', async () => {
  const notes = await startWith({ recent: { maxAge: 60 } });
  const bearer = { token: await notes.token({ auth_time: Math.floor(notes.clock.now() / 1000) }) };
  assert.equal((await notes.send('GET', '/recent', bearer)).status, 200);
  notes.clock.advance(61);
  assert.equal((await notes.send('GET', '/recent', bearer)).status, 401);
  assert.equal((await notes.send('GET', '/notes', bearer)).status, 200, 'which other routes do not ask for');
});

test('R-158[guard] R-155[guard] a need that asks for nothing, or cannot be put into a challenge, stops the start', async () => {
  const needs: readonly unknown[] = [
    {},
    null,
    { acr: [] },
    { acr: ['a b'] },
    { acr: ['"'] },
    { acr: 'a' },
    { maxAge: -1 },
  ];
  for (const need of [...needs, { maxAge: 1.5 }, { maxAge: Number.NaN }]) {
    await assert.rejects(startWith({ bad: need as AuthenticationNeed }), /GET \/bad: authentication/);
  }
});

test('R-064[guard] R-155[guard] the only word for tolerating unknown revocation is its name', async () => {
  for (const mode of [true, 'permit', null, Symbol('permitUnknownRevocation')]) {
    const routes = notesRoutes(new Map());
    const odd = { ...routes['GET /notes'], whenRevocationUnknown: mode };
    await assert.rejects(
      startNotes(() => ({ routes: { 'GET /notes': odd } })),
      /whenRevocationUnknown is left out, or permitUnknownRevocation/,
    );
  }
  assert.equal(permitUnknownRevocation.description, 'permitUnknownRevocation');
});

test('R-105[guard] R-158 the document that every challenge names is served, for exactly this API', async () => {
  const { send } = await startWith();
  const { status, headers, json } = await send('GET', '/.well-known/oauth-protected-resource');
  assert.equal(status, 200);
  assert.match(String(headers['content-type']), /^application\/json/);
  assert.deepEqual(json, {
    resource: api,
    authorization_servers: ['https://issuer.example'],
    scopes_supported: ['notes:admin', 'notes:read', 'notes:write'],
    bearer_methods_supported: ['header'],
    resource_name: 'Notes',
  });
});
