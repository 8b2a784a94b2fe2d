/**
 * `npm run test:mutants [row or file...]`: breaks the product on purpose, one named break at a time, and expects the
 * named tests to notice. A break that no test notices is a hole in the tests.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../test/architecture/tree.ts';
import { type Mutant, mutants } from '../test/mutants.ts';

const wanted = process.argv.slice(2);
const chosen = mutants.filter(
  ({ row, file }) => wanted.length === 0 || wanted.some((word) => row === word || file.includes(word)),
);

/** A test that fails without a break proves nothing with one. */
const sound = new Map<string, boolean>();
await inParallel([...new Set(chosen.flatMap(({ tests }) => tests))], async (file) => {
  sound.set(file, (await runTest(file)) === 0);
});

const survivors: Mutant[] = [];
await inParallel(chosen, async (mutant) => {
  const verdict = await judge(mutant);
  if (verdict !== 'killed') survivors.push(mutant);
  console.log(`${verdict.padEnd(9)} ${mutant.row.padEnd(6)} ${mutant.file}: ${mutant.breaks}`);
});

const rows = new Set(chosen.map(({ row }) => row)).size;
console.log(`\n${chosen.length - survivors.length} of ${chosen.length} mutants killed, for ${rows} rows`);
if (survivors.length > 0) process.exitCode = 1;

async function judge({ file, find, replace, tests }: Mutant): Promise<'killed' | 'SURVIVED' | 'UNFIT'> {
  const text = readFileSync(join(root, file), 'utf8');
  // A break that does not parse would be noticed by every test, and prove nothing.
  if (text.split(find).length !== 2 || !parses(text.replace(find, () => replace))) return 'UNFIT';
  if (tests.some((test) => sound.get(test) !== true)) return 'UNFIT';
  const mutation = JSON.stringify({ url: pathToFileURL(join(root, file)).href, find, replace });
  for (const test of tests) if ((await runTest(test, mutation)) !== 0) return 'killed';
  return 'SURVIVED';
}

function parses(text: string): boolean {
  try {
    stripTypeScriptTypes(text, { mode: 'strip' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs one test file; processes that it starts are broken in the same way. By the runner, whose verdict is its own: the
 * exit hook of an embedded PostgreSQL ends a failed test file with 0.
 */
function runTest(file: string, mutation?: string): Promise<number> {
  const hook = `--import=${pathToFileURL(join(root, 'tools', 'mutate.js')).href}`;
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const child = spawn(process.execPath, ['--conditions=castellan-source', '--test', file], {
    cwd: root,
    stdio: 'ignore',
    timeout: 120_000,
    env: { ...environment, NODE_OPTIONS: hook, ...(mutation === undefined ? {} : { CASTELLAN_MUTANT: mutation }) },
  });
  return new Promise((resolve) => {
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker));
}
