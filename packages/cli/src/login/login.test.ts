import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, type TestContext, test } from 'node:test';
import { systemRuntime } from '@castellan/protocol';
import { decodeJwt, type LiveIssuer, signIn, startLiveIssuer } from '../../../testkit/src/index.ts';
import { describeFailure } from '../failure.ts';
import { type LoginDeps, login, logout } from './login.ts';

interface Terminal extends LoginDeps {
  readonly told: string[];
  readonly written: string[];
  /** Resolves with the code once it is shown. */
  readonly code: Promise<string>;
}

function terminal(t: TestContext, fetch: LoginDeps['runtime']['fetch'] = systemRuntime.fetch): Terminal {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-login-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [told, written]: [string[], string[]] = [[], []];
  const { promise, resolve } = Promise.withResolvers<string>();
  const tell = (text: string): void => {
    told.push(text);
    const code = /\b[A-Z]{4}-[A-Z]{4}\b/.exec(text)?.[0];
    if (code !== undefined) resolve(code);
  };
  const runtime = { ...systemRuntime, fetch };
  return {
    runtime,
    tell,
    output: (text) => written.push(text),
    folder: join(folder, 'tokens'),
    told,
    written,
    code: promise,
  };
}

const what = { client: 'tv', scope: 'openid notes:read', resources: [], printToken: false } as const;

suite('castellan login against a running issuer', { concurrency: true }, () => {
  let live: LiveIssuer;
  before(async () => {
    live = await startLiveIssuer();
  });
  after(() => live[Symbol.asyncDispose]());

  const decide = async (code: string, decision: 'allow' | 'deny'): Promise<void> => {
    const browser = live.browser();
    await browser.open(`${live.issuer}/device?user_code=${code}`);
    await browser.click('device-continue');
    await signIn(browser, live.person);
    await browser.click(`device-${decision}`);
  };

  test('S-18[cli] R-218[cli] it shows code and QR, keeps the tokens for the owner alone, prints none, and signs out', async (t) => {
    const own = terminal(t);
    const done = login({ ...what, issuer: live.issuer }, own);
    await decide(await own.code, 'allow');
    await done;
    const [file = ''] = readdirSync(own.folder);
    assert.equal(statSync(own.folder).mode & 0o777, 0o700);
    assert.equal(statSync(join(own.folder, file)).mode & 0o777, 0o600);
    const stored = JSON.parse(readFileSync(join(own.folder, file), 'utf8')) as Record<string, string>;
    assert.equal(decodeJwt(stored['accessToken'] ?? '').claims['sub'], live.person.id);
    assert.match(stored['refreshToken'] ?? '', /^castellan_rt_/);
    const screen = own.told.join('\n');
    assert.match(screen, /[▀▄█]{8}/);
    assert.ok(screen.includes(join(own.folder, file)));
    for (const name of ['accessToken', 'refreshToken']) assert.ok(!screen.includes(stored[name] ?? '?'), name);
    assert.deepEqual(own.written, []);
    await logout({ issuer: live.issuer, client: 'tv' }, own);
    assert.deepEqual(readdirSync(own.folder), []);
    await logout({ issuer: live.issuer, client: 'tv' }, own);
    assert.match(own.told.at(-1) ?? '', /nobody/);
  });

  test('S-18[cli] with --print-token the output is the access token and nothing else, for the named resource', async (t) => {
    const own = terminal(t);
    const done = login(
      { ...what, scope: 'openid', issuer: live.issuer, resources: [live.issuer], printToken: true },
      own,
    );
    await decide(await own.code, 'allow');
    await done;
    assert.equal(own.written.length, 1);
    const { claims } = decodeJwt(own.written[0] ?? '');
    assert.deepEqual([claims['aud'], claims['scope']], [live.issuer, 'openid']);
  });

  test('S-18[cli] a denial is told in words, and nothing is kept', async (t) => {
    const own = terminal(t);
    const done = login({ ...what, issuer: live.issuer }, own);
    await decide(await own.code, 'deny');
    await assert.rejects(done, (error) => describeFailure(error) === 'It was denied.');
    assert.throws(() => readdirSync(own.folder));
  });

  test('S-18[cli] what the issuer does not allow is told in words', async (t) => {
    const refused = (changes: object): Promise<void> =>
      login({ ...what, issuer: live.issuer, ...changes }, terminal(t));
    await assert.rejects(refused({ client: 'web' }), /does not know this client/);
    await assert.rejects(refused({ client: 'spa' }), /does not let this client use the device flow/);
    await assert.rejects(refused({ scope: 'openid admin' }), /ask for this scope/);
    await assert.rejects(refused({ resources: ['https://elsewhere.example'] }), /ask for this resource/);
  });
});

/** An issuer that says whatever the test wants. */
function stub(metadata: object, authorization: object = {}): LoginDeps['runtime']['fetch'] {
  return async (url) => {
    const isMetadata = String(url).includes('/.well-known/');
    const headers = { 'content-type': 'application/json' };
    return new Response(JSON.stringify(isMetadata ? metadata : authorization), { headers });
  };
}

const issuer = 'https://issuer.example';
const metadata = {
  issuer,
  token_endpoint: `${issuer}/token`,
  device_authorization_endpoint: `${issuer}/device`,
};
const authorization = { device_code: 'x', user_code: 'BCDF-GHJK', verification_uri: `${issuer}/go`, expires_in: 600 };

suite('castellan login believes little', () => {
  const cases: readonly (readonly [
    title: string,
    issuer: string,
    metadata: object,
    authorization: object,
    said: RegExp,
  ])[] = [
    ['an issuer on plain http elsewhere', 'http://issuer.example', metadata, {}, /cannot be an issuer/],
    [
      'metadata of another issuer',
      issuer,
      { ...metadata, issuer: 'https://evil.example' },
      {},
      /does not answer with the metadata/,
    ],
    [
      'an issuer without the flow',
      issuer,
      { issuer, token_endpoint: `${issuer}/token` },
      {},
      /lacks device_authorization_endpoint/,
    ],
    [
      'a token endpoint on plain http',
      issuer,
      { ...metadata, token_endpoint: 'http://issuer.example/token' },
      {},
      /not https/,
    ],
    [
      'an endpoint on this machine',
      issuer,
      { ...metadata, token_endpoint: 'http://127.0.0.1:9/token' },
      {},
      /not https/,
    ],
    [
      'a code that would drive the terminal',
      issuer,
      metadata,
      { ...authorization, user_code: '\u001b[2Jgone' },
      /cannot be shown/,
    ],
    [
      'the same of an issuer that ends with a slash',
      `${issuer}/`,
      { ...metadata, issuer: `${issuer}/` },
      { ...authorization, user_code: '\u001b[2Jgone' },
      /cannot be shown/,
    ],
    [
      'a page that is no web page',
      issuer,
      metadata,
      { ...authorization, verification_uri: 'file:///etc/passwd' },
      /cannot be shown/,
    ],
  ];
  for (const [title, asked, document, answer, said] of cases) {
    test(`R-218[cli] S-18 it refuses ${title}`, async (t) => {
      const own = terminal(t, stub(document, answer));
      await assert.rejects(login({ ...what, issuer: asked }, own), (error) => said.test(describeFailure(error)));
      assert.deepEqual([own.told, own.written], [[], []]);
    });
  }
});
