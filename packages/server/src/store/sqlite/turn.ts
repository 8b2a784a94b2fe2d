/**
 * The end of a turn of the event loop.
 *
 * No clock is involved: it is when the requests that arrived together have all been looked at, which is what grouping
 * writes is about. So it is not the runtime's to give, and a test's clock does not hold it up.
 */

export function atEndOfTurn(task: () => void): void {
  setImmediate(task);
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
