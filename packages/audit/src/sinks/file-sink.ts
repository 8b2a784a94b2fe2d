/** Events as JSON lines in a file. */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { RecordedEvent, Sink } from '../event.ts';

/**
 * Appends each event as one line of JSON. The file is readable and writable by its owner only, and it and its folder
 * are made when they are missing. Deliveries are written one after the other, each with one write, so lines of two
 * deliveries never mix; JSON escapes line breaks, so an event is never more than one line.
 *
 * A delivery that cannot be written rejects and is delivered again; the next one opens the file anew, so a file that
 * was moved away or a disk that was full heals by itself. Lines are not forced to the disk.
 *
 * @example const sink = fileSink('.castellan/events.jsonl');
 */
export function fileSink(path: string): Sink {
  let file: FileHandle | undefined;
  let last: Promise<void> = Promise.resolve();
  const append = async (lines: string): Promise<void> => {
    file ??= await openForAppending(path);
    try {
      await file.appendFile(lines);
    } catch (error) {
      const broken = file;
      file = undefined;
      await broken.close();
      throw error;
    }
  };
  const close = async (): Promise<void> => {
    const opened = file;
    file = undefined;
    await opened?.close();
  };
  /** The next one runs whatever became of the one before, whose own caller has been told. */
  const queue = (task: () => Promise<void>): Promise<void> => {
    const result = last.then(task);
    last = result.then(undefined, () => undefined);
    return result;
  };
  return {
    deliver: (events) => (events.length === 0 ? Promise.resolve() : queue(() => append(toLines(events)))),
    close: () => queue(close),
  };
}

/** A line that a crash or a full disk has cut is ended, so that it spoils no other. */
async function openForAppending(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'a+', 0o600);
  const { size } = await file.stat();
  const { buffer } = await file.read(Buffer.from('\n'), 0, 1, Math.max(0, size - 1));
  if (buffer.toString() !== '\n') await file.appendFile('\n');
  return file;
}

function toLines(events: readonly RecordedEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}
