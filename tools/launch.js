/**
 * Installs what is missing, then runs a script of the repository on the pinned Node, from source.
 *
 * As a command: `node tools/launch.js tools/traceability.ts [arguments]`.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ensureInstalled, InstallError, projectNode, root } from './install.js';

/** Workspaces resolve to their source under this condition. */
export const sourceCondition = '--conditions=castellan-source';

/**
 * Runs `node <arguments>` in the repository with this process's terminal, and ends as it ends.
 *
 * @param {readonly string[]} scriptAndArguments
 */
export async function launch(scriptAndArguments) {
  try {
    await ensureInstalled();
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
    return;
  }
  const child = spawn(projectNode, [sourceCondition, ...scriptAndArguments], { cwd: root, stdio: 'inherit' });
  // A terminal sends Ctrl-C to the whole group, npm to this process alone: the child takes it once, however often it comes.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`The pinned Node cannot be started: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 1);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await launch(process.argv.slice(2));
