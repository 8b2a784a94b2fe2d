/**
 * The cases that hold a policy in its place: for each rule the opposite principal, object and field, each a request that
 * the policy answers one way and the policy with one fault the other way.
 */
import type { Policy } from '../policy.ts';
import type { Vocabulary } from '../vocabulary.ts';
import { type AskedCase, distinguish } from './distinguish.ts';
import { type Fault, faultsOf } from './faults.ts';
import { type Answer, answerOf } from './suite.ts';

/** A request, and what the policy answers. */
export interface MatrixCase extends AskedCase {
  readonly expect: Answer;
  /** The faults that this case finds. */
  readonly finds: readonly Finds[];
}

type Finds = Pick<Fault, 'rule' | 'words'>;

export interface Matrix {
  readonly cases: readonly MatrixCase[];
  /** Faults that would change no answer: the policy says something twice, or in vain. */
  readonly harmless: readonly Finds[];
}

/**
 * Finds the cases of a policy. The same policy has the same cases each time.
 *
 * @throws {UndecidedError} when conditions are too large to be looked through
 */
export function matrix<V extends Vocabulary>(policy: Policy<V>): Matrix {
  const answer = answerOf(policy);
  const cases = new Map<string, MatrixCase>();
  const harmless: Finds[] = [];
  for (const fault of faultsOf(policy)) {
    const finds = { rule: fault.rule, words: fault.words };
    const asked = distinguish(policy, fault);
    for (const one of asked) {
      const key = JSON.stringify(one);
      const known = cases.get(key);
      const expect = known?.expect ?? answer(one);
      cases.set(key, { ...one, expect, finds: [...(known?.finds ?? []), finds] });
    }
    if (asked.length === 0) harmless.push(finds);
  }
  return { cases: [...cases.values()], harmless };
}
