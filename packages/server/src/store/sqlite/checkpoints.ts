/**
 * Moves committed pages from the write-ahead log into the database file, in turns of its own.
 *
 * SQLite would do it inside some unlucky commit, and that request would wait for two more flushes of the disk.
 */
import type { Runtime } from '@castellan/protocol';
import type { Connection } from './connection.ts';

/** Milliseconds from a commit to the checkpoint that covers it. */
const delay = 1000;

export interface Checkpoints {
  readonly committed: () => void;
  readonly close: () => void;
}

export function createCheckpoints(connection: Connection, runtime: Pick<Runtime, 'schedule'>): Checkpoints {
  let cancel: (() => void) | undefined;
  const run = () => {
    cancel = undefined;
    try {
      // PASSIVE waits for nobody: what another process still reads is left to the next one.
      connection.pragma('wal_checkpoint(PASSIVE)');
    } catch {
      // The commits are durable in the log; the next checkpoint tries again.
    }
  };
  return {
    committed: () => {
      cancel ??= runtime.schedule(delay, run);
    },
    close: () => cancel?.(),
  };
}
