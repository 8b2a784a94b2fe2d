import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memorySink } from '@castellan/audit';
import { memoryLimitStore, memoryMarkStore } from '@castellan/limits';
import { systemRuntime } from '@castellan/protocol';
import { type GuardConfig, GuardConfigError } from './config.ts';
import { createGuard } from './guard.ts';
import { type NotesWords, startNotes } from './testing/notes.ts';

type Config = GuardConfig<NotesWords>;
type Change = (config: Config) => object;

const shared = { ...memoryLimitStore({ capacity: 10 }), reach: 'shared' as const };

async function fitConfig(): Promise<Config> {
  let config: Config | undefined;
  await startNotes((built) => {
    config = built;
    return {};
  });
  assert.ok(config);
  return { ...config, production: true, nodes: 'one' };
}

function problemsOf(config: Config, sinks = [memorySink()]): readonly string[] {
  try {
    createGuard(config, systemRuntime, sinks);
    return [];
  } catch (error) {
    assert.ok(error instanceof GuardConfigError);
    return error.problems;
  }
}

test('R-219[guard] S-107 in production each setting that is fit for development only stops the start, by itself', async () => {
  const fit = await fitConfig();
  assert.deepEqual(problemsOf(fit), []);
  assert.deepEqual(problemsOf({ ...fit, nodes: 'several', limits: { ...fit.limits, store: shared } }), []);
  const issuer =
    (part: object): Change =>
    ({ issuers }) => ({ issuers: [{ ...issuers[0], ...part }] });
  const asked = { endpoint: 'https://issuer.example/introspect', client: 'api', secret: 's'.repeat(32) };
  const introspecting = (part: object): Change =>
    issuer({ algorithms: undefined, typ: undefined, jwksUri: undefined, introspection: { ...asked, ...part } });
  assert.deepEqual(problemsOf({ ...fit, ...introspecting({})(fit) }), []);
  const signed = { algorithms: ['ES256'], jwksUri: 'http://localhost:4000/jwks' };
  const unfit: readonly [Change, RegExp][] = [
    [() => ({ resource: 'http://127.0.0.1:4001' }), /^resource must be https in production$/],
    [issuer({ issuer: 'http://localhost:4000' }), /^issuers\[0\]\.issuer must be https/],
    [issuer({ jwksUri: 'http://localhost:4000/jwks' }), /^issuers\[0\]\.jwksUri must be https/],
    [introspecting({ endpoint: 'http://localhost:4000/introspect' }), /^issuers\[0\]\.introspection\.endpoint must be/],
    [introspecting({ signed }), /^issuers\[0\]\.introspection\.signed\.jwksUri must be https/],
    [introspecting({ secret: 's'.repeat(31) }), /^issuers\[0\]\.introspection\.secret must have 32/],
    [issuer({ maxLifetime: 3601 }), /^issuers\[0\]\.maxLifetime: .*need revocation or notBefore/],
    [() => ({ nodes: undefined }), /^nodes is missing/],
    [() => ({ nodes: 'several' }), /^limits\.store counts for one node/],
  ];
  const own = memoryMarkStore({ capacity: 10 });
  const several = { nodes: 'several', limits: { ...fit.limits, store: shared } } as const;
  assert.match(problemsOf({ ...fit, ...several, flows: own })[0] ?? '', /^flows counts for one node/);
  assert.deepEqual(problemsOf({ ...fit, ...several, flows: { ...own, reach: 'shared' } }), []);
  for (const [change, expected] of unfit) {
    const [problem = '', ...more] = problemsOf({ ...fit, ...change(fit) });
    assert.match(problem, expected);
    assert.deepEqual(more, []);
    assert.deepEqual(problemsOf({ ...fit, ...change(fit), production: false }), [], 'in development');
  }
  assert.match(problemsOf(fit, [])[0] ?? '', /^sinks is empty/);
  assert.deepEqual(problemsOf({ ...fit, production: false }, []), []);
});

test('R-219[guard] long tokens are fit where they can be ended, and production is said in so many words', async () => {
  const fit = await fitConfig();
  const long = { ...fit.issuers[0], maxLifetime: 86_400 } as Config['issuers'][number];
  const notBefore = { staleness: 10, find: () => undefined };
  const revocation = { staleness: 10, isRevoked: () => false };
  assert.deepEqual(problemsOf({ ...fit, issuers: [long], notBefore }), []);
  assert.deepEqual(problemsOf({ ...fit, issuers: [{ ...long, revocation }] }), []);
  for (const wrong of ['true', 1, null]) {
    assert.match(problemsOf({ ...fit, production: wrong as never })[0] ?? '', /^production is true or false/);
  }
  assert.match(problemsOf({ ...fit, nodes: 2 as never })[0] ?? '', /^nodes is 'one' or 'several'/);
});
