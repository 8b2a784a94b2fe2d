import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createPrefixedToken, hashSecret, tokenPrefixes } from '@castellan/protocol';
import { seededRandom } from '../../../testkit/src/random.ts';
import { subjectOfClient } from '../clients/client.ts';
import type { ClientConfig, Config } from '../config.ts';
import { ConfigError, type ConfigProblem } from './problems.ts';
import { resolveConfig } from './resolve-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'castellan-config-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const randomText = (seed: string): string => seededRandom(seed)(32).toString('base64url');
const api = 'https://api.example';
const environment = { MASTER_KEY: randomText('master'), CLIENT_SECRET: randomText('client') };

function file(name: string, text: string, mode = 0o600): { readonly file: string } {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return { file: path };
}

const web = {
  id: 'web',
  name: 'Web app',
  kind: 'web',
  authentication: 'client_secret_basic',
  secret: { env: 'CLIENT_SECRET' },
  redirectUris: ['https://web.example/callback'],
  scopes: ['openid', 'things:read'],
  resources: [api],
} as const;

const good: Config = {
  issuer: 'https://id.example',
  store: { sqlite: 'issuer.sqlite' },
  masterKey: { env: 'MASTER_KEY' },
  resources: [{ audience: api, name: 'Things', scopes: { 'things:read': 'Read your things' } }],
  clients: [web],
};

function problemsOf(config: unknown, env: Readonly<Record<string, string>> = environment): readonly ConfigProblem[] {
  try {
    resolveConfig(config as Config, env);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems;
  }
  return [];
}

function keysOf(config: unknown, env?: Readonly<Record<string, string>>): readonly string[] {
  return problemsOf(config, env).map(({ key }) => key);
}

test('S-100[config] a configuration that says only what it must gets short lifetimes and strict limits', () => {
  const resolved = resolveConfig(good, environment);
  assert.deepEqual(resolved.lifetimes, {
    code: 60,
    accessToken: 300,
    idToken: 300,
    refreshIdle: 14 * 86_400,
    refreshAbsolute: 30 * 86_400,
    sessionIdle: 43_200,
    sessionAbsolute: 7 * 86_400,
    parkedRequest: 900,
  });
  assert.deepEqual(resolved.refreshRetry, { window: 10, limit: 5 });
  assert.ok(resolved.limits.signInPerAccount.count <= 100);
  const [client] = resolved.clients;
  assert.equal(client?.consent, 'ask');
  assert.deepEqual([...(client?.grants ?? [])], ['authorization_code']);
  assert.deepEqual(client?.resources, ['https://id.example', api]);
  assert.equal(client?.defaultResource, 'https://id.example');
  assert.deepEqual(
    resolved.resources.map(({ audience }) => audience),
    ['https://id.example', api],
  );
});

test('R-218[config] of a client secret only its hash is left, and the master key is the bytes of its text', () => {
  const resolved = resolveConfig(good, environment);
  assert.deepEqual(resolved.clients[0]?.secretHashes, [hashSecret(environment.CLIENT_SECRET)]);
  assert.ok(!JSON.stringify(resolved).includes(environment.CLIENT_SECRET));
  assert.equal(resolved.masterKey.toString('base64url'), environment.MASTER_KEY);
});

test('R-218[config] secrets are read from files, with or without a line break at the end', () => {
  const masterKey = file('master-key', `${environment.MASTER_KEY}\n`, 0o400);
  const secret = file('client-secret', environment.CLIENT_SECRET, 0o644);
  const resolved = resolveConfig({ ...good, masterKey, clients: [{ ...web, secret }] }, {});
  assert.equal(resolved.masterKey.toString('base64url'), environment.MASTER_KEY);
  assert.deepEqual(resolved.clients[0]?.secretHashes, [hashSecret(environment.CLIENT_SECRET)]);
});

