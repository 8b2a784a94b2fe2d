/** The cases of a policy, asked of an API: the opposite principal, object and field of every rule. */
import { isJsonObject, readJson } from '@castellan/protocol';
import type { Members } from './corpus.ts';
import type { TestResult } from './report.ts';
import type { SeenAnswer } from './target.ts';
import { bearer, requestWith, type Send, type TriedRequest } from './try.ts';

/** As much of a case of a policy's matrix as is looked at here. */
export interface PolicyCase {
  readonly about: 'action' | 'reads' | 'writes';
  /** `note.read`, or `note` for what may be read. */
  readonly name: string;
  readonly principal: { readonly kind: string };
  readonly scopes: readonly string[];
  /** `permit`, `deny`, or the fields that are open. */
  readonly expect: 'permit' | 'deny' | readonly string[];
  readonly finds: readonly { readonly rule: string; readonly words: string }[];
}

/** How a case is brought about: the principal and the object are stored, and this is the request that asks. */
export interface ArrangedCase extends Omit<TriedRequest, 'by' | 'notFor'> {
  /** Claims of the principal's token. The scopes of the case are added. */
  readonly claims: Members;
}

export interface PolicyCases<C extends PolicyCase> {
  /** `matrix(policy).cases`, or what was recorded of it before a change. */
  readonly cases: readonly C[];
  /** Stores principal and object of a case and says how to ask; undefined when this API has no route for it. */
  readonly arrange: (one: C) => ArrangedCase | undefined | Promise<ArrangedCase | undefined>;
}

/** Characters of an answer, as many as are kept of one. */
const largestBody = 1_000_000;

interface Asking {
  readonly send: Send;
  readonly tokenFor: (claims: Members, scopes: readonly string[]) => string;
}

/** The result of each case. */
export async function caseResults<C extends PolicyCase>(
  { cases, arrange }: PolicyCases<C>,
  { send, tokenFor }: Asking,
): Promise<readonly TestResult[]> {
  const results: TestResult[] = [];
  for (const one of cases) {
    const result = { group: `the policy: ${one.about === 'action' ? 'actions' : one.about}`, name: nameOf(one) };
    const arranged = await arrange(one);
    if (arranged === undefined) {
      const detail = 'no route of this API asks for it';
      results.push({ ...result, route: one.name, verdict: 'not tested', detail });
      continue;
    }
    const token = tokenFor(arranged.claims, one.scopes);
    const answer = await send(requestWith(arranged, bearer(token)));
    results.push({ ...result, route: `${arranged.method} ${arranged.path}`, ...judge(one, arranged, answer) });
  }
  return results;
}

function nameOf({ principal, about, name, expect, finds }: PolicyCase): string {
  const rules = [...new Set(finds.map(({ rule }) => rule))].join(', ');
  const fields = typeof expect === 'string' ? '' : expect.join(', ') || 'nothing';
  if (about === 'action') return `${name} by a ${principal.kind}: ${String(expect)} (${rules})`;
  return `${about === 'reads' ? `of ${name} a ${principal.kind} reads` : `by ${name} a ${principal.kind} writes`} ${fields} (${rules})`;
}

type Judged = Pick<TestResult, 'verdict' | 'detail'>;

function judge(one: PolicyCase, { body = '' }: ArrangedCase, answer: SeenAnswer | undefined): Judged {
  const status = answer?.status ?? 0;
  if (answer === undefined || status === 401 || status === 429 || status >= 500) {
    return { verdict: 'not tested', detail: `answered with ${status}, which says nothing of the policy` };
  }
  const isAnswered = status < 300;
  if (one.about === 'reads') return judgeFields(one.expect, answer, isAnswered);
  const permitted =
    typeof one.expect === 'string'
      ? one.expect === 'permit'
      : (memberNames(body) ?? []).every((name) => one.expect.includes(name));
  if (isAnswered === permitted) return { verdict: 'pass', detail: String(status) };
  const faults = one.finds.map(({ rule, words }) => `${rule} ${words}`).join('; ');
  return {
    verdict: 'fail',
    detail: `answered with ${status}, but the policy ${permitted ? 'permits' : 'denies'} it. As if: ${faults}`,
  };
}

/** What leaves must be open; that everything open leaves is for the API to say. */
function judgeFields(open: PolicyCase['expect'], answer: SeenAnswer, isAnswered: boolean): Judged {
  if (!isAnswered) return { verdict: 'not tested', detail: `answered with ${answer.status}: nothing left at all` };
  const names = memberNames(answer.body);
  if (names === undefined) return { verdict: 'not tested', detail: 'the answer is no JSON object that can be read' };
  const leaked = names.filter((name) => !open.includes(name));
  if (leaked.length === 0) return { verdict: 'pass', detail: names.join(', ') || 'nothing' };
  return { verdict: 'fail', detail: `${leaked.join(', ')} left, which no rule opens` };
}

/** The members of a JSON object; undefined for anything else. */
function memberNames(body: string): readonly string[] | undefined {
  const { value } = readJson(body, { maxLength: largestBody });
  return isJsonObject(value) ? Object.keys(value) : undefined;
}
