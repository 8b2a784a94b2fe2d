/** What an attempt was, how it ended, and what all of them together say. */

export type Verdict = 'pass' | 'fail' | 'not tested';

/** One attempt and how it ended. */
export interface TestResult {
  readonly group: string;
  readonly name: string;
  /** `GET /notes/1` */
  readonly route: string;
  readonly verdict: Verdict;
  /** What was answered, or why nothing was asked. No token. */
  readonly detail: string;
}

export interface TestReport {
  readonly results: readonly TestResult[];
  readonly passed: number;
  readonly failed: number;
  readonly untested: number;
  /** Something was tested, and nothing failed. */
  readonly isSound: boolean;
}

/** What the results say together. */
export function reportOf(results: readonly TestResult[]): TestReport {
  const count = (verdict: Verdict): number => results.filter((one) => one.verdict === verdict).length;
  const [passed, failed, untested] = [count('pass'), count('fail'), count('not tested')];
  return { results, passed, failed, untested, isSound: failed === 0 && passed > 0 };
}
