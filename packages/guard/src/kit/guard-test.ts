/**
 * The negative corpus against an API of one's own: every token that must be refused, at every route, and every case of
 * the policy.
 *
 * Owns: what a user writes to have an API tested, and judging its answers. Does not own: the tokens (`attacks`), the
 * played issuer (`lab`), the cases of a policy (`@castellan/policy/analysis`).
 */
import type { RequestListener } from 'node:http';
import type { MatrixCase } from '@castellan/policy/analysis';
import type { Guard } from '../guard.ts';
import type { JwtIssuer } from '../issuer.ts';
import { attacksFor, goodToken } from './attacks.ts';
import type { Members } from './corpus.ts';
import { type Lab, type OpenLab, openLab } from './lab.ts';
import { caseResults, type PolicyCases } from './policy-cases.ts';
import { reportOf, type TestReport, type TestResult } from './report.ts';
import { guardTarget, listenerTarget, type Target } from './target.ts';
import { bearer, judgeForeign, requestWith, routeResults, type Send, type TriedRequest } from './try.ts';

/** What is tested: an API, the issuer it trusts, and who calls it. */
export interface GuardTest {
  /** The rules of the issuer, as the API's own configuration has them. */
  readonly issuer: JwtIssuer;
  /**
   * Starts the API: a guard, or anything that listens as node:http does (an Express application). A guard is made with
   * `lab.runtime`; another verifier is told `lab.jwksUri` where it would fetch the keys of the issuer.
   */
  readonly start: (lab: Lab) => Guard | RequestListener | Promise<Guard | RequestListener>;
  /** Claims of genuine tokens, by the name of their caller: at least a subject and what the routes ask for. */
  readonly callers: Readonly<Record<string, Members>>;
  readonly requests: readonly TriedRequest[];
  /** The cases of the policy, if each can be brought about. */
  readonly policy?: PolicyCases<MatrixCase>;
}

/** Told before each route. */
export type TellProgress = (done: number, all: number, what: string) => void;

/**
 * Runs every attack against an API that is started for it, and ends it.
 *
 * Nothing leaves this machine: the issuer is played here, with keys that are made for this run.
 *
 * @throws {TypeError} when a request names a caller that there is not
 * @example const { isSound, results } = await runGuardTest(guardTest);
 */
export async function runGuardTest(test: GuardTest, tell: TellProgress = () => {}): Promise<TestReport> {
  const lab = await openLab(test.issuer);
  try {
    const started = await test.start(lab);
    const target = typeof started === 'function' ? await listenerTarget(started) : guardTarget(started);
    try {
      const results: TestResult[] = [];
      const steps = test.requests.length + (test.policy === undefined ? 0 : 1);
      for (const [index, request] of test.requests.entries()) {
        tell(index, steps, `${request.method} ${request.path}`);
        results.push(...(await requestResults(request, { test, lab, target })));
      }
      if (test.policy !== undefined) {
        tell(test.requests.length, steps, 'the cases of the policy');
        results.push(...(await caseResults(test.policy, { send: sender({ lab, target }), tokenFor: tokenOf(lab) })));
      }
      return reportOf(results);
    } finally {
      await target.close();
      if (typeof started !== 'function') await started.close();
    }
  } finally {
    await lab.close();
  }
}

interface Bench {
  readonly test: GuardTest;
  readonly lab: OpenLab;
  readonly target: Target;
}

function tokenOf(lab: OpenLab): (claims: Members, scopes?: readonly string[]) => string {
  return (claims, scopes) =>
    goodToken(lab.blankFor({ ...claims, ...(scopes === undefined ? {} : lab.scopeClaims(scopes)) }));
}

/** Waits out a limit where time is the test's own; elsewhere a limit is an answer. */
function sender({ lab, target }: Pick<Bench, 'lab' | 'target'>): Send {
  return async (request) => {
    lab.pass(60);
    const answer = await target.send(request);
    if (answer?.status !== 429 || !target.isPlayed) return answer;
    lab.pass(answer.retryAfter + 1);
    return target.send(request);
  };
}

async function requestResults(tried: TriedRequest, bench: Bench): Promise<readonly TestResult[]> {
  const { test, lab } = bench;
  const send = sender(bench);
  const route = `${tried.method} ${tried.path}`;
  const by = tried.by ?? Object.keys(test.callers)[0] ?? '';
  const blank = lab.blankFor(claimsOf(test, by));
  const others: TestResult[] = [];
  // INVARIANT: others ask first. After the owner's own request there may be nothing left that could be refused.
  for (const other of tried.notFor ?? []) {
    const token = tokenOf(lab)(claimsOf(test, other));
    const answer = await send(requestWith(tried, bearer(token)));
    others.push({ group: 'what belongs to others', name: `asked by ${other}`, route, ...judgeForeign(answer) });
  }
  const results = await routeResults(attacksFor(lab.shape, blank), tried, { token: goodToken(blank), by, send });
  return [...results, ...(results.some(({ verdict }) => verdict !== 'not tested') ? others : others.map(unproved))];
}

/** Where the owner is not answered either, a refusal says nothing of whose the object is. */
function unproved(one: TestResult): TestResult {
  if (one.verdict !== 'pass') return one;
  return { ...one, verdict: 'not tested', detail: `${one.detail}, and its owner is refused too` };
}

function claimsOf(test: GuardTest, caller: string): Members {
  const claims = test.callers[caller];
  if (claims === undefined) throw new TypeError(`callers has no ${JSON.stringify(caller)}`);
  return claims;
}
