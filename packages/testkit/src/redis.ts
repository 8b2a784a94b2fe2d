/** Redis for tests: the machine's own `redis-server` on a free loopback port, with nothing kept on disk. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './postgres.ts';

export interface RunningRedis {
  readonly port: number;
  /** Stops it in the middle of everything; connections stay open and nobody answers. */
  readonly freeze: () => void;
  readonly thaw: () => void;
  readonly close: () => Promise<void>;
}

async function startRedis(): Promise<RunningRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-redis-'));
  const port = await freePort();
  const settings = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no', '--dir', folder];
  const child = spawn('redis-server', settings, { stdio: ['ignore', 'pipe', 'ignore'] });
  const clean = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    await ready(child);
  } catch (error) {
    clean();
    throw error;
  }
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  return {
    port,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    close: async () => {
      process.removeListener('exit', kill);
      const ended = once(child, 'exit');
      kill();
      await ended;
      clean();
    },
  };
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000);
      if (said.includes('Ready to accept connections')) resolve();
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`it ended with ${code}`)));
  });
}

/**
 * A server, or the reason why this machine has none, for tests that are skipped then.
 *
 * @throws {Error} instead of giving a reason when `CASTELLAN_REQUIRE_REDIS=1` or `CI` is set
 */
export async function availableRedis(): Promise<{ readonly redis: RunningRedis } | { readonly missing: string }> {
  try {
    return { redis: await startRedis() };
  } catch (error) {
    const missing = `redis-server does not start here: ${error instanceof Error ? error.message : String(error)}`;
    const required = process.env['CASTELLAN_REQUIRE_REDIS'] === '1' || Boolean(process.env['CI']);
    if (required) throw new Error(missing, { cause: error });
    return { missing };
  }
}
