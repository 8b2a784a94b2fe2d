import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routesUnder } from './route.ts';
import { type Message, notesPolicy, schema, startNotes } from './testing/notes.ts';

const ifMatch = schema(({ 'if-match': match }) => (match === undefined ? 'is missing' : { match: String(match) }));

const patch = async (message: Message, target = '/notes/1') => {
  const { send, token, notes } = await startNotes();
  const before = notes.get(1);
  const answer = await send('PATCH', target, { token: await token(), ...message });
  assert.equal(notes.get(1), before, 'a refused request changes nothing');
  return answer;
};

test('R-178[guard] S-83[guard] JSON that two readers could read differently is refused', async () => {
  const bad = [
    '{"title":"a","title":"b"}',
    '{"title":"a","\\u0074itle":"b"}',
    '{"title":"a","__proto__":{"rank":1}}',
    '{"constructor":{"prototype":{}},"title":"a"}',
    '{"title":"\\ud800"}',
    '{"title":1e999}',
    `{"title":${'['.repeat(50)}${']'.repeat(50)}}`,
    '{"title":"a",}',
    '{title:"a"}',
    '\ufeff{"title":"a"}',
    '',
    'title=a',
  ];
  for (const body of bad) assert.equal((await patch({ body })).status, 400, body);
  for (const body of ['[]', '"title"', 'null', '42']) assert.equal((await patch({ body })).status, 400, body);
});

test('R-179[guard-node,guard-fetch] S-83[guard] another media type, an encoded body and a large one are refused', async () => {
  const body = '{"title":"a"}';
  const types = [
    'text/plain',
    'application/json; charset=latin1',
    'application/jsonp',
    'application/x-www-form-urlencoded',
  ];
  for (const type of [...types, 'application/json, text/plain', 'application/json-seq', '']) {
    assert.equal((await patch({ body, headers: { 'content-type': [type] } })).status, 415, type);
  }
  assert.equal((await patch({ body, headers: { 'content-type': [] } })).status, 415);
  assert.equal((await patch({ body, headers: { 'content-type': ['application/json', 'text/plain'] } })).status, 400);
  assert.equal((await patch({ body, headers: { 'content-encoding': ['gzip'] } })).status, 415);
  assert.equal((await patch({ body: `{"title":"${'a'.repeat(70_000)}"}` })).status, 413);
});

test('R-176[guard] a schema may set what is missing in the query that it is given, and nobody else sees it', async () => {
  const paged = schema((query) => {
    const { page } = query;
    query['page'] ??= '1';
    return page === 'seen' ? 'is of another request' : query;
  });
  const { send, token } = await startNotes(() => ({
    routes: {
      'GET /notes': routesUnder(notesPolicy).collection({
        action: 'note.list',
        input: { query: paged },
        output: { many: 'note' },
        limit: { count: 20, period: 60 },
        handle: ({ query }) => {
          query['page'] = 'seen';
          return [];
        },
      }),
    },
  }));
  const bearer = { token: await token() };
  for (const target of ['/notes', '/notes?page=2', '/notes'])
    assert.equal((await send('GET', target, bearer)).status, 200);
});

test('R-176[guard] S-85[guard] what is not declared is refused by name, from every source', async () => {
  const cases: readonly [string, Message, string][] = [
    ['/notes/1', { body: '{"title":"a","colour":"red"}' }, 'body.colour'],
    ['/notes/1?dry=1', { body: '{"title":"a"}' }, 'query.dry'],
    ['/notes/x', { body: '{"title":"a"}' }, 'params.id'],
    ['/notes/042', { body: '{"title":"a"}' }, 'params.id'],
    ['/notes/1e3', { body: '{"title":"a"}' }, 'params.id'],
  ];
  for (const [target, message, path] of cases) {
    const answer = await patch(message, target);
    assert.equal(answer.status, 400, target);
    const [problem] = answer.json['problems'] as readonly { path: string }[];
    assert.equal(problem?.path, path);
  }
});

