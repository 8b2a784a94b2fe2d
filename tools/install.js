/**
 * Installs what is missing, and says what it does in one line. Plain Node 18 without dependencies: it runs before
 * anything is installed, on whatever Node the machine has. Everything after it runs on the Node the lockfile pins.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
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
  if (reason === undefined) return;
  const where = folder === root ? 'packages' : `packages of ${relative(root, folder)}`;
  const progress = startProgress(`Installing ${where} (${reason})`, () => countInstalled(folder));
  const { code, output } = await runNpmCi(folder);
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

/** npm's own noise (engines of the machine's Node, funding, audits) says nothing about this project: only errors. */
function runNpmCi(folder) {
  const npm = process.env.npm_execpath;
  const runsNpm = npm?.endsWith('npm-cli.js') === true;
  const [command, first] = runsNpm ? [process.execPath, [npm]] : ['npm', []];
  const quiet = ['--loglevel=error', '--no-audit', '--no-fund', '--no-progress', '--no-update-notifier'];
  // npm waits ten seconds and more before it tries again: too long for somebody who is offline and should be told.
  const impatient = ['--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000'];
  const child = spawn(command, [...first, 'ci', ...quiet, ...impatient], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: !runsNpm && process.platform === 'win32',
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
