import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { systemRuntime } from '@castellan/protocol';
import { carryOver } from './testing/carriers.ts';
import { foreignIssuers, signAs } from './testing/foreign-issuers.ts';
import { startNotes } from './testing/readme-api.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

test('S-110[guard] S-9 the API that the README shows runs in Express with a token in the shape of Auth0', async (t) => {
  // All but the comment that opens the file.
  const shown = read('testing/readme-api.ts').replace(/^.*\n/, '').trim();
  assert.ok(read('../README.md').includes(shown), 'the README shows the file');
  const test = read('testing/readme-guard-test.ts').replace(/^.*\n/, '').trim();
  assert.ok(read('../README.md').includes(test.replace('./readme-api.ts', './notes.ts')), 'and the file of its test');
  const [auth0] = foreignIssuers();
  assert.ok(auth0);
  const now = Math.floor(systemRuntime.now() / 1000);
  const guard = startNotes({
    ...systemRuntime,
    fetch: async (url) => Response.json(auth0.documents[String(url)]),
  });
  const express = await carryOver('express', guard, { prefix: '/notes' });
  t.after(express.close);
  const send = async (claims: object): Promise<{ status: number; body: string }> => {
    const token = signAs(auth0.privateKey, auth0.header, { ...auth0.person, iat: now, exp: now + 60, ...claims });
    const headers = { authorization: `Bearer ${token}` };
    const { status, body } = await express.send({ method: 'GET', target: '/notes', headers });
    return { status, body };
  };
  assert.deepEqual(await send({ scope: 'openid read:notes' }), {
    status: 200,
    body: '{"items":[{"id":1,"title":"Mine"}]}',
  });
  assert.equal((await send({ scope: 'openid' })).status, 403);
  assert.equal((await send({ aud: 'https://other.example' })).status, 401);
});
