/** Every way that ends a session, seen from the clients that are told (OpenID Connect Back-Channel Logout). */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createJwtVerifier, discoveredKeySource, type HttpRequest, type VerifiedClaims } from '@castellan/protocol';
import { type Administration, openAdministration } from '@castellan/server';
import {
  assertTokens,
  type Browser,
  createWorld,
  decodeJwt,
  formOf,
  get,
  type HeaderPairs,
  type Page,
  signIn,
  turn,
  until,
} from '@castellan/testkit';

const path = '/backchannel';
const world = await createWorld({
  seed: 'back-channel-logout',
  config: (config) => ({
    ...config,
    clients: (config.clients ?? []).map((client) => {
      const told = { ...client, backchannelLogoutUri: `https://${client.id}.example${path}` };
      if (client.id === 'web') return { ...told, idTokenAlgorithm: 'EdDSA' as const };
      if (client.id === 'other') return { ...told, subjectType: 'pairwise' as const };
      return client.id === 'post' ? told : client;
    }),
  }),
});
const administration = await openAdministration(world.config, world.runtime);
after(async () => {
  await administration.close();
  await world.close();
});

interface Told {
  readonly headers: HttpRequest['headers'];
  readonly body: string;
}

const told: Record<string, Told[]> = { web: [], other: [], post: [] };
for (const [id, list] of Object.entries(told)) {
  world.network.mount(`https://${id}.example`, async ({ method, path: asked, headers, body }) => {
    if (asked === path && method === 'POST') list.push({ headers, body });
    return { status: 200, headers: { 'content-type': 'text/html' }, body: '<p id="arrived">Arrived</p>' };
  });
}

function takeTold(): readonly (readonly [client: string, told: Told])[] {
  return Object.entries(told).flatMap(([id, list]) => list.splice(0).map((one) => [id, one] as const));
}

/** As a client has to (OpenID Connect Back-Channel Logout §2.6). */
async function verify(client: string, { body }: Told): Promise<VerifiedClaims> {
  const form = new URLSearchParams(body);
  assert.deepEqual([...form.keys()], ['logout_token']);
  const { issuer, runtime } = world;
  const url = `${issuer}/.well-known/openid-configuration`;
  const verifier = createJwtVerifier({
    issuer,
    audience: client,
    algorithms: client === 'web' ? ['EdDSA'] : ['RS256'],
    typ: 'logout+jwt',
    keys: discoveredKeySource({ issuer, url, runtime }),
    now: runtime.now,
    maxLifetime: 120,
    requiredClaims: ['jti', 'sub'],
  });
  return (await verifier.verify(form.get('logout_token') ?? '')).claims;
}

interface SignedIn {
  readonly browser: Browser;
  readonly idTokens: Readonly<Record<string, string>>;
}

/** One browser, signed in at two clients of different kinds; with a third one that gets no ID token. */
async function signedIn(): Promise<SignedIn> {
  const browser = world.browser();
  const idTokens: Record<string, string> = {};
  for (const id of ['web', 'other']) {
    const { idToken } = assertTokens(await world.tokens(world.client(id), { browser }));
    idTokens[id] = idToken;
  }
  await world.tokens(world.client('post'), { browser, changes: { scope: 'notes:read' } });
  takeTold();
  return { browser, idTokens };
}

async function assertBothTold({ idTokens }: SignedIn): Promise<void> {
  const areTold = (): boolean => told['web']?.length === 1 && told['other']?.length === 1;
  // What was ended beside the server is found within a minute. Signing takes real time, which the clock must leave it:
  // a call that its deadline overtakes is made again later.
  for (let waited = 0; waited < 300 && !areTold(); waited += 5) {
    await world.clock.advance(5);
    for (let turns = 0; turns < 500 && !areTold(); turns += 1) await turn();
  }
  assert.ok(areTold(), JSON.stringify(told));
  const all = takeTold();
  assert.deepEqual(all.map(([client]) => client).sort(), ['other', 'web'], 'nobody else, and each once');
  for (const [client, one] of all) {
    const known = decodeJwt(idTokens[client] ?? '').claims;
    const { iss, sub, aud, sid, nonce, events } = await verify(client, one);
    assert.deepEqual([iss, sub, aud, sid], [known['iss'], known['sub'], client, known['sid']]);
    assert.equal(nonce, undefined);
    assert.deepEqual(events, { 'http://schemas.openid.net/event/backchannel-logout': {} });
  }
}

const endpoint = String(world.metadata['end_session_endpoint']);
const bye = 'https://web.example/bye';

type Ending = (signed: SignedIn, administration: Administration) => Promise<unknown>;

