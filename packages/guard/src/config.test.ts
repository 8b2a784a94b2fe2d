import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eq } from '@castellan/policy';
import { type GuardConfig, GuardConfigError } from './config.ts';
import { tokensWithoutAudience } from './insecure.ts';
import { publicRoute, routesUnder } from './route.ts';
import { type NotesWords, notesPolicy, schema, startNotes } from './testing/notes.ts';

type Change = (config: GuardConfig<NotesWords>) => object;

async function problemsOf(change: Change): Promise<string> {
  try {
    await startNotes(change);
  } catch (error) {
    assert.ok(error instanceof GuardConfigError, String(error));
    assert.ok(error.problems.every((problem) => error.message.includes(problem)));
    return error.problems.join('\n');
  }
  return '';
}

test('R-141[guard] R-155 S-54[verifier] nothing that decides which tokens are accepted may be left out', async () => {
  const changed =
    (part: object): Change =>
    ({ issuers }) => ({ issuers: [{ ...issuers[0], ...part }] });
  const bad: readonly [Change, RegExp][] = [
    [() => ({ issuers: [] }), /issuers is missing/],
    [() => ({ issuers: undefined }), /issuers is missing/],
    [changed({ issuer: undefined }), /issuers\[0\]\.issuer is missing/],
    [changed({ issuer: 'http://login.example' }), /https/],
    [changed({ audience: undefined }), /issuers\[0\]\.audience is missing/],
    [changed({ audience: '' }), /issuers\[0\]\.audience is missing/],
    [changed({ algorithms: undefined }), /issuers\[0\]\.algorithms is missing/],
    [changed({ algorithms: [] }), /issuers\[0\]\.algorithms is missing/],
    [changed({ algorithms: ['none'] }), /algorithm/],
    [changed({ algorithms: ['HS256'] }), /algorithm/],
    [changed({ typ: undefined }), /issuers\[0\]\.typ is missing/],
    [changed({ jwksUri: undefined }), /issuers\[0\]\.jwksUri is missing/],
    [changed({ jwksUri: 'http://login.example/jwks' }), /https/],
    [changed({ clockTolerance: Number.POSITIVE_INFINITY }), /tolerance/],
    [changed({ clockTolerance: 61 }), /tolerance/],
    [changed({ maxLifetime: Number.NaN }), /lifetime/],
    [({ issuers }) => ({ issuers: [...issuers, ...issuers] }), /is there twice/],
    [changed({ audience: tokensWithoutAudience }), /without one, clients and require must say/],
    [changed({ audience: tokensWithoutAudience, clients: ['web'] }), /without one, clients and require must say/],
    [
      changed({ audience: tokensWithoutAudience, require: { token_use: 'access' } }),
      /without one, clients and require/,
    ],
    [changed({ audience: Symbol('tokensWithoutAudience') }), /issuers\[0\]\.audience is missing/],
    [changed({ audience: null }), /issuers\[0\]\.audience is missing/],
    [changed({ typ: null }), /issuers\[0\]\.typ is missing/],
    [changed({ typ: Symbol('untypedTokens') }), /issuers\[0\]\.typ is missing/],
    [changed({ clients: [] }), /clients is not a list/],
    [changed({ require: { token_use: [] } }), /required values/],
    [changed({ require: { token_use: /.*/ } }), /required values/],
    [changed({ discovery: 'openid' }), /jwksUri or discovery, not both/],
    [changed({ jwksUri: undefined, discovery: true }), /discovery is 'openid' or 'oauth'/],
    [changed({ revocation: {} }), /revocation\.staleness must be[^]*isRevoked is missing/],
    [changed({ revocation: { staleness: 3601, isRevoked: () => false } }), /revocation\.staleness/],
    [() => ({ notBefore: { staleness: 301, find: () => undefined } }), /notBefore\.staleness/],
    [() => ({ notBefore: { staleness: Number.NaN } }), /notBefore\.staleness[^]*notBefore\.find is missing/],
    [() => ({ principal: undefined }), /principal is missing/],
    [() => ({ policy: undefined }), /policy is missing/],
    [() => ({ name: '' }), /name is missing/],
    [() => ({ resource: undefined }), /resource is missing/],
    [() => ({ resource: 'http://api.example' }), /resource must be https/],
    [() => ({ resource: 'https://api.example/#x' }), /resource must be https/],
    [() => ({ limits: undefined }), /limits\.perAddress is missing[^]*limits\.store is missing/],
    [() => ({ trustedProxies: ['10.0.0.0/33'] }), /trustedProxies: "10\.0\.0\.0\/33"/],
    [() => ({ bodyLimit: Number.POSITIVE_INFINITY }), /bodyLimit/],
    [() => ({ routes: undefined }), /routes is missing/],
  ];
  for (const [change, expected] of bad) assert.match(await problemsOf(change), expected);
});

