/** The kit finds what it must find, in APIs with one flaw each, and finds nothing in an API behind the guard. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { memoryLimitStore } from '@castellan/limits';
import { definePolicy, eq, type Policy } from '@castellan/policy';
import { matrix } from '@castellan/policy/analysis';
import { createGuard } from '../guard.ts';
import type { JwtIssuer } from '../issuer.ts';
import { routesUnder } from '../route.ts';
import { type Flaw, flawedApi } from '../testing/flawed-api.ts';
import { foreignIssuers } from '../testing/foreign-issuers.ts';
import { schema } from '../testing/notes.ts';
import { guardTest as readmeTest } from '../testing/readme-guard-test.ts';
import { runAddressTest } from './address-test.ts';
import { goodToken } from './attacks.ts';
import { type GuardTest, runGuardTest } from './guard-test.ts';
import { openLab } from './lab.ts';
import type { TestReport } from './report.ts';

const issuer: JwtIssuer = {
  issuer: 'https://login.example',
  audience: 'https://api.example',
  algorithms: ['RS256'],
  typ: 'at+jwt',
  discovery: 'oauth',
};

const deletion = { method: 'DELETE', path: '/invoices/1', by: 'nora', notFor: ['theo'] };

const flawedTest = (flaw?: Flaw): GuardTest => ({
  issuer,
  start: ({ jwksUri }) =>
    flawedApi({
      issuer: issuer.issuer,
      audience: 'https://api.example',
      jwksUri,
      ...(flaw === undefined ? {} : { flaw }),
    }),
  callers: { nora: { sub: 'nora' }, theo: { sub: 'theo' } },
  requests: [
    { method: 'GET', path: '/invoices' },
    { method: 'GET', path: '/invoices/1', by: 'nora', notFor: ['theo'] },
    ...(flaw === undefined || flaw === 'object rule of a deletion' ? [deletion] : []),
  ],
});

const failuresOf = ({ results }: TestReport): readonly string[] =>
  results.filter(({ verdict }) => verdict === 'fail').map(({ route, group, name }) => `${route} | ${group} | ${name}`);

test('S-100[guard] S-108[guard] S-110[guard] the API of the README, on Auth0, refuses everything as it is', async () => {
  const report = await runGuardTest(readmeTest);
  assert.deepEqual(failuresOf(report), []);
  assert.equal(report.isSound, true);
  assert.ok(report.passed > 220, `${report.passed} were tried`);
  for (const { verdict, detail } of report.results) if (verdict === 'not tested') assert.notEqual(detail, '');
});

for (const { name, config, person } of foreignIssuers()) {
  test(`S-100[guard] S-9 with the configuration for ${name} the whole corpus is refused`, async () => {
    const report = await runGuardTest({
      issuer: config as JwtIssuer,
      start: ({ runtime }) =>
        notesGuard({ policy: notesPolicy(), issuer: config as JwtIssuer, notes: new Map(), runtime }),
      callers: { person },
      requests: [{ method: 'GET', path: '/notes' }],
    });
    assert.deepEqual(failuresOf(report), []);
    assert.ok(report.passed > 180, `${report.passed} were tried`);
  });
}

test('S-82[guard] S-108 an Express API with a verifier of its own that forgets nothing passes', async () => {
  const report = await runGuardTest(flawedTest());
  assert.deepEqual(failuresOf(report), []);
  assert.ok(report.passed > 400, `${report.passed} were tried`);
});

const planted: readonly (readonly [flaw: Flaw, row: string, found: RegExp])[] = [
  [
    'audience',
    'S-96[guard] S-108',
    /issuer, audience and subject of others \| the audience \["https:\/\/other.example"\]/,
  ],
  ['expiry', 'S-82[guard] S-108', /times: expired, endless, not yet \| expired long ago/],
  ['signature of none', 'S-82[guard] S-108', /no signature \(alg none\) \| the algorithm "none" without signature/],
  ['object rule', 'S-82[guard] S-108', /GET \/invoices\/1 \| what belongs to others \| asked by theo/],
  ['object rule of a deletion', 'S-82[guard] S-108', /DELETE \/invoices\/1 \| what belongs to others \| asked by theo/],
  ['issuer', 'S-82[guard] S-108', /issuer, audience and subject of others \| the issuer/],
  ['not before', 'S-82[guard] S-108', /times: expired, endless, not yet \| not yet valid/],
  [
    'key as secret',
    'S-82[guard] S-108',
    /the public key, or a guess, as a shared secret \| HS256 with spki-pem as the shared secret/,
  ],
  ['token in the query', 'S-82[guard] S-108', /where the token is sent \| a good token in the query/],
];
for (const [flaw, rows, found] of planted) {
  test(`${rows} an API that forgets: ${flaw}`, async () => {
    const report = await runGuardTest(flawedTest(flaw));
    const failures = failuresOf(report);
    assert.match(failures.join('\n'), found);
    assert.equal(report.isSound, false);
    if (flaw.startsWith('object rule')) assert.equal(failures.length, 1, 'and nothing else is found');
  });
}

const words = {
  principals: { person: { id: 'text' } },
  resources: {
    note: { fields: { id: 'integer', ownerId: 'text', title: 'text', state: 'text' }, actions: ['read', 'list'] },
  },
  context: {},
} as const;

interface Note {
  readonly id: number;
  readonly ownerId: string;
  readonly title: string;
  readonly state: string;
}

/** How the rule of reading may be weakened by a change. */
type Weakness = 'the owner' | 'the scope' | 'the forbid' | 'a field';

