/** How many of one route run at the same time, for work that is costly. */
import { refuse } from '@castellan/protocol';
import type { Later } from './later.ts';

/** Runs work in a place of its route. */
export type Places = <T>(route: string, most: number | undefined, work: () => Later<T>) => Later<T>;

/**
 * Places for each route, on this node. Nobody waits in a queue: whoever finds none is refused and comes again.
 *
 * The work throws `overloaded` when all places are taken.
 */
export function createPlaces(): Places {
  const taken = new Map<string, number>();
  const workInPlace = async <T>(route: string, most: number, work: () => Later<T>): Promise<T> => {
    const before = taken.get(route) ?? 0;
    if (before >= most) refuse('overloaded', { retryAfter: 1, detail: `${most} at once are running` });
    taken.set(route, before + 1);
    try {
      return await work();
    } finally {
      taken.set(route, (taken.get(route) ?? 1) - 1);
    }
  };
  return (route, most, work) => (most === undefined ? work() : workInPlace(route, most, work));
}
