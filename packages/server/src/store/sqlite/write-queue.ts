/**
 * All writes of one event-loop turn in one transaction.
 *
 * A commit of SQLite costs one flush of the disk, whatever it holds; so units wait for the end of the turn and share
 * one. Each has a savepoint of its own and is answered after the commit.
 */
import { Refusal } from '@castellan/protocol';
import type { StartOperation, StoreOptions } from '../database.ts';
import type { Connection } from './connection.ts';
import { asOutage, isBusy } from './outage.ts';
import { atEndOfTurn } from './turn.ts';

/** Units of one transaction; more would hold the event loop for too long. */
const largestBatch = 256;

/** Each try waits for the lock as long as `busyTimeout`; between two of them the event loop turns. */
const busyTries = 100;

export interface WriteQueue {
  readonly write: <V>(start: StartOperation<V>) => Promise<V>;
  /** Settles when nothing waits any more; later writes are refused. */
  readonly close: () => Promise<void>;
}

export interface WriteQueueDeps extends StoreOptions {
  readonly connection: Connection;
  /** Told after each commit. */
  readonly committed: () => void;
}

interface Unit {
  readonly start: StartOperation<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Known once the unit has run; told once the transaction is committed. */
  settle: () => void;
}

interface Queue {
  readonly deps: WriteQueueDeps;
  waiting: Unit[];
  flushing: boolean;
  busy: number;
  closed: (() => void) | undefined;
  closing: boolean;
}

export function createWriteQueue(deps: WriteQueueDeps): WriteQueue {
  const queue: Queue = { deps, waiting: [], flushing: false, busy: 0, closed: undefined, closing: false };
  return {
    write: <V>(start: StartOperation<V>) =>
      new Promise<V>((resolve, reject) => {
        if (queue.closing) throw new Refusal('store_unavailable', { detail: 'the store is closed' });
        queue.waiting.push({ start, resolve: resolve as (value: unknown) => void, reject, settle: () => undefined });
        scheduleFlush(queue);
      }),
    close: () =>
      new Promise((resolve) => {
        queue.closing = true;
        queue.closed = resolve;
        scheduleFlush(queue);
      }),
  };
}

function scheduleFlush(queue: Queue): void {
  if (queue.flushing) return;
  queue.flushing = true;
  atEndOfTurn(() => {
    queue.flushing = false;
    flush(queue);
    if (queue.waiting.length > 0) scheduleFlush(queue);
    else queue.closed?.();
  });
}

function flush(queue: Queue): void {
  const batch = queue.waiting.splice(0, largestBatch);
  if (batch.length === 0) return;
  try {
    queue.deps.faults?.('before_write');
    queue.deps.connection.begin();
  } catch (error) {
    if (isBusy(error) && queue.busy < busyTries) {
      queue.busy += 1;
      queue.waiting.unshift(...batch);
    } else {
      rejectAll(queue, batch, error);
    }
    return;
  }
  queue.busy = 0;
  commit(queue, batch);
}

/**
 * INVARIANT: no unit is settled before COMMIT has returned, and a transaction that did not commit rejects all of them:
 * each may have read what another one wrote.
 */
function commit(queue: Queue, batch: readonly Unit[]): void {
  const { connection, faults, committed } = queue.deps;
  try {
    for (const unit of batch) runUnit(connection, unit);
    faults?.('before_commit');
    connection.commit();
    committed();
    faults?.('after_commit');
  } catch (error) {
    rejectAll(queue, batch, error);
    return;
  }
  for (const unit of batch) unit.settle();
}

/** A unit that throws leaves nothing behind and fails alone, unless the error has ended the whole transaction. */
function runUnit(connection: Connection, unit: Unit): void {
  connection.savepoint();
  try {
    const value = connection.run(unit.start);
    unit.settle = () => unit.resolve(value);
  } catch (error) {
    if (!connection.inTransaction()) throw error;
    connection.rollbackToSavepoint();
    unit.settle = () => unit.reject(asOutage(error));
  }
  connection.release();
}

function rejectAll(queue: Queue, batch: readonly Unit[], error: unknown): void {
  queue.busy = 0;
  queue.deps.connection.rollback();
  for (const unit of batch) unit.reject(asOutage(error));
}
