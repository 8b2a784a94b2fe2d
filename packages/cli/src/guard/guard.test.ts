import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { guardTest } from './guard.ts';

const readmeTest = new URL('../../../guard/src/testing/readme-guard-test.ts', import.meta.url).pathname;
const none = { route: [], rate: 10 };

async function run(
  module: string | undefined,
  options = {},
): Promise<{ sound: boolean; output: string; told: string }> {
  const [printed, told]: [string[], string[]] = [[], []];
  const deps = { print: (text: string) => void printed.push(text), tell: (text: string) => void told.push(text) };
  const sound = await guardTest(module, { ...none, ...options }, deps);
  return { sound, output: printed.join('\n'), told: told.join('\n') };
}

test('S-108[guard] one command tries the API of the README and prints what was tried, and why something was not', async () => {
  const { sound, output, told } = await run(readmeTest);
  assert.equal(sound, true);
  assert.match(output, /no signature \(alg none\)\s+16\s+0\s+0/);
  assert.match(output, /signatures that are not whole.*only for ES256; this issuer signs RS256/);
  assert.match(output, /\d+ refused or answered as they must be, 0 not, \d+ not tested\./);
  assert.equal(told, '[1/1] GET /notes');
});

test('S-108[guard] an API with a hole fails the command, with the token and the route, as text and as JSON', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-guard-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const module = join(folder, 'believing.ts');
  writeFileSync(
    module,
    `import { guardTest as sound } from ${JSON.stringify(pathToFileURL(readmeTest).href)};
    export const guardTest = { ...sound, start: () => (request, response) => response.end('{}') };`,
  );
  const { sound, output } = await run(module);
  assert.equal(sound, false);
  assert.match(output, /FAIL.* GET \/notes: the algorithm "none" without signature .*answered with 200 instead of 401/);
  const { output: json } = await run(module, { json: true });
  const report = JSON.parse(json) as { failed: number; results: { verdict: string }[] };
  assert.ok(report.failed > 150);
  assert.equal(report.results.filter(({ verdict }) => verdict === 'fail').length, report.failed);
  assert.doesNotMatch(json, /eyJ/, 'no token is printed');
});

test('S-108[guard] what cannot be tested is said in a sentence', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-guard-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [empty, partial, token] = ['empty.ts', 'partial.ts', 'token'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(empty, 'export const guard = 1;');
  writeFileSync(partial, 'export const guardTest = { callers: {} };');
  writeFileSync(token, 'a.b.c\n');
  const url = 'http://127.0.0.1:9';
  for (const [module, options, message] of [
    [undefined, {}, /Name a module that exports guardTest, or an API/],
    [empty, { url }, /Name a module that exports guardTest, or an API/],
    [empty, {}, /exports no guardTest, but guard\./],
    [partial, {}, /lacks issuer, start, requests\./],
    [undefined, { url: 'file:///etc/passwd' }, /is no http address/],
    [undefined, { url }, /--url needs --token/],
    [undefined, { url, token }, /--url needs --route/],
    [undefined, { url, token, route: ['/notes'] }, /\/notes is no route/],
    [undefined, { url: 'https://api.example', token, route: ['GET /notes'] }, /api\.example is not this machine/],
  ] as const) {
    await assert.rejects(run(module, options), { message });
  }
});
