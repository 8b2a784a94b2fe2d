import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNotes } from './testing/notes.ts';

test('R-186[guard] R-162[guard] the inventory names every route with what it declares, and cannot be changed', async () => {
  const { guard } = await startNotes();
  const { inventory } = guard;
  assert.deepEqual(
    inventory.map(({ method, path }) => `${method} ${path}`),
    [
      'GET /.well-known/oauth-protected-resource',
      'GET /fails',
      'GET /health',
      'GET /leaks',
      'GET /notes',
      'DELETE /notes/:id',
      'GET /notes/:id',
      'PATCH /notes/:id',
    ],
  );
  assert.deepEqual(inventory.at(-1), {
    method: 'PATCH',
    path: '/notes/:id',
    action: 'note.update',
    scopes: ['notes:read notes:write'],
    input: ['body', 'params'],
    output: 'one note',
    limit: { count: 20, period: 60 },
  });
  assert.deepEqual(
    inventory.filter(({ publicBecause }) => publicBecause !== undefined).map(({ path }) => path),
    ['/.well-known/oauth-protected-resource', '/health'],
    'what is public is public by a reason',
  );
  assert.deepEqual(JSON.parse(JSON.stringify(inventory)), inventory);
  assert.ok(Object.isFrozen(inventory) && inventory.every((entry) => Object.isFrozen(entry)));
});
