/**
 * What users install works: every published package is built, packed, installed in an empty folder and used there,
 * on the pinned Node and on the oldest one it promises.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { root } from './architecture/tree.ts';

/** Run on the oldest Node they promise; the others need the pinned one's generation. */
const onOlderNode = ['protocol', 'policy', 'audit', 'limits', 'guard', 'bff'];
const olderNode = '22.13.1';

const home = mkdtempSync(join(tmpdir(), 'castellan-packages-'));
const built = join(home, 'built');
/** An empty project that has installed the packed packages. */
const project = join(home, 'project');
const cache = join(root, 'node_modules', '.cache', 'castellan', `node-${olderNode}`);
const packages = readdirSync(join(root, 'packages')).filter((name) => !manifestOf(name).private);
/** Why nothing could be installed. */
let offline: string | undefined;

after(() => rmSync(home, { recursive: true, force: true }));

before(async () => {
  mkdirSync(project);
  const { code, output } = await run(process.execPath, [join(root, 'tools', 'build.js'), built]);
  assert.equal(code, 0, output);
  await Promise.all([installProject(), installOlderNode()]);
});

async function installProject(): Promise<void> {
  const packed = await Promise.all(
    packages.map((name) => run('npm', ['pack', '--silent', '--pack-destination', home], join(built, name))),
  );
  for (const { code, output } of packed) assert.equal(code, 0, output);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  await install(
    project,
    packed.map(({ output }) => join(home, output.trim())),
  );
}

/** Kept between runs: it is large and never changes. */
async function installOlderNode(): Promise<void> {
  if (existsSync(olderNodePath())) return;
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, 'package.json'), JSON.stringify({ private: true }));
  await install(cache, [`${olderNodePackage()}@${olderNode}`]);
}

async function install(folder: string, what: readonly string[]): Promise<void> {
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error'];
  const { code, output } = await run('npm', ['install', ...quiet, ...what], folder);
  if (code === 0) return;
  const isNetwork = /ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ENETUNREACH|network/i.test(output);
  if (!isNetwork || process.env['CI'] !== undefined) assert.fail(`npm install failed:\n${output}`);
  offline = 'the package registry cannot be reached from here';
}

/** The package `node` fetches one of these by a script; asking for it by name needs no script. */
function olderNodePackage(): string {
  const prefix = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  return [prefix, process.platform === 'win32' ? 'win' : process.platform, process.arch].join('-');
}

function olderNodePath(): string {
  return join(cache, 'node_modules', olderNodePackage(), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program to its end, on the pinned Node unless it is told otherwise. */
function run(program: string, rest: readonly string[], cwd = project): Promise<Ended> {
  const { NODE_OPTIONS: _, ...environment } = process.env;
  const path = [dirname(process.execPath), environment['PATH'] ?? ''].join(delimiter);
  const child = spawn(program, rest, {
    cwd,
    env: { ...environment, PATH: path, NO_COLOR: '1' },
    shell: process.platform === 'win32',
  });
  return new Promise((resolve) => {
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += String(chunk);
      });
    }
    child.on('error', (error) => resolve({ code: 1, output: error.message }));
    child.on('close', (code) => resolve({ code, output }));
  });
}

function needsNetwork(t: TestContext): boolean {
  if (offline !== undefined) t.skip(offline);
  return offline === undefined;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')) as Manifest;
}

function nameOf(folder: string): string {
  return manifestOf(folder).name;
}

/** Imports packages and fails when one of them exports nothing but should. */
function importing(folders: readonly string[]): string {
  const lines = folders.map(
    (folder) => `console.log('${folder}', Object.keys(await import('${nameOf(folder)}')).length);`,
  );
  return lines.join('\n');
}

function assertImported(output: string, folders: readonly string[]): void {
  for (const folder of folders) {
    const exported = Number(new RegExp(`^${folder} (\\d+)$`, 'm').exec(output)?.[1]);
    // The command's package has nothing but types to import.
    assert.ok(exported > 0 || (folder === 'cli' && exported === 0), `${folder} exports nothing:\n${output}`);
  }
}

test('every package is imported from its tarball on the pinned Node', async (t) => {
  if (!needsNetwork(t)) return;
  const { code, output } = await run(process.execPath, ['--input-type=module', '--eval', importing(packages)]);
  assert.equal(code, 0, output);
  assertImported(output, packages);
});