for (const mode of [0o640, 0o604, 0o660, 0o644]) {
  test(`R-218[config] R-219 a master key file that others may read (${mode.toString(8)}) is refused`, () => {
    const [problem, ...more] = problemsOf({ ...good, masterKey: file(`open-${mode}`, environment.MASTER_KEY, mode) });
    assert.equal(problem?.key, 'masterKey.file');
    assert.match(problem?.found ?? '', new RegExp(`mode 0${mode.toString(8)}`));
    assert.equal(more.length, 0);
  });
}

const weak: readonly (readonly [title: string, secret: string])[] = [
  ['twelve characters', 'abcdefghijkl'],
  ['31 characters', randomText('x').slice(0, 31)],
  ['one character many times', 'a'.repeat(43)],
  ['spaces', `${randomText('x')} ${randomText('y')}`],
  ['nothing', ''],
];

for (const [title, text] of weak) {
  test(`S-40[config] R-219 a client secret of ${title} is refused, and not shown`, () => {
    const problems = problemsOf(good, { ...environment, CLIENT_SECRET: text });
    assert.equal(problems.length, 1);
    assert.match(problems[0]?.key ?? '', /^clients\[0\]\.secret/);
    if (text !== '') assert.ok(!JSON.stringify(problems).includes(text));
  });
}

for (const text of [
  '',
  'A'.repeat(43),
  environment.MASTER_KEY.slice(1),
  `${environment.MASTER_KEY}=`,
  'é'.repeat(43),
]) {
  test(`S-40[config] R-216 a master key of ${text.length} characters that is not 32 random bytes is refused`, () => {
    const problems = problemsOf(good, { ...environment, MASTER_KEY: text });
    assert.match(problems[0]?.key ?? '', /^masterKey/);
    if (text !== '') assert.ok(!JSON.stringify(problems).includes(text));
  });
}

test('R-218[config] R-219 a secret put where its place belongs is refused without being repeated anywhere', () => {
  const pasted = randomText('pasted');
  const clients = [{ ...web, secret: pasted, clientSecret: pasted, id: 7 }];
  const store = { postgres: `postgres://castellan:${pasted}@db/castellan`, password: pasted };
  for (const config of [
    { ...good, masterKey: pasted, clients, store },
    { ...good, masterKey: { file: pasted }, store: `postgres://castellan:${pasted}@db/castellan` },
    { ...good, issuer: `https://admin:${pasted}@id.example` },
  ]) {
    try {
      resolveConfig(config as unknown as Config, environment);
      assert.fail('must be refused');
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      assert.ok(!`${error.stack} ${JSON.stringify(error)}`.includes(pasted), error.message);
    }
  }
});

test('R-219[config] S-107 everything that is wrong is told at once: where, what was found, what is allowed', () => {
  const problems = problemsOf({
    issuer: 'http://id.example',
    store: {},
    masterKey: { env: 'NOWHERE' },
    isser: 'typo',
    lifetimes: { accessToken: 901, code: 61, refreshIdle: '2w' },
    refreshRetry: { window: 61 },
    limits: { signInPerAccount: { count: 0, period: 1 } },
    trustedProxies: ['10.0.0.0/33'],
    resources: [{ audience: 'not a uri', name: '', scopes: {} }],
    clients: [{ ...web, redirectUris: ['http://web.example/cb'], extra: 1 }, 'client'],
  });
  const byKey = new Map(problems.map((problem) => [problem.key, problem]));
  for (const key of [
    'issuer',
    'store',
    'masterKey.env',
    'isser',
    'lifetimes.accessToken',
    'lifetimes.code',
    'lifetimes.refreshIdle',
    'refreshRetry.window',
    'limits.signInPerAccount.count',
    'trustedProxies[0]',
    'resources[0].name',
    'clients[0].extra',
    'clients[0].redirectUris[0]',
    'clients[1]',
  ]) {
    const problem = byKey.get(key);
    assert.ok(problem !== undefined && problem.found !== '' && problem.allowed !== '', `${key} is not told`);
  }
  assert.deepEqual(byKey.get('lifetimes.accessToken'), {
    key: 'lifetimes.accessToken',
    found: '901',
    allowed: 'a whole number from 60 to 900',
  });
  const { message } = new ConfigError(problems);
  for (const { key, found, allowed } of problems)
    assert.ok(message.includes(`${key}: found ${found}; allowed is ${allowed}`));
});

