/**
 * `npm test`: installs what is missing, runs the checks one after another, then every test file in one node:test run
 * whose summary closes the output.
 *
 *     npm test                     everything
 *     npm test -- unit flow        some parts: types lint format unused, architecture unit flow store faults interop browser packages
 *     npm test -- packages/bff     every test file whose path contains this text
 *     npm test -- --verbose        every test by name
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { ensureInstalled, InstallError, projectNode, root } from './install.js';
import { checks, partOf, parts, quickParts } from './parts.js';

/** Never descended into when looking for tests. */
const skippedFolders = new Set(['node_modules', 'dist', '.git', '.castellan', 'coverage', 'docs']);

async function main() {
  const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
  const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  const chosen = flags.includes('--quick') ? [...quickParts, ...wanted] : wanted;
  const files = chooseFiles(chosen);
  const steps = Object.keys(checks).filter((name) => chosen.length === 0 || chosen.includes(name));
  if (files.length === 0 && steps.length === 0) {
    fail(`Nothing is called ${chosen.join(', ')}.`);
    return;
  }

  await ensureInstalled();
  await installInterop(files);
  const failed = [];
  for (const name of steps) {
    const [program, ...rest] = checks[name];
    if (!(await step(name, [join(root, 'node_modules', '.bin', program), ...rest]))) failed.push(name);
  }
  if (files.length > 0) {
    const passedOn = ['--verbose'].filter((flag) => flags.includes(flag));
    if (failed.length > 0) passedOn.push(`--failed-before=${failed.join(', ')}`);
    const tests = await step(`tests: ${files.length} files`, [
      projectNode,
      'tools/run-tests.js',
      ...passedOn,
      ...files,
    ]);
    if (!tests) process.exitCode = 1;
  } else if (failed.length > 0) fail(`Failed, see above: ${failed.join(', ')}.`);
}

/** Runs one step with its header and time; the terminal is the step's own, so its output stands last. */
async function step(name, [program, ...rest]) {
  process.stdout.write(`\n── ${name} ${'─'.repeat(Math.max(3, 70 - name.length))}\n`);
  const started = Date.now();
  const code = await run(program, rest);
  if (!name.startsWith('tests')) {
    process.stdout.write(`${code === 0 ? 'ok' : 'FAILED'} in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  }
  return code === 0;
}

function run(program, rest) {
  const path = [dirname(projectNode), join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  const shell = process.platform === 'win32' && !program.endsWith('.exe');
  const child = spawn(program, rest, { cwd: root, stdio: 'inherit', shell, env: { ...process.env, PATH: path } });
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(fail(`${program}: ${error.message}`)));
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** Test files of the chosen parts, or whose path holds a chosen text; those of the longest parts first. */
function chooseFiles(chosen) {
  const all = [...findTests('packages'), ...findTests('test'), ...findTests('examples')];
  const fits = (file) =>
    chosen.length === 0 || chosen.some((word) => partOf(file) === word || (/[/.]/.test(word) && file.includes(word)));
  return all.filter(fits).sort((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1));
}

/** How early a file starts. */
function rank(file) {
  return parts.findIndex((part) => part.name === partOf(file));
}

function findTests(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return skippedFolders.has(entry.name) ? [] : findTests(path);
    return entry.name.endsWith('.test.ts') ? [path] : [];
  });
}

/** The clients of test/interop are no workspaces: each has its own lockfile, as a user of that client would. */
async function installInterop(files) {
  const folders = new Set(files.filter((file) => partOf(file) === 'interop').map((file) => dirname(file)));
  for (const folder of folders) {
    const path = join(root, ...folder.split('/'));
    if (existsSync(join(path, 'package-lock.json'))) await ensureInstalled(path);
  }
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
  return 1;
}

try {
  await main();
} catch (error) {
  if (!(error instanceof InstallError)) throw error;
  fail(error.message);
}