test(`protocol, policy, audit, limits, guard and bff are imported on Node ${olderNode} too`, async (t) => {
  if (!needsNetwork(t)) return;
  const { code, output } = await run(olderNodePath(), ['--input-type=module', '--eval', importing(onOlderNode)]);
  assert.equal(code, 0, output);
  assertImported(output, onOlderNode);
});

test(`server and command end on Node ${olderNode} with one line that names the Node they need`, async (t) => {
  if (!needsNetwork(t)) return;
  const server = await run(olderNodePath(), ['--input-type=module', '--eval', importing(['server'])]);
  const bin = join(project, 'node_modules', 'castellan', 'bin', 'castellan.js');
  for (const { code, output } of [server, await run(olderNodePath(), [bin, '--version'])]) {
    assert.equal(code, 1);
    // That SQLite is an experiment there is said by that Node itself, before anything of ours runs.
    const own = output.replace(/^\(node:.* ExperimentalWarning: .*\n|^\(Use `node --trace-warnings .*\n/gm, '');
    assert.match(own, /^\S*castellan\S* needs Node 24\.7 or newer; this is Node 22\.13\.1\.\n$/);
  }
});

test('the command answers and refuses a wrong project from its tarball', async (t) => {
  if (!needsNetwork(t)) return;
  const version = await run('npx', ['--no-install', 'castellan', '--version']);
  assert.equal(version.code, 0);
  assert.equal(version.output.trimEnd().split('\n').at(-1), manifestOf('cli').version);
  writeFileSync(join(project, 'castellan.config.ts'), `export const project: unknown = { name: 'x', ports: 'api' };`);
  const { code, output } = await run('npx', ['--no-install', 'castellan', 'dev']);
  assert.equal(code, 1);
  assert.match(output, /^ {2}project\.ports: found a string; allowed is /m);
  assert.match(output, /^ {2}project\.describe: found nothing; allowed is /m);
  assert.doesNotMatch(output, /^\s+at /m, 'a stack trace is shown');
});

test(`S-108[guard] the hostile tokens come with the guard, and are sent from its tarball, on Node ${olderNode} too`, async (t) => {
  if (!needsNetwork(t)) return;
  const program = `
    import { readCorpus, runGuardTest } from '@castellan/guard/kit';
    const issuer = { issuer: 'https://a.example', audience: 'b', algorithms: ['ES256'], typ: 'at+jwt', discovery: 'oauth' };
    const start = () => (request, response) => response.end('{}');
    const requests = [{ method: 'GET', path: '/' }];
    const { failed, passed } = await runGuardTest({ issuer, start, callers: { nora: { sub: 'nora' } }, requests });
    console.log(readCorpus().cases.length > 200, failed > 200, passed < 30);`;
  for (const node of [process.execPath, olderNodePath()]) {
    const { code, output } = await run(node, ['--input-type=module', '--eval', program]);
    assert.equal(code, 0, output);
    assert.match(output, /^true true true$/m);
  }
});

test('types of every package are found by a strict consumer', async (t) => {
  if (!needsNetwork(t)) return;
  const names = packages.map(nameOf);
  writeFileSync(
    join(project, 'consumer.ts'),
    names.map((name, index) => `export * as p${index} from '${name}';`).join('\n'),
  );
  const flags = [
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--strict',
    '--noEmit',
    '--skipLibCheck',
    'false',
    '--types',
    'node',
  ];
  const typeRoots = ['--typeRoots', join(root, 'node_modules', '@types')];
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { code, output } = await run(process.execPath, [tsc, ...flags, ...typeRoots, 'consumer.ts']);
  assert.equal(code, 0, output);
});

for (const folder of packages) {
  test(`${folder}: publint and attw find nothing wrong with the tarball`, async (t) => {
    if (!needsNetwork(t)) return;
    const { name, version } = manifestOf(folder);
    const tarball = join(home, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`);
    const binaries = join(root, 'node_modules', '.bin');
    const [lint, types] = await Promise.all([
      run(join(binaries, 'publint'), ['--strict', tarball]),
      run(join(binaries, 'attw'), ['--profile', 'esm-only', tarball]),
    ]);
    assert.equal(lint.code, 0, lint.output);
    assert.equal(types.code, 0, types.output);
  });
}