function notesPolicy(weakness?: Weakness): Policy<typeof words> {
  return definePolicy(words, ({ permit, forbid }) => [
    permit('owner-reads', {
      who: 'person',
      on: 'note',
      may: ['read', 'list'],
      scopes: weakness === 'the scope' ? [] : ['notes:read'],
      when: ({ principal, resource }) =>
        weakness === 'the owner' ? eq(principal.id, principal.id) : eq(resource.ownerId, principal.id),
      reads: ['id', 'title', ...(weakness === 'a field' ? (['state'] as const) : [])],
    }),
    ...(weakness === 'the forbid'
      ? []
      : [forbid('sealed-stays', { on: 'note', may: ['read'], when: ({ resource }) => eq(resource.state, 'sealed') })]),
  ]);
}

interface NotesSetup {
  readonly policy: Policy<typeof words>;
  readonly issuer: JwtIssuer;
  readonly notes: ReadonlyMap<number, Note>;
  readonly runtime: Parameters<typeof createGuard>[1];
}

function notesGuard({ policy, issuer: trusted, notes, runtime }: NotesSetup): ReturnType<typeof createGuard> {
  const on = routesUnder(policy);
  const limit = { count: 60, period: 60 };
  return createGuard(
    {
      name: 'notes',
      resource: 'https://api.example',
      issuers: [trusted],
      policy,
      principal: ({ kind, subject }) => (kind === 'person' ? { kind, id: subject } : undefined),
      routes: {
        'GET /notes': on.collection({
          action: 'note.list',
          input: {},
          output: { many: 'note' },
          limit,
          handle: ({ principal }) => [...notes.values()].filter(({ ownerId }) => ownerId === principal.id),
        }),
        'GET /notes/:id': on.object({
          action: 'note.read',
          input: { params: schema(({ id }) => ({ id: Number(id) })) },
          load: ({ params }) => notes.get(params.id),
          output: { one: 'note' },
          limit,
          handle: ({ object }) => object,
        }),
      },
      limits: { store: memoryLimitStore({ capacity: 1000 }), perAddress: { count: 600, period: 60 } },
    },
    runtime,
    [],
  );
}

/** The cases of the policy as it was reviewed, asked of an API under a policy that was changed since. */
function policyTest(weakness?: Weakness): GuardTest {
  const notes = new Map<number, Note>();
  return {
    issuer,
    start: ({ runtime }) => notesGuard({ policy: notesPolicy(weakness), issuer, notes, runtime }),
    callers: { nora: { sub: 'nora', scope: 'notes:read' } },
    requests: [],
    policy: {
      cases: matrix(notesPolicy()).cases,
      arrange: ({ about, name, principal, resource }) => {
        if (about === 'writes' || name === 'note.list') return undefined;
        const note = resource as unknown as Note;
        notes.set(note.id, note);
        return { method: 'GET', path: `/notes/${note.id}`, claims: { sub: String(principal['id']) } };
      },
    },
  };
}

test('S-82[guard] S-108 the cases of the policy are answered by the API as by the policy', async () => {
  const report = await runGuardTest(policyTest());
  assert.deepEqual(failuresOf(report), []);
  assert.ok(report.passed >= 4, `${report.passed} were tried`);
});

for (const weakness of ['the owner', 'the scope', 'the forbid', 'a field'] as const) {
  test(`S-82[guard] S-108 a rule that was weakened is found: without ${weakness}`, async () => {
    const report = await runGuardTest(policyTest(weakness));
    assert.notDeepEqual(failuresOf(report), []);
  });
}

test('S-108[guard] a route whose good token is refused proves nothing, and says so', async () => {
  const report = await runGuardTest({ ...readmeTest, callers: { stranger: { sub: 'nobody', scope: 'other' } } });
  assert.equal(report.isSound, false);
  assert.equal(report.passed, 0);
  assert.match(report.results[0]?.detail ?? '', /answered with 403, so a refusal would prove nothing/);
});