/** One forbidden setting each: the key that must be named. */
const forbidden: readonly (readonly [title: string, change: object, key: string])[] = [
  ['an http issuer', { issuer: 'http://id.example' }, 'issuer'],
  ['an issuer with a trailing slash', { issuer: 'https://id.example/' }, 'issuer'],
  ['an access token of an hour', { lifetimes: { accessToken: 3600 } }, 'lifetimes.accessToken'],
  ['a code of ten minutes', { lifetimes: { code: 600 } }, 'lifetimes.code'],
  ['an ID token of a day', { lifetimes: { idToken: 86_400 } }, 'lifetimes.idToken'],
  [
    'an idle limit beyond the absolute one',
    { lifetimes: { refreshIdle: 86_401, refreshAbsolute: 86_400 } },
    'lifetimes.refreshIdle',
  ],
  [
    'a session that idles longer than it lives',
    { lifetimes: { sessionIdle: 7200, sessionAbsolute: 3600 } },
    'lifetimes.sessionIdle',
  ],
  ['a retry window of two minutes', { refreshRetry: { window: 120 } }, 'refreshRetry.window'],
  ['any number of retries', { refreshRetry: { limit: 6 } }, 'refreshRetry.limit'],
  ['a private host with a path', { privateHosts: ['rp.internal/out'] }, 'privateHosts[0]'],
  ['a private host with a scheme', { privateHosts: ['https://rp.internal'] }, 'privateHosts[0]'],
  ['a private host for all', { privateHosts: ['a.internal', '*'] }, 'privateHosts[1]'],
  ['a private host with the usual port', { privateHosts: ['rp.internal:443'] }, 'privateHosts[0]'],
  ['a proxy that is a name', { trustedProxies: ['proxy.internal'] }, 'trustedProxies[0]'],
  ['two stores', { store: { sqlite: 'a', postgres: 'b' } }, 'store'],
  ['a list where an object belongs', { limits: [] }, 'limits'],
  ['an object where a list belongs', { clients: {} }, 'clients'],
];

for (const [title, change, key] of forbidden) {
  test(`R-219[config] S-107 ${title} is refused by its key`, () => {
    assert.deepEqual(keysOf({ ...good, ...change }), [key]);
  });
}

test('R-219[config] something else than an object is refused as a whole', () => {
  for (const config of [undefined, null, 'x', [], 7]) assert.ok(keysOf(config).includes('config'));
});

test('R-219[config] a wrong resource does not hide a wrong client, and hides no scope of another resource', () => {
  const resources = [
    { audience: 'x', name: 'X', scopes: { 'x:y': 'y' }, algorithm: 'none' },
    ...(good.resources ?? []),
  ];
  assert.deepEqual(keysOf({ ...good, resources, clients: [web, { ...web, id: '' }] }), [
    'resources[0].algorithm',
    'clients[1].id',
  ]);
});

/** Rules that join keys of a client. */
const keyPair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const publicJwk = { ...keyPair.publicKey.export({ format: 'jwk' }), kid: 'one' };
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
const byKey = { authentication: 'private_key_jwt', secret: undefined };

