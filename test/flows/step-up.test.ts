/** Step-up (RFC 9470): an API asks for a more recent or stronger sign-in, the client for it, and the person signs in. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createGuard, routesUnder } from '@castellan/guard';
import { memoryLimitStore } from '@castellan/limits';
import { definePolicy, eq } from '@castellan/policy';
import {
  assertTokens,
  audiences,
  type Browser,
  type Changes,
  createWorld,
  get,
  headerValue,
  type JsonAnswer,
} from '@castellan/testkit';

const password = 'urn:castellan:acr:password';
const words = {
  principals: { person: { id: 'text' } },
  resources: { note: { fields: { id: 'integer', ownerId: 'text' }, actions: ['list'] } },
  context: {},
} as const;
const policy = definePolicy(words, ({ permit }) => [
  permit('owner-lists', {
    who: 'person',
    on: 'note',
    may: ['list'],
    scopes: ['notes:read'],
    when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
    reads: ['id'],
  }),
]);

const world = await createWorld({ seed: 'step-up' });
const routes = routesUnder(policy);
const list = { action: 'note.list', input: {}, output: { many: 'note' }, limit: { count: 60, period: 60 } } as const;
const guard = createGuard(
  {
    name: 'Notes',
    resource: audiences.notes,
    issuers: [
      {
        issuer: world.issuer,
        audience: audiences.notes,
        algorithms: ['ES256'],
        typ: 'at+jwt',
        jwksUri: String(world.metadata['jwks_uri']),
      },
    ],
    policy,
    principal: ({ kind, subject }) => (kind === 'person' ? { kind, id: subject } : undefined),
    routes: {
      'GET /notes': routes.collection({ ...list, handle: () => [] }),
      'GET /recent': routes.collection({
        ...list,
        authentication: { acr: [password], maxAge: 60 },
        handle: () => [],
      }),
      'GET /gold': routes.collection({ ...list, authentication: { acr: ['urn:example:gold'] }, handle: () => [] }),
    },
    limits: { store: memoryLimitStore({ capacity: 100 }), perAddress: { count: 600, period: 60 } },
  },
  world.runtime,
  [],
);
world.network.mount(audiences.notes, guard.handle);
after(async () => {
  await guard.close();
  await world.close();
});

const web = world.client('web');
const scope = 'openid notes:read';

async function tokens(browser: Browser, changes: Changes = {}): Promise<ReturnType<typeof assertTokens>> {
  return assertTokens(await world.tokens(web, { browser, changes: { scope, ...changes } }));
}

async function call(accessToken: string, path = '/recent'): Promise<JsonAnswer> {
  return get(world.network.from('198.51.100.9'), audiences.notes + path, [['authorization', `Bearer ${accessToken}`]]);
}

/** What the API asks for, as parameters of an authorization request (RFC 9470 §4). */
function asked(answer: JsonAnswer): Changes {
  const challenge = headerValue(answer, 'www-authenticate') ?? '';
  assert.equal(answer.status, 401, answer.body);
  assert.match(challenge, /^Bearer error="insufficient_user_authentication"/);
  const read = (name: string): string | undefined => new RegExp(`${name}="?([^",]+)`).exec(challenge)?.[1];
  return { acr_values: read('acr_values'), max_age: read('max_age') };
}

test('R-014[authorize] R-158[guard] the client asks for what the API asked for, the person signs in again, and the new token passes', async () => {
  const browser = world.browser();
  const first = await tokens(browser);
  assert.equal((await call(first.accessToken)).status, 200);
  await world.clock.advance(120);
  assert.equal((await call(first.accessToken, '/notes')).status, 200, 'good for everything else');
  const need = asked(await call(first.accessToken));
  assert.deepEqual(need, { acr_values: password, max_age: '60' });
  await browser.open(web.begin({ scope, ...need }).url);
  assert.notEqual(browser.page().find('login-submit'), undefined, 'signed in, and asked again');
  const second = await tokens(browser, need);
  assert.equal((await call(second.accessToken)).status, 200);
});

test('R-014[authorize] R-158[guard] neither the old token nor a refreshed one passes for a recent sign-in', async () => {
  const browser = world.browser();
  const first = await tokens(browser);
  await world.clock.advance(120);
  const second = await tokens(browser, { max_age: '60' });
  assert.equal((await call(second.accessToken)).status, 200);
  asked(await call(first.accessToken));
  const refreshed = assertTokens(await web.refresh(first.refreshToken));
  asked(await call(refreshed.accessToken));
  await world.clock.advance(120);
  const late = assertTokens(await web.refresh(second.refreshToken));
  asked(await call(late.accessToken));
});

test('R-014[authorize] R-158[guard] a client that takes the silent way gets login_required and no token', async () => {
  const browser = world.browser();
  const { accessToken } = await tokens(browser);
  await world.clock.advance(120);
  const need = asked(await call(accessToken));
  const { parameters } = await world.authorize(web, { browser, changes: { scope, ...need, prompt: 'none' } });
  assert.deepEqual([parameters.get('error'), parameters.get('code')], ['login_required', null]);
});

test('R-014[authorize] R-158[guard] a strength that this issuer does not have ends in an error, never in a weaker token that passes', async () => {
  const browser = world.browser();
  const { accessToken } = await tokens(browser);
  const need = asked(await call(accessToken, '/gold'));
  assert.deepEqual(need, { acr_values: 'urn:example:gold', max_age: undefined });
  const weaker = await tokens(browser, need);
  asked(await call(weaker.accessToken, '/gold'));
  const claims = JSON.stringify({ id_token: { acr: { essential: true, values: ['urn:example:gold'] } } });
  const { parameters } = await world.authorize(web, { browser, changes: { scope, claims } });
  assert.equal(parameters.get('error'), 'unmet_authentication_requirements');
});
