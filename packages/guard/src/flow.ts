/**
 * A business flow: steps that only make sense in their order, so often, and no faster than a person takes them.
 *
 * Owns: what a flow declares. Does not own: where somebody stands in it (`walk.ts`), nor what the steps do.
 */
import { type Limit, termsOf } from '@castellan/limits';

export interface FlowSpec<S extends string> {
  /** In their order, two or more. */
  readonly steps: readonly [S, S, ...S[]];
  /** Seconds from the first step in which the last one can be taken. */
  readonly within: number;
  /** How often a subject may take the last step; the period in seconds. A try counts, whether it succeeds or not. */
  readonly quota: Limit;
  /**
   * Seconds that a person takes from one step to the next at least, and from one try of a step to another; whoever is
   * faster is refused. 0 by default.
   */
  readonly pace?: number;
}

/** One step of a flow, for a route to name. */
export interface FlowStep {
  readonly flow: string;
  readonly step: string;
  readonly index: number;
  readonly isLast: boolean;
  /** Milliseconds. */
  readonly within: number;
  readonly pace: number;
  readonly quota: Limit;
}

export interface Flow<S extends string> {
  /** @throws {TypeError} for a step that the flow does not have */
  readonly step: (name: S) => FlowStep;
}

/** Seconds. */
const longestFlow = 86_400;

/**
 * Declares a flow. Its steps are then named by routes, each by one or more: a step that no route names cannot be taken.
 *
 * @throws {TypeError} for fewer than two steps, a step that is there twice, and times and quotas that bound nothing
 * @example
 * const checkout = flow('checkout', { steps: ['cart', 'address', 'pay'], within: 1800, quota: { count: 3, period: 3600 }, pace: 2 });
 * const route = on.object({ action: 'order.pay', flow: checkout.step('pay'), … });
 * @see OWASP API6:2023
 */
export function flow<const S extends string>(name: string, spec: FlowSpec<S>): Flow<S> {
  const { steps, within, quota, pace = 0 } = spec;
  const named = (text: unknown): boolean => typeof text === 'string' && /^[a-z][a-z0-9-]{0,31}$/.test(text);
  if (![name, ...steps].every(named)) throw new TypeError('A flow and its steps have names of a-z, 0-9 and -.');
  if (steps.length < 2 || new Set(steps).size !== steps.length) {
    throw new TypeError(`The flow ${name} needs two or more steps, none of them twice.`);
  }
  if (!(within >= 1 && within <= longestFlow))
    throw new TypeError(`The flow ${name} is over within 1 to 86400 seconds.`);
  if (!(pace >= 0 && pace * (steps.length - 1) < within)) {
    throw new TypeError(`The flow ${name} cannot be walked: its pace leaves no time.`);
  }
  termsOf(quota, 0);
  return {
    step: (step) => {
      const index = steps.indexOf(step);
      if (index < 0) throw new TypeError(`The flow ${name} has no step ${step}.`);
      const isLast = index === steps.length - 1;
      return Object.freeze({ flow: name, step, index, isLast, within: within * 1000, pace: pace * 1000, quota });
    },
  };
}