const clientRules: readonly (readonly [rows: string, title: string, change: object, key: string])[] = [
  ['S-6', 'a web client without authentication', { authentication: 'none' }, 'clients[0].authentication'],
  ['S-6', 'a web client without secret', { secret: undefined }, 'clients[0].secret'],
  ['S-6', 'a browser client with a secret', { kind: 'spa', authentication: 'none' }, 'clients[0].secret'],
  ['S-6', 'a native client with a secret method', { kind: 'native', secret: undefined }, 'clients[0].authentication'],
  [
    'R-067',
    'a redirect URI with a wildcard',
    { redirectUris: ['https://*.web.example/cb'] },
    'clients[0].redirectUris[0]',
  ],
  [
    'R-067',
    'an http redirect URI',
    { redirectUris: [...web.redirectUris, 'http://web.example/cb'] },
    'clients[0].redirectUris[1]',
  ],
  ['R-067', 'an app scheme for a web client', { redirectUris: ['com.example.app:/cb'] }, 'clients[0].redirectUris[0]'],
  ['R-067', 'a script scheme', { redirectUris: ['JavaScript:alert(1)//'] }, 'clients[0].redirectUris[0]'],
  ['R-067', 'no redirect URI', { redirectUris: [] }, 'clients[0].redirectUris'],
  [
    'R-067',
    'a redirect URI twice',
    { redirectUris: [web.redirectUris[0], web.redirectUris[0]] },
    'clients[0].redirectUris[1]',
  ],
  [
    'R-067',
    'a bad logout URI',
    { postLogoutRedirectUris: ['https://web.example/#bye'] },
    'clients[0].postLogoutRedirectUris[0]',
  ],
  ['S-106', 'a scope nobody has', { scopes: ['openid', 'things:delete'] }, 'clients[0].scopes[1]'],
  ['S-106', 'a scope of a resource it does not have', { resources: [] }, 'clients[0].scopes[1]'],
  ['R-219', 'an unknown resource', { resources: [api, 'https://other.example'] }, 'clients[0].resources[1]'],
  [
    'R-219',
    'a default resource it does not have',
    { defaultResource: 'https://other.example' },
    'clients[0].defaultResource',
  ],
  ['R-219', 'refresh tokens alone', { grants: ['refresh_token'] }, 'clients[0].grants'],
  [
    'R-219',
    'device codes in a browser',
    { kind: 'spa', authentication: 'none', secret: undefined, grants: ['authorization_code', deviceGrant] },
    'clients[0].grants',
  ],
  ['R-219', 'rights of its own and no grant for them', { ownScopes: ['things:read'] }, 'clients[0].ownScopes'],
  [
    'R-219',
    'a grant of its own and no rights',
    { grants: ['authorization_code', 'client_credentials'] },
    'clients[0].ownScopes',
  ],
  [
    'R-219',
    'refresh tokens for itself',
    { grants: ['client_credentials', 'refresh_token'], ownScopes: ['things:read'] },
    'clients[0].grants',
  ],
  [
    'R-219',
    'a scope of people for itself',
    { grants: ['client_credentials'], ownScopes: ['things:read', 'openid'] },
    'clients[0].ownScopes[1]',
  ],
  ['R-071', 'keys beside a secret', { jwks: { keys: [publicJwk] } }, 'clients[0].jwks'],
  [
    'R-071',
    'a secret beside keys',
    { authentication: 'private_key_jwt', jwks: { keys: [publicJwk] } },
    'clients[0].secret',
  ],
  ['R-070', 'no keys at all', byKey, 'clients[0].jwks'],
  [
    'R-070',
    'a private key',
    { ...byKey, jwks: { keys: [{ ...keyPair.privateKey.export({ format: 'jwk' }), kid: 'one' }] } },
    'clients[0].jwks',
  ],
  ['R-070', 'a shared key', { ...byKey, jwks: { keys: [{ kty: 'oct', k: 'AAAA', kid: 'one' }] } }, 'clients[0].jwks'],
  ['R-070', 'an empty key set', { ...byKey, jwks: { keys: [] } }, 'clients[0].jwks'],
  ['R-070', 'keys over http', { ...byKey, jwksUri: 'http://127.0.0.1/jwks' }, 'clients[0].jwksUri'],
  [
    'R-070',
    'two places for keys',
    { ...byKey, jwks: { keys: [publicJwk] }, jwksUri: 'https://web.example/jwks' },
    'clients[0].jwks',
  ],
  [
    'R-073',
    'three secrets',
    { secret: undefined, secrets: [web.secret, web.secret, web.secret] },
    'clients[0].secrets',
  ],
  ['R-073', 'a secret beside the list', { secrets: [web.secret] }, 'clients[0].secrets'],
  ['R-219', 'a password grant', { grants: ['password'] }, 'clients[0].grants[0]'],
  ['R-219', 'an unsigned ID token', { idTokenAlgorithm: 'none' }, 'clients[0].idTokenAlgorithm'],
  ['R-219', 'a logo over http', { logoUri: 'http://web.example/logo.png' }, 'clients[0].logoUri'],
  // oidcc-3rd-party-init-login: an address over http is refused.
  ['R-219', 'a start over http', { initiateLoginUri: 'http://web.example/start' }, 'clients[0].initiateLoginUri'],
  ['R-219', 'a start in a script', { initiateLoginUri: 'javascript:alert(1)' }, 'clients[0].initiateLoginUri'],
  ...[
    'http://web.example/out',
    'http://127.0.0.1:4000/out',
    'https://web.example/out#part',
    'https://user@web.example/out',
    'file:///etc/passwd',
  ].map(
    (backchannelLogoutUri) =>
      [
        'R-219',
        `the logout address ${backchannelLogoutUri}`,
        { backchannelLogoutUri },
        'clients[0].backchannelLogoutUri',
      ] as const,
  ),
  ['R-219', 'a name that turns the writing around', { name: 'gpj.\u202Eexe' }, 'clients[0].name'],
];

