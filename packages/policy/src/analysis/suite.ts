/** Runs the cases of a matrix against whatever answers: the policy itself, or an API that should hold to it. */
import type { Decision } from '../decision.ts';
import type { Policy } from '../policy.ts';
import type { Vocabulary } from '../vocabulary.ts';
import type { AskedCase } from './distinguish.ts';
import type { Matrix, MatrixCase } from './matrix.ts';

/** Whether the action is permitted, or the fields that are open in declared order. */
export type Answer = 'permit' | 'deny' | readonly string[];

/** One check. */
export interface SuiteTest {
  readonly name: string;
  /** @throws {Error} when the answer is not the one that the policy gives; it names the faults that would explain it */
  readonly run: () => Promise<void>;
}

/**
 * The cases as tests.
 *
 * @param ask gives the answer of what is tested; by default the policy's own
 * @example for (const { name, run } of negativeSuite(matrix(policy), answerOf(policy))) test(name, run);
 */
export function negativeSuite(
  { cases }: Pick<Matrix, 'cases'>,
  ask: (one: MatrixCase) => Answer | Promise<Answer>,
): readonly SuiteTest[] {
  return cases.map((one) => ({
    name: `${nameOf(one)} (${one.finds.map(({ rule }) => rule).join(', ')})`,
    run: async () => {
      const problem = problemOf(one, await ask(one));
      if (problem !== undefined) throw new Error(problem);
    },
  }));
}

/** What a wrong answer looks like, for each case that gets one. */
export function wrongAnswers(cases: readonly MatrixCase[], ask: (one: MatrixCase) => Answer): readonly string[] {
  return cases.flatMap((one) => problemOf(one, ask(one)) ?? []);
}

function problemOf(one: MatrixCase, answer: Answer): string | undefined {
  if (String(answer) === String(one.expect)) return undefined;
  const faults = one.finds.map(({ rule, words }) => `${rule} ${words}`);
  return `${nameOf(one)}, but the answer is ${describe(answer)}. As if:\n  ${faults.join('\n  ')}`;
}

function nameOf({ principal, about, name, expect }: MatrixCase): string {
  if (about === 'action') return `${principal.kind}: ${name} is ${expect === 'permit' ? 'permitted' : 'denied'}`;
  return `${principal.kind}: ${about === 'reads' ? `of ${name} may read` : `by ${name} may change`} ${describe(expect)}`;
}

function describe(answer: Answer): string {
  return typeof answer === 'string' ? answer : answer.join(', ') || 'nothing';
}

/** Lets a policy answer. */
export function answerOf<V extends Vocabulary>(policy: Policy<V>): (one: AskedCase) => Answer {
  // The engine checks at run time what the types would promise.
  const asked = policy as unknown as AskedPolicy;
  return (one) => {
    if (one.about === 'action') return asked.decide({ ...one, action: one.name }).effect;
    return one.about === 'reads'
      ? asked.readable({ ...one, type: one.name })
      : asked.writable({ ...one, action: one.name });
  };
}

interface AskedPolicy {
  readonly decide: (request: object) => Decision;
  readonly readable: (request: object) => readonly string[];
  readonly writable: (request: object) => readonly string[];
}