test('R-177[guard] a parameter that comes twice, or from another source, is refused', async () => {
  const { send, token } = await startNotes();
  const bearer = { token: await token() };
  assert.equal((await send('GET', '/notes?state=open&state=closed', bearer)).status, 400);
  assert.equal((await send('GET', '/notes?state=open&%73tate=closed', bearer)).status, 400);
  assert.equal((await send('GET', '/notes?state[]=open', bearer)).status, 400);
  assert.equal((await send('GET', '/notes/1?id=42', bearer)).status, 400);
  assert.equal((await send('GET', '/notes?state=%ff', bearer)).status, 400);
  assert.equal((await send('GET', '/notes', { ...bearer, body: '{"state":"open"}' })).status, 413);
  assert.equal((await send('GET', '/notes?state=open', bearer)).status, 200);
});

test('R-176[guard] any Standard Schema fits: what a validator strips or refuses is named, nested members too', async () => {
  const title = ({ de }: Record<string, unknown>) => ({ de: String(de) });
  const strips = schema(({ title: sent }) => ({ title: title(sent as Record<string, unknown>) }));
  // Strict validators put the unknown names into one issue.
  const isStrict = (value: object) => Object.keys(value).every((key) => key === 'title');
  const strict: typeof strips = {
    '~standard': {
      ...strips['~standard'],
      validate: async (value) =>
        isStrict(value as object)
          ? strips['~standard'].validate(value)
          : { issues: [Object.assign({ message: 'unknown keys', path: [] }, { keys: ['x', 'y'] })] },
    },
  };
  const route = (body: typeof strips) =>
    routesUnder(notesPolicy).object({
      action: 'note.update',
      input: { params: schema(({ id }) => ({ id: Number(id) })), body, headers: ifMatch },
      load: ({ params }) => ({ id: params.id, ownerId: 'nora', title: 'x', rank: 1, state: 'open', hidden: null }),
      output: 'nothing',
      limit: { count: 10, period: 1 },
      handle: ({ headers }) => assert.deepEqual(headers, { match: '"1"' }),
    });
  const { send, token } = await startNotes(({ routes }) => ({
    routes: { ...routes, 'PUT /strip/:id': route(strips), 'PUT /strict/:id': route(strict) },
  }));
  const put = async (target: string, body: string, match: readonly string[] = ['"1"']) => {
    const answer = await send('PUT', target, { token: await token(), body, headers: { 'if-match': match } });
    const problems = (answer.json['problems'] ?? []) as readonly { path: string; message: string }[];
    return [answer.status, ...problems.map(({ path }) => path)];
  };
  for (const target of ['/strip/1', '/strict/1']) {
    assert.deepEqual(await put(target, '{"title":{"de":"a"}}'), [204]);
    assert.deepEqual(await put(target, '{"title":{"de":"a"},"x":1,"y":2}'), [400, 'body.x', 'body.y']);
    assert.deepEqual(await put(target, '{"title":{"de":"a","fr":"b"}}'), [400, 'body.title.fr']);
    assert.deepEqual(await put(target, '{"title":{"de":"a"}}', ['"1"', '"2"']), [400, 'headers.id']);
  }
});

test('R-176[guard] neither the token nor a cookie is among the headers that a handler can ask for', async () => {
  let seen: object = {};
  const all = schema((headers) => {
    seen = headers;
    return headers;
  });
  const route = routesUnder(notesPolicy).collection({
    action: 'note.list',
    input: { headers: all },
    output: { many: 'note' },
    limit: { count: 10, period: 1 },
    handle: () => [],
  });
  const { send, token } = await startNotes(({ routes }) => ({ routes: { ...routes, 'GET /all': route } }));
  const headers = { cookie: ['a=b'], accept: ['application/json'] };
  assert.equal((await send('GET', '/all', { token: await token(), headers })).status, 200);
  assert.deepEqual(seen, { accept: 'application/json' });
});