for (const [rows, title, change, key] of clientRules) {
  test(`${rows}[config] a client with ${title} is refused by its key`, () => {
    assert.deepEqual(keysOf({ ...good, clients: [withoutUndefined({ ...web, ...change })] }), [key]);
  });
}

test('R-219[config] an issuer on a loopback host tells clients on one too, and no others over http', () => {
  const local = { ...good, issuer: 'http://localhost:4000' };
  const keys = (backchannelLogoutUri: string) =>
    keysOf({ ...local, clients: [withoutUndefined({ ...web, backchannelLogoutUri })] });
  assert.deepEqual(keys('http://127.0.0.1:4002/out'), []);
  assert.deepEqual(keys('https://web.example/out'), []);
  assert.deepEqual(keys('http://web.example/out'), ['clients[0].backchannelLogoutUri']);
});

test('R-076[config] S-6 whatever a service is called, its subject is no person’s, and only a confidential client is one', () => {
  const service = {
    ...web,
    id: 'AAAAAAAAAAAAAAAAAAAAAA',
    grants: ['client_credentials'],
    redirectUris: [],
    scopes: [],
    ownScopes: ['things:read'],
  };
  const [client] = resolveConfig({ ...good, clients: [service] } as unknown as Config, environment).clients;
  assert.ok(client !== undefined);
  // The ids of people are 22 characters of base64url, and no colon is one.
  assert.doesNotMatch(subjectOfClient(client), /^[A-Za-z0-9_-]+$/);
  const { secret: _, ...open } = { ...service, kind: 'native', authentication: 'none' };
  assert.deepEqual(keysOf({ ...good, clients: [open] }), ['clients[0].grants']);
});

test('R-077[private-key-jwt] S-17[private-key-jwt] an API of high value takes clients with keys, and no client with a secret', () => {
  const resources = [{ ...good.resources?.[0], secretOnlyClients: false }];
  const signed = withoutUndefined({ ...web, ...byKey, jwks: { keys: [publicJwk] } });
  assert.deepEqual(keysOf({ ...good, resources, clients: [signed] }), []);
  assert.deepEqual(keysOf({ ...good, resources }), ['clients[0].resources[0]']);
});

