import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CommandError } from '../failure.ts';
import { type RoutesOptions, routes } from './routes.ts';

const readme = new URL('../../../guard/src/testing/readme-api.ts', import.meta.url).href;
const guard = `import { startNotes } from '${readme}';\nexport const guard = startNotes();\n`;

/** A folder with one module in it. */
function project(t: TestContext, source: string): { module: string; keep: (text: string) => string } {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-routes-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const module = join(folder, 'guard.ts');
  writeFileSync(module, source);
  const keep = (text: string): string => {
    const kept = join(folder, 'kept.json');
    writeFileSync(kept, text);
    return kept;
  };
  return { module, keep };
}

async function run(options: RoutesOptions): Promise<{ code: number; text: string }> {
  const printed: string[] = [];
  const code = await routes(options, { print: (text) => printed.push(text) });
  return { code, text: printed.join('\n') };
}

test('R-186[guard] castellan routes prints every route with what it declares', async (t) => {
  const { code, text } = await run({ module: project(t, guard).module });
  assert.equal(code, 0);
  const lines = text.split('\n');
  assert.match(lines[0] ?? '', /^ROUTE +ACTION +SCOPES +INPUT +OUTPUT +LIMIT +NOTE$/);
  assert.match(lines[1] ?? '', /^GET \/\.well-known\/oauth-protected-resource +public +- +- +- +- +RFC 9728 §3: /);
  assert.match(lines[2] ?? '', /^GET \/notes +note\.list +read:notes +nothing +many note +60 in 60 s +-$/);
  assert.equal(lines.length, 3);
});

test('R-186[guard] a difference from a kept inventory is told in words, and fails', async (t) => {
  const { module, keep } = project(t, guard);
  const { text } = await run({ module, json: true });
  assert.deepEqual(await run({ module, diff: keep(text) }), { code: 0, text: 'No route differs.' });
  const kept = (JSON.parse(text) as { path: string }[]).map((route) =>
    route.path === '/notes'
      ? { ...route, scopes: ['admin:notes'], limit: { count: 5, period: 60 } }
      : { ...route, path: '/old' },
  );
  const { code, text: told } = await run({ module, diff: keep(JSON.stringify(kept)) });
  assert.equal(code, 1);
  const because = 'public, because RFC 9728 §3: clients read it before they have a token';
  assert.deepEqual(told.split('\n'), [
    `- GET /old: ${because}`,
    `+ GET /.well-known/oauth-protected-resource: ${because}`,
    '~ GET /notes: scopes was admin:notes, is read:notes',
    '~ GET /notes: limit was 5 in 60 s, is 60 in 60 s',
  ]);
});

test('R-186[guard] what is no guard and no inventory is refused in words, and prints nothing', async (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['export const app = {};', /exports no guard, but app\./],
    ["throw new Error('no database');", /cannot be run: no database/],
    ['export const a = { inventory: [] }, b = a;', /more than one guard: a, b/],
    ["export const a = { inventory: 'x' };", /is not a list of routes/],
    ["export const a = { inventory: [{ method: 'GET' }] };", /route 1 has no method and path/],
    [
      "export const a = { inventory: [{ method: 'GET', path: '/', secret: 1 }] };",
      /field that is not known here: secret/,
    ],
  ];
  for (const [source, reason] of cases) {
    const { module } = project(t, source);
    await assert.rejects(run({ module }), (error) => error instanceof CommandError && reason.test(error.message));
  }
  const { module, keep } = project(t, guard);
  await assert.rejects(run({ module, diff: keep('{') }), /cannot be read as JSON/);
  await assert.rejects(run({ module, diff: join(module, 'missing') }), CommandError);
});

test('R-186[guard] text of a module cannot move the cursor of the terminal', async (t) => {
  const { module } = project(
    t,
    "export const a = { inventory: [{ method: 'GET', path: '/', publicBecause: '\\u001b[2J\\u202e' }] };",
  );
  assert.doesNotMatch((await run({ module })).text, /[^\P{C}\n]/u);
});