const endings: readonly (readonly [title: string, end: Ending])[] = [
  [
    'R-110[logout] oidcc-backchannel-rp-initiated-logout: a client signs the person out',
    ({ browser, idTokens }) =>
      browser.open(
        `${endpoint}?${formOf({ id_token_hint: idTokens['web'], post_logout_redirect_uri: bye, state: 's' })}`,
      ),
  ],
  [
    'R-110[logout] the person signs out by hand',
    async ({ browser }) => {
      await browser.open(endpoint);
      assert.deepEqual(takeTold(), [], 'asking tells nobody anything');
      await browser.click('logout-confirm');
    },
  ],
  [
    'R-113[logout] R-110 a hint without cookies names the session',
    ({ idTokens }) =>
      get(world.network.from('198.51.100.3'), `${endpoint}?${formOf({ id_token_hint: idTokens['other'] })}`),
  ],
  [
    'R-110[logout] an administrator ends the sessions of the person',
    (_signed, { people }) => people.endSessions(world.people.alice.id),
  ],
  [
    'R-110[logout] an administrator ends the session',
    async (_signed, { sessions }) => {
      const person = world.people.alice.id;
      for (const { id } of await sessions.list({ person, after: '', limit: 50 })) await sessions.end(id);
    },
  ],
  [
    'R-110[logout] the person ends it from another browser',
    async () => {
      const other = world.browser();
      await other.open(`${world.issuer}/account`);
      await signIn(other, world.people.alice);
      const ends = ({ tag, attributes: { id = '' } }: Page['elements'][number]): boolean =>
        tag === 'button' && /^session-.+-end$/.test(id);
      for (;;) {
        await other.open(`${world.issuer}/account`);
        const button = other.page().elements.find(ends);
        if (button === undefined) return;
        await other.click(button.attributes['id'] ?? '');
      }
    },
  ],
  [
    'R-110[logout] R-122[code] the person sets a new password',
    async (_signed, { people }) => {
      const link = await people.issuePasswordLink(world.people.alice.id);
      assert.ok(link !== 'not_allowed');
      const browser = world.browser();
      await browser.open(link.url);
      for (const field of ['new-password', 'repeated-password']) browser.fill(field, world.people.alice.password);
      assert.equal((await browser.click('password-submit')).status, 200);
    },
  ],
  [
    'R-110[logout] R-114[session] the person is locked',
    async (_signed, { people }) => {
      await people.change(world.people.alice.id, 'lock');
      await people.change(world.people.alice.id, 'unlock');
    },
  ],
];

for (const [title, end] of endings) {
  test(`${title}, and every client with an ID token of the session is told`, async () => {
    const signed = await signedIn();
    await end(signed, administration);
    await assertBothTold(signed);
  });
}

test('R-116[logout] the person is signed out at once, however slow a client is, and the next one is told meanwhile', async () => {
  const { browser, idTokens } = await signedIn();
  const { promise, resolve } = Promise.withResolvers<void>();
  let isCalled = false;
  world.network.mount('https://web.example', async ({ path: asked }) => {
    if (asked === path) {
      isCalled = true;
      await promise;
    }
    return { status: 200, headers: {}, body: '' };
  });
  const parameters = { id_token_hint: idTokens['web'], post_logout_redirect_uri: bye };
  await browser.open(`${endpoint}?${formOf(parameters)}`);
  assert.equal(browser.page().url.href, bye);
  await world.clock.advance(1);
  await until(() => isCalled && told['other']?.length === 1);
  resolve();
  await world.clock.advance(1);
  takeTold();
});

test('R-116[logout] R-111[logout] what ends no session tells nobody', async () => {
  const { browser, idTokens } = await signedIn();
  const [header = '', claims = ''] = (idTokens['web'] ?? '').split('.');
  await browser.open(`${endpoint}?${formOf({ id_token_hint: `${header}.${claims}.AAAA` })}`);
  await browser.open(`${endpoint}?${formOf({ post_logout_redirect_uri: bye })}`);
  await world.tokens(world.client('web'), { browser, changes: { prompt: 'login' } });
  await world.clock.advance(60);
  assert.deepEqual(takeTold(), []);
});

test('R-099[discovery] metadata says that the back channel is there, and that it names sessions', () => {
  assert.equal(world.metadata['backchannel_logout_supported'], true);
  assert.equal(world.metadata['backchannel_logout_session_supported'], true);
});

test('R-111[logout] a logout token passes for no ID token, hint or access token', async () => {
  const { browser, idTokens } = await signedIn();
  await browser.open(`${endpoint}?${formOf({ id_token_hint: idTokens['other'] })}`);
  await world.clock.advance(1);
  await until(() => told['other']?.length === 1);
  const token = new URLSearchParams(told['other']?.[0]?.body).get('logout_token') ?? '';
  takeTold();
  const headers: HeaderPairs = [['authorization', `Bearer ${token}`]];
  assert.equal((await world.userinfo('', headers)).status, 401);
  const page = await world.browser().open(`${endpoint}?${formOf({ id_token_hint: token })}`);
  assert.equal(page.find('error-code')?.text, 'invalid_id_token_hint');
});