test('R-071[introspect] R-219[config] an API proves itself like a client, under an id that no client has', () => {
  const resource = { ...good.resources?.[0], tokenFormat: 'reference' };
  const credentials = { id: 'api', authentication: 'client_secret_basic', secret: web.secret };
  const withApi = (change: object) => ({
    ...good,
    resources: [{ ...resource, credentials: { ...credentials, ...change } }],
  });
  assert.deepEqual(keysOf(withApi({})), []);
  assert.deepEqual(keysOf(withApi({ id: 'web' })), ['clients[0].id']);
  const nothing = { ...withApi({ authentication: 'none' }), clients: [] };
  assert.deepEqual(keysOf(nothing), ['resources[0].credentials.authentication']);
  assert.deepEqual(keysOf(withApi({ secret: { env: 'NONE' } })), ['resources[0].credentials.secret.env']);
  const two = [resource, { ...resource, audience: 'https://two.example', scopes: { 'two:read': 'Two' } }];
  const same = two.map((one) => ({ ...one, credentials }));
  assert.deepEqual(keysOf({ ...good, resources: same }), ['resources[1].credentials.id']);
});

test('R-073[client-secret] a secret of ours that lost a character is noticed at the start, not at the first request', () => {
  const whole = createPrefixedToken(tokenPrefixes.clientSecret, randomText('ours'));
  assert.deepEqual(keysOf(good, { ...environment, CLIENT_SECRET: whole }), []);
  assert.deepEqual(keysOf(good, { ...environment, CLIENT_SECRET: whole.slice(0, -1) }), ['clients[0].secret']);
});

test('R-219[config] S-106[config] two clients of one id, and a scope of two resources, are refused', () => {
  assert.deepEqual(keysOf({ ...good, clients: [web, web] }), ['clients[1].id']);
  const twice = { audience: 'https://two.example', name: 'Two', scopes: { 'things:read': 'Read', openid: 'Mine' } };
  assert.deepEqual(keysOf({ ...good, resources: [...(good.resources ?? []), twice] }), [
    'resources[1].scopes.things:read',
    'resources[1].scopes.openid',
  ]);
  const issuerAgain = { audience: 'https://id.example', name: 'Me', scopes: { me: 'Me' } };
  assert.deepEqual(keysOf({ ...good, resources: [...(good.resources ?? []), issuerAgain] }), ['resources[1].audience']);
});

test('S-6[config] each kind of client may be registered with what fits it', () => {
  const spa = { ...web, id: 'spa', kind: 'spa', authentication: 'none', secret: undefined } as const;
  const native = {
    ...spa,
    id: 'native',
    kind: 'native',
    redirectUris: ['http://127.0.0.1/cb', 'com.example.app:/cb'],
  } as const;
  const clients = [web, spa, native].map(withoutUndefined) as unknown as readonly ClientConfig[];
  const resolved = resolveConfig({ ...good, clients }, environment);
  assert.deepEqual(
    resolved.clients.map(({ id, secretHashes }) => [id, secretHashes.length === 1]),
    [
      ['web', true],
      ['spa', false],
      ['native', false],
    ],
  );
});

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}

test('R-219[config] what was resolved cannot be changed, and the argument stays as it was', () => {
  const before = JSON.stringify(good);
  const resolved = resolveConfig(good, environment);
  assert.equal(JSON.stringify(good), before);
  assert.throws(() => Object.assign(resolved, { issuer: 'https://evil.example' }), TypeError);
  assert.throws(() => Object.assign(resolved.clients[0] ?? {}, { consent: 'trusted' }), TypeError);
  assert.throws(() => (resolved.clients[0]?.redirectUris as string[]).push('https://evil.example'), TypeError);
});

test('R-058[device] S-6[config] a device has its grant alone, with refresh tokens and without a place to redirect to', () => {
  const grants = [deviceGrant, 'refresh_token'];
  const { secret: _, ...open } = { ...web, grants, redirectUris: [] };
  for (const device of [
    { ...web, grants, redirectUris: [] },
    { ...open, kind: 'native', authentication: 'none' },
  ]) {
    const [client] = resolveConfig({ ...good, clients: [device] } as unknown as Config, environment).clients;
    assert.deepEqual([...(client?.grants ?? [])], grants);
  }
});
