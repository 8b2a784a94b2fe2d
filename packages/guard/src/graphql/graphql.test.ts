import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ExecutionResult, execute, graphql, subscribe } from 'graphql';
import { graphqlConformance } from '../testing/graphql-conformance.ts';
import { startWorld } from '../testing/graphql-world.ts';

graphqlConformance('graphql 17');

test('R-202[graphql] what runs operations, and every plugin in it, sees no more of an error than the client', async () => {
  const results: ExecutionResult[] = [];
  const engine = {
    execute: async (args: Parameters<typeof execute>[0]) => {
      const result = await execute(args);
      results.push(result);
      return result;
    },
    subscribe,
  };
  const world = await startWorld({ graphql: { engine } });
  await world.ask('{ fails { id } invoice(id: 1) { secret } }', { token: await world.token() });
  const errors = results.flatMap((result) => result.errors ?? []);
  assert.deepEqual(errors.map(({ message }) => message).sort(), ['Something went wrong here.', 'This is not allowed.']);
  for (const { originalError } of errors) assert.equal(String(originalError?.stack).includes('hunter2'), false);
});

test('R-199[graphql] S-64[graphql] S-67 the schema answers nobody who runs it past the guard', async () => {
  const { schema } = await startWorld();
  for (const contextValue of [undefined, {}, { principal: { kind: 'person', id: 'theo', role: 'keeper' } }]) {
    const source = '{ health invoice(id: 1) { id } me { id } }';
    const { data, errors } = await graphql({ schema, source, contextValue });
    assert.equal(data?.['invoice'] ?? null, null);
    assert.ok((errors?.length ?? 0) > 0);
    assert.equal(JSON.stringify(data ?? {}).includes('ok'), false);
  }
});

test('R-202[graphql] I-7[guard] a result that cannot be written, and an engine that fails, end with one event each', async () => {
  const engines = [
    () => ({ data: { me: 1n } }),
    () => {
      throw new TypeError('hunter2');
    },
    async () => Promise.reject(new Error('hunter2')),
    async function* () {
      yield await Promise.resolve({ data: {} });
    },
  ];
  for (const run of engines) {
    const world = await startWorld({ graphql: { engine: { execute: run, subscribe } } });
    const answer = await world.ask('{ me { id } }', { token: await world.token() });
    assert.equal(answer.status, 500);
    assert.equal(answer.text.includes('hunter2'), false);
    assert.deepEqual(
      (await world.outcomes()).map(({ outcome, status, reason }) => [outcome, status, reason]),
      [['failure', 500, 'server_error']],
    );
  }
});

test('R-202[graphql] R-183 a stream that fails in the middle ends with a frame that says nothing, and the process lives', async () => {
  const sources = [
    async function* () {
      yield await Promise.resolve({ data: { tick: 1n } });
    },
    async function* () {
      yield await Promise.reject(new Error('hunter2'));
    },
  ];
  for (const source of sources) {
    const world = await startWorld({ graphql: { engine: { execute, subscribe: source } } });
    const headers = { accept: ['text/event-stream'] };
    const answer = await world.ask('subscription { tick }', { token: await world.token(), headers });
    let text = '';
    for await (const frame of answer.stream ?? []) text += frame;
    assert.match(text, /^event: next\ndata: \{"errors":\[\{"message":"Something went wrong here\."/);
    assert.match(text, /event: complete\ndata:\n\n$/);
    assert.equal(text.includes('hunter2'), false);
    assert.deepEqual(
      (await world.outcomes()).map(({ outcome }) => outcome),
      ['failure'],
    );
  }
});

test('R-183 R-202[graphql] I-11[guard] objects that come, or fail, after their list was refused end nothing', async () => {
  const foreign = { id: 42, tenantId: 'b', ownerId: 'mallory', customer: 'Foreign', total: 900, secret: null };
  const lists = (failing: Promise<never>): readonly (readonly unknown[])[] => [
    Array.from({ length: 11 }, () => failing),
    [failing, foreign],
    [foreign, failing],
    [Promise.resolve(foreign), foreign, failing],
  ];
  for (const index of lists(new Promise<never>(() => undefined)).keys()) {
    const { promise, reject } = Promise.withResolvers<never>();
    const world = await startWorld({
      engine: (schema) => {
        const believed = schema.getQueryType()?.getFields()['believed'];
        if (believed !== undefined) believed.resolve = () => lists(promise)[index];
        return { execute, subscribe };
      },
    });
    const answer = await world.ask('{ believed { id } }', { token: await world.token() });
    assert.equal(answer.errors[0]?.extensions['code'], 'server_error');
    reject(new Error('hunter2'));
    // A rejection that is nobody's is told of now, and fails the test.
    await new Promise(setImmediate);
  }
});

test('R-199[graphql] I-11[guard] an object that comes through any thenable is decided on, and a refusal of it ends nothing', async () => {
  const own = { id: 1, tenantId: 'a', ownerId: 'nora', customer: 'Harbour', total: 100, secret: null };
  const ask = async (object: object, inList: boolean) => {
    // oxlint-disable-next-line unicorn/no-thenable -- query builders answer with what can be waited for and is no promise
    const later = { then: (resolve: (row: object) => void) => queueMicrotask(() => resolve(object)) };
    const world = await startWorld({
      engine: (schema) => {
        const fields = schema.getQueryType()?.getFields() ?? {};
        for (const name of ['believed', 'invoice'])
          if (fields[name] !== undefined) fields[name].resolve = () => (name === 'believed' ? [later] : later);
        return { execute, subscribe };
      },
    });
    const query = inList ? '{ believed { id } }' : '{ invoice(id: 1) { id } }';
    const { data, errors } = await world.ask(query, { token: await world.token() });
    return [data, errors[0]?.extensions['code']];
  };
  const foreign = { ...own, id: 42, tenantId: 'b', ownerId: 'mallory' };
  assert.deepEqual(await ask(own, true), [{ believed: [{ id: '1' }] }, undefined]);
  assert.deepEqual(await ask(own, false), [{ invoice: { id: '1' } }, undefined]);
  assert.deepEqual(await ask(foreign, true), [null, 'server_error']);
  assert.deepEqual(await ask(foreign, false), [{ invoice: null }, undefined]);
});
