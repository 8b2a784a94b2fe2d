/**
 * Installs what is missing, and says what it does in one line. Plain Node 18 without dependencies: it runs before
 * anything is installed, on whatever Node the machine has. Everything after it runs on the Node the lockfile pins.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { explainFailure } from './install-failure.js';

/** The folder of the repository. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The pinned Node, present once `ensureInstalled` has resolved. */
export const projectNode = join(
  root,
  'node_modules',
  'node',
  'bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
);

/** A failure that is already explained: print its message, not its stack. */
export class InstallError extends Error {}

/**
 * Runs `npm ci` in a folder when its node_modules do not match its lockfile.
 *
 * @param {string} [folder] the repository unless told otherwise
 * @throws {InstallError}
 */
export async function ensureInstalled(folder = root) {
  const reason = staleBecause(folder);
  if (reason !== undefined) {
    const where = folder === root ? 'packages' : `packages of ${relative(root, folder)}`;
    await install({ folder, title: `Installing ${where} (${reason})`, node: process.execPath });
  }
  if (folder === root && wasSkipped(folder)) await installOnPinnedNode(folder);
}

/** npm leaves optional packages out that the Node it runs on is too old for; the pinned one is not. */
async function installOnPinnedNode(folder) {
  // Every installation begins by removing node_modules, and with it the Node that this one runs on.
  const place = mkdtempSync(join(tmpdir(), 'castellan-node-'));
  const node = join(place, basename(projectNode));
  try {
    copyFileSync(projectNode, node);
    const title = `Installing packages (some were left out for Node ${process.versions.node})`;
    if (npmScript() !== undefined) await install({ folder, title, node });
    // Whatever is still missing will not come by trying again.
    writeFileSync(triedFile(folder), '');
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

async function install({ folder, title, node }) {
  const progress = startProgress(title, () => countInstalled(folder));
  const { code, output } = await runNpmCi(folder, node);
  const problem = code === 0 ? staleBecause(folder) : undefined;
  progress.end(code === 0 && problem === undefined);
  if (code !== 0) throw new InstallError(explainFailure(output));
  if (problem !== undefined) {
    throw new InstallError(
      `npm ci has finished, and yet ${problem}. If install scripts are switched off (npm config get ignore-scripts), ` +
        'switch them on for this folder: the script of the package «node» brings the Node that everything here runs on.',
    );
  }
}

/** Whether optional packages for this very platform are missing, and nobody has tried the pinned Node for them yet. */
function wasSkipped(folder) {
  if (existsSync(triedFile(folder))) return false;
  const found = readPackages(join(folder, 'node_modules', '.package-lock.json')) ?? {};
  const wanted = Object.entries(readPackages(join(folder, 'package-lock.json')) ?? {});
  return wanted.some(([path, entry]) => entry.optional && isForThisPlatform(entry) && found[path] === undefined);
}

/** Goes away with node_modules. */
function triedFile(folder) {
  return join(folder, 'node_modules', '.castellan-tried-pinned-node');
}

function isForThisPlatform({ os, cpu, libc }) {
  if (os?.includes(process.platform) !== true || cpu?.includes(process.arch) !== true) return false;
  const own = process.report?.getReport?.().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
  return libc === undefined || process.platform !== 'linux' || libc.includes(own);
}

/** Why node_modules do not fit the lockfile, as half a sentence; undefined when they fit. */
function staleBecause(folder) {
  const wanted = readPackages(join(folder, 'package-lock.json'));
  const found = readPackages(join(folder, 'node_modules', '.package-lock.json'));
  if (wanted === undefined) throw new InstallError(`${folder} has no package-lock.json that can be read.`);
  if (found === undefined) return 'none are installed yet';
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue;
    const have = found[path];
    // Optional packages of other platforms are never installed.
    if (have === undefined && !entry.optional) return `${shortName(path)} is missing`;
    if (have !== undefined && have.version !== entry.version) return `${shortName(path)} has another version`;
  }
  if (folder === root && !existsSync(projectNode)) return 'the pinned Node is missing';
  return undefined;
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function shortName(path) {
  return path.replace(/^.*node_modules\//, '');
}

function countInstalled(folder) {
  const paths = Object.keys(readPackages(join(folder, 'package-lock.json')) ?? {}).filter((path) => path !== '');
  return `${paths.filter((path) => existsSync(join(folder, path))).length} of ${paths.length}`;
}

/** npm as a script that any Node can run; undefined when only the command `npm` is known. */
function npmScript() {
  const path = process.env.npm_execpath;
  if (path?.endsWith('npm-cli.js') === true) return path;
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const command = join(folder, 'npm');
    if (folder !== '' && existsSync(command) && realpathSync(command).endsWith('npm-cli.js'))
      return realpathSync(command);
  }
  return undefined;
}

/** npm's own noise (engines of the machine's Node, funding, audits) says nothing about this project: only errors. */
function runNpmCi(folder, node) {
  const script = npmScript();
  const [command, first] = script === undefined ? ['npm', []] : [node, [script]];
  const quiet = ['--loglevel=error', '--no-audit', '--no-fund', '--no-progress', '--no-update-notifier'];
  // npm waits ten seconds and more before it tries again: too long for somebody who is offline and should be told.
  const impatient = ['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000'];
  const child = spawn(command, [...first, 'ci', ...quiet, ...impatient], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: script === undefined && process.platform === 'win32',
  });
  return new Promise((resolve) => {
    let output = '';
    const collect = (chunk) => {
      output += chunk;
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) => resolve({ code: 1, output: String(error.message) }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** One line: rewritten in place on a terminal, printed once at each end elsewhere. */
function startProgress(title, count) {
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  const live = process.stderr.isTTY === true;
  const draw = () => process.stderr.write(`\r\u001b[2K${title} … ${count()}, ${seconds()}`);
  if (!live) process.stderr.write(`${title} …\n`);
  const timer = live ? setInterval(draw, 500) : undefined;
  return {
    end(done) {
      clearInterval(timer);
      process.stderr.write(`${live ? '\r\u001b[2K' : ''}${title}: ${done ? 'done' : 'failed'} in ${seconds()}\n`);
    },
  };
}
