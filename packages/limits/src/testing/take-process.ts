/** For tests: a process that takes 100 of one key from a store that others have open too, and says how many it got. */
import { openStore, type Place } from './open-store.ts';

const { store, close } = openStore(JSON.parse(process.argv[2] ?? '{}') as Place);
const clock = { now: () => 1_800_000_000_000, monotonic: () => 0 };
let admitted = 0;
let tries = 0;
process.once('message', async () => {
  while (tries < 100) {
    try {
      const take = await store.take('a', { count: 50, period: 3600 }, clock);
      tries += 1;
      if (take.admitted) admitted += 1;
    } catch (error) {
      // A SQLite file is locked by another process for longer than a take waits: a caller would count in memory.
      if (!String(error).includes('locked')) throw error;
    }
  }
  process.send?.(admitted);
  await close();
  process.disconnect?.();
});
process.send?.('ready');
