/** How a run ends: because somebody asked, or because a part of it did not survive. */
import process from 'node:process';

export type Ending = { readonly kind: 'asked' } | { readonly kind: 'crashed'; readonly message: string };

export interface Watch {
  readonly ended: Promise<Ending>;
  readonly crash: (message: string) => void;
  /** Gives the signals back to whoever had them. */
  readonly stop: () => void;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Takes the signals over. They may come more than once (from the terminal, and again from npm): the first one counts. */
export function watchForEnd(): Watch {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const ask = (): void => resolve({ kind: 'asked' });
  for (const signal of signals) process.on(signal, ask);
  return {
    ended: promise,
    crash: (message) => resolve({ kind: 'crashed', message }),
    stop: () => {
      for (const signal of signals) process.off(signal, ask);
    },
  };
}