test('S-108[guard] an API that lets nobody in any more proves nothing, and says so', async (t) => {
  const started = await runGuardTest(flawedTest('lock'));
  assert.deepEqual([started.passed, started.failed, started.isSound], [0, 0, false]);
  assert.match(
    started.results.map(({ detail }) => detail).join('\n'),
    /a good token of nora was answered with 401 too/,
  );
  const running = await runAddressTest({ ...(await runningApi(t, 'lock')), requests }, { wait });
  assert.deepEqual([running.passed, running.failed, running.isSound], [0, 0, false]);
});

test('S-108[guard] a limit that the attacks have used up is waited out before the last word', async (t) => {
  let asked = 0;
  const { token } = await runningApi(t);
  const server = createServer((request, response) => {
    asked += 1;
    const isLimited = asked > 20 && waited.length === 0;
    const isGood = request.headers.authorization === `Bearer ${token}`;
    response.writeHead(isLimited ? 429 : isGood ? 200 : 401, { 'retry-after': '7' }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const waited: number[] = [];
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const waits = async (time: number): Promise<void> => void (time > 1000 && waited.push(time));
  const { passed, untested } = await runAddressTest({ url, token, requests }, { wait: waits });
  assert.deepEqual(waited, [7000]);
  assert.ok(passed > 10 && untested > 10, `${passed} passed, ${untested} were not tested`);
});

test('S-108[guard] what is no object, or too large to be read, is not said to show nothing', async () => {
  const cases = matrix(notesPolicy()).cases.filter(({ about }) => about === 'reads');
  assert.ok(cases.length > 0);
  for (const body of ['secret', '["secret"]', '"secret"', '', `{"secret":"${'x'.repeat(1_000_001)}"}`]) {
    const report = await runGuardTest({
      issuer,
      start: () => (_, response) => void response.end(body),
      callers: { nora: { sub: 'nora' } },
      requests: [],
      policy: { cases, arrange: () => ({ method: 'GET', path: '/notes/1', claims: { sub: 'nora' } }) },
    });
    assert.deepEqual([report.passed, report.isSound], [0, false], body.slice(0, 10));
  }
});

test('S-108[guard] a path that names another host is not followed there', async (t) => {
  const api = await runningApi(t);
  let heard = 0;
  const other = createServer((_, response) => void response.end(String((heard += 1)))).listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const { port } = other.address() as AddressInfo;
  for (const path of [`//127.0.0.1:${port}/`, `/\\127.0.0.1:${port}/`, `http://127.0.0.1:${port}/`]) {
    await assert.rejects(
      runAddressTest({ ...api, requests: [{ method: 'GET', path }] }, { wait }),
      /is no path of/,
      path,
    );
  }
  assert.equal(heard, 0);
});

/** An API on a real port, and a good token for it. */
async function runningApi(t: TestContext, flaw?: Flaw): Promise<{ readonly url: URL; readonly token: string }> {
  const lab = await openLab(issuer);
  const listener = (await flawedTest(flaw).start(lab)) as RequestListener;
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await lab.close();
  });
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return { url, token: goodToken(lab.blankFor({ sub: 'nora' })) };
}

const requests = [{ method: 'GET', path: '/invoices' }];
const wait = async (): Promise<void> => {};

test('S-108[guard] an API that runs already is tried with what one token can become', async (t) => {
  const sound = await runAddressTest({ ...(await runningApi(t)), requests }, { wait });
  assert.deepEqual(failuresOf(sound), []);
  assert.ok(sound.passed > 60, `${sound.passed} were tried`);
  assert.ok(sound.results.some(({ detail }) => detail === 'needs a key of the issuer'));
  const flawed = await runAddressTest({ ...(await runningApi(t, 'signature of none')), requests }, { wait });
  assert.match(failuresOf(flawed).join('\n'), /the algorithm "none" without signature/);
});

test('S-108[guard] no host but this machine is asked, unless it was named, and never fast', async () => {
  const foreign = { url: new URL('https://api.example'), token: 'a.b.c', requests };
  await assert.rejects(runAddressTest(foreign, { wait }), /api\.example is not this machine/);
  await assert.rejects(runAddressTest({ ...foreign, permittedHost: 'example' }, { wait }), /is not this machine/);
  for (const url of ['http://127.0.0.1.evil.example', 'http://localhost.evil.example', 'http://0.0.0.0']) {
    await assert.rejects(runAddressTest({ ...foreign, url: new URL(url) }, { wait }), /is not this machine/);
  }
  for (const rate of [0, 51, Number.NaN]) {
    await assert.rejects(runAddressTest({ ...foreign, url: new URL('http://127.0.0.1'), rate }, { wait }), /rate/);
  }
});
