/** Starts, kills and stops the issuer's process. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface RunningIssuer {
  /** SIGKILL; resolves when the process is gone. */
  readonly kill: () => Promise<void>;
  /** Lets it end cleanly; resolves with its exit code. */
  readonly stop: () => Promise<number | null>;
}

const program = fileURLToPath(new URL('./issuer-process.ts', import.meta.url));

/**
 * Resolves when the issuer answers.
 *
 * @param settings the path of a file with `IssuerSettings`
 */
export async function startIssuer(settings: string): Promise<RunningIssuer> {
  const child = fork(program, [settings], {
    execArgv: ['--conditions=castellan-source'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
  });
  await ready(child);
  return {
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
    stop: () => {
      child.send('stop');
      return ended;
    },
  };
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', (code, signal) => reject(new Error(`the issuer ended at start: ${code ?? signal}`)));
    child.once('error', reject);
  });
}
