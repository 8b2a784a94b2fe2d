/**
 * The exceptions to the bans, each with its reason. An exception that nothing needs any more fails the test, so this
 * list says exactly where the house is open.
 */
export interface Exception {
  readonly path: string;
  readonly what: string;
  readonly because: string;
}

/** Uses of clock, chance, timers, network and environment outside `runtime.ts`. */
export const ambientExceptions: readonly Exception[] = [
  {
    path: 'packages/testkit/src/clock.ts',
    what: 'setImmediate',
    because: 'the test clock lets pending promises run before it moves on',
  },
];

/** Files that catch, how often, and why no Refusal is lost there. */
export const catchExceptions: readonly (Omit<Exception, 'what'> & { readonly count: number })[] = [];