test('S-67[guard] S-99[guard] R-162[guard] R-176[guard] a route that says too little stops the start and is named with what is missing', async () => {
  const on = routesUnder(notesPolicy);
  const id = schema(({ id }) => ({ id: String(id) }));
  const good = {
    action: 'note.read' as const,
    input: { params: id },
    load: () => undefined,
    output: { one: 'note' as const },
    limit: { count: 1, period: 1 },
    handle: () => undefined,
  };
  const name = 'GET /things/:id';
  const object = (change: object) => on.object({ ...good, ...change } as typeof good);
  const { load: _, ...listed } = {
    ...good,
    input: {},
    action: 'note.list' as const,
    output: { many: 'note' as const },
  };
  const collection = (change: object) => on.collection({ ...listed, handle: () => [], ...change } as never);
  const bad: readonly [string, unknown, RegExp][] = [
    [name, object({ action: undefined }), /^GET \/things\/:id: action is missing$/],
    [name, object({ action: 'note.publish' }), /the policy has no action note\.publish/],
    [name, object({ action: 'constructor.name' }), /the policy has no action/],
    [name, object({ input: undefined }), /input is missing/],
    [name, object({ input: {} }), /input\.params is missing/],
    [name, object({ input: { params: id, cookies: id } }), /input\.cookies is not a source/],
    [name, object({ input: { params: {} } }), /input\.params is not a Standard Schema/],
    [name, object({ input: { params: id, body: id } }), /input\.body: GET has no body/],
    [name, object({ load: undefined }), /load is missing/],
    [name, object({ output: undefined }), /output is missing/],
    [name, object({ output: { one: 'secret' } }), /no resource secret/],
    [name, object({ output: { many: 'note' } }), /answers with one object/],
    [name, object({ output: { one: 'note', most: 5 } }), /output\.most is 1 to 10000, with many/],
    [name, object({ atOnce: 0 }), /atOnce is 1 to 10000/],
    [name, object({ limit: undefined }), /limit is missing/],
    [name, object({ limit: { count: 0, period: 1 } }), /limit is missing/],
    [name, object({ handle: undefined }), /handle is missing/],
    ['GET /things', object({}), /the path has no parameters/],
    ['DELETE /things', collection({}), /DELETE needs an object route/],
    ['GET /things', collection({ output: { many: 'note', most: 10_001 } }), /output\.most is 1 to 10000, with many/],
    ['POST /things', collection({ input: { body: id } }), /input\.body needs an object route/],
    ['GET /things', publicRoute(' ', () => ({})), /a public route needs a reason/],
    ['GET /things', publicRoute('because', undefined as never), /handle is missing/],
    [name, publicRoute('because', () => ({})), /its path has no parameters/],
    ['GET /things', {}, /build it with routesUnder or publicRoute/],
    ['GET /things', null, /not a route/],
    ['GET things', object({}), /is not a route/],
    ['FETCH /things', object({}), /is not a route/],
    ['GET /things/%2e', object({}), /is not a route/],
    ['GET /notes/:number', object({}), /GET \/notes\/:number clashes with GET \/notes\/:id/],
    ['GET /.well-known/oauth-protected-resource', publicRoute('x', () => ({})), /served by the guard itself/],
  ];
  for (const [key, route, expected] of bad) {
    assert.match(await problemsOf(({ routes }) => ({ routes: { ...routes, [key]: route } })), expected, key);
  }
  assert.equal(await problemsOf(({ routes }) => ({ routes: { ...routes, [name]: object({}) } })), '');
});

test('R-162[guard] a route whose action no rule permits stops the start: it was forgotten', async () => {
  const { rules, ...policy } = notesPolicy;
  const without = { ...policy, rules: rules.filter(({ id }) => id !== 'keeper-purges') };
  assert.match(
    await problemsOf(() => ({ policy: without })),
    /DELETE \/notes\/:id: no rule of the policy permits note\.purge/,
  );
});

test('R-162[guard] all that is missing is named at once, and the policy types flow into the routes', async () => {
  const problems = await problemsOf(() => ({ name: '', principal: undefined, issuers: [{}] }));
  assert.equal(problems.split('\n').length, 7);
  const on = routesUnder(notesPolicy);
  const base = { input: {}, limit: { count: 1, period: 1 } };
  on.collection({ ...base, action: 'note.list', output: { many: 'note' }, handle: () => [] });
  // @ts-expect-error no such action
  on.collection({ ...base, action: 'note.publish', output: { many: 'note' }, handle: () => [] });
  // @ts-expect-error no such type
  on.collection({ ...base, action: 'note.list', output: { many: 'secret' }, handle: () => [] });
  // @ts-expect-error the rows are not notes
  on.collection({ ...base, action: 'note.list', output: { many: 'note' }, handle: () => [{ id: 1 }] });
  // @ts-expect-error a route has a limit
  on.collection({ input: {}, action: 'note.list', output: { many: 'note' }, handle: () => [] });
  assert.equal(typeof eq, 'function');
});
