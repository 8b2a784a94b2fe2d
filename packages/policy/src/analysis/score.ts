/** How many faults of a policy its cases notice: by running them against each faulty policy. */
import { definePolicy, type Policy } from '../policy.ts';
import type { Vocabulary } from '../vocabulary.ts';
import { distinguish } from './distinguish.ts';
import { type Fault, faultsOf } from './faults.ts';
import type { MatrixCase } from './matrix.ts';
import { answerOf, wrongAnswers } from './suite.ts';

export interface Score {
  /** Faults that make at least one case fail. */
  readonly noticed: number;
  /** Faults that no case notices, though some request would be answered differently. */
  readonly missed: readonly Pick<Fault, 'rule' | 'words'>[];
  /** Faults that would change no answer to any request. */
  readonly harmless: number;
}

/**
 * Scores recorded cases: rules that were written after them have faults that they miss.
 *
 * @throws {UndecidedError} when conditions are too large to be looked through
 */
export function scoreOf<V extends Vocabulary>(policy: Policy<V>, cases: readonly MatrixCase[]): Score {
  const faults = faultsOf(policy);
  const unnoticed = faults.filter(({ vocabulary, rules }) => {
    const faulty = definePolicy(vocabulary, () => rules);
    return wrongAnswers(cases, answerOf(faulty)).length === 0;
  });
  const missed = unnoticed.filter((fault) => distinguish(policy, fault).length > 0);
  return {
    noticed: faults.length - unnoticed.length,
    missed: missed.map(({ rule, words }) => ({ rule, words })),
    harmless: unnoticed.length - missed.length,
  };
}

/** `152 of 152 faults are noticed (100.0 %), 1 more would change nothing` */
export function scoreInWords({ noticed, missed, harmless }: Score): string {
  const all = noticed + missed.length;
  const share = all === 0 ? 100 : (100 * noticed) / all;
  const rest = harmless === 0 ? '' : `, ${harmless} more would change nothing`;
  return `${noticed} of ${all} faults are noticed (${share.toFixed(1)} %)${rest}`;
}
