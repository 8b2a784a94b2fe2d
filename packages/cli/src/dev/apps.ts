/**
 * The processes beside the issuer: started in this process's group, waited for, and never left behind.
 *
 * Owns: their life. Does not own: what they print; it goes to the terminal as it is.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Runtime } from '@castellan/protocol';
import { CommandError } from '../failure.ts';
import type { DevelopmentApp } from '../project.ts';

export interface AppDeps {
  readonly runtime: Pick<Runtime, 'schedule'>;
  /** What apps inherit besides what the project gives them. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Called once when an app ends that nobody asked to. */
  readonly onCrash: (message: string) => void;
}

export interface RunningApps {
  /** Settles when all listen; rejects with a CommandError when one ends before that, or stays silent. */
  readonly ready: Promise<unknown>;
  /** Asks all of them to end, and ends those that have not within the patience. */
  readonly stop: () => Promise<void>;
}

/** Milliseconds until an app must listen, and until a stopped one is ended by force. */
const startPatience = 20_000;
const stopPatience = 1200;

/** Starts apps side by side. */
export function startApps(apps: readonly DevelopmentApp[], deps: AppDeps): RunningApps {
  let stopping = false;
  const running = apps.map((app) => ({ app, child: spawnApp(app, deps) }));
  const watchCrash = (name: string, child: ChildProcess): void => {
    child.once('exit', (code, signal) => {
      // A terminal sends Ctrl-C to the whole group: an app may end a moment before we hear of it ourselves.
      deps.runtime.schedule(100, () => {
        if (!stopping) deps.onCrash(endMessage(name, code, signal));
      });
    });
  };
  return {
    ready: Promise.all(
      running.map(async ({ app, child }) => {
        await ready(app, child, deps);
        watchCrash(app.name, child);
      }),
    ),
    stop: async () => {
      stopping = true;
      await Promise.all(running.map(({ child }) => stopChild(child, deps)));
    },
  };
}

function spawnApp(app: DevelopmentApp, { environment }: AppDeps): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, fileURLToPath(app.entry)], {
    env: { ...environment, ...app.environment },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

function ready(app: DevelopmentApp, child: ChildProcess, { runtime }: AppDeps): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = runtime.schedule(startPatience, () =>
      reject(new CommandError(`${app.name} did not say that it is ready within ${startPatience / 1000} s.`)),
    );
    child.once('message', () => {
      cancel();
      resolve();
    });
    child.once('error', (error) => reject(new CommandError(`${app.name} cannot be started: ${error.message}`)));
    child.once('exit', (code, signal) => {
      cancel();
      reject(new CommandError(endMessage(app.name, code, signal)));
    });
  });
}

function stopChild(child: ChildProcess, { runtime }: AppDeps): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const cancel = runtime.schedule(stopPatience, () => child.kill('SIGKILL'));
    child.once('exit', () => {
      cancel();
      resolve();
    });
    child.kill('SIGTERM');
  });
}

function endMessage(name: string, code: number | null, signal: NodeJS.Signals | null): string {
  return `${name} has ended by itself (${signal === null ? `exit code ${code}` : signal}); what it said is above.`;
}
