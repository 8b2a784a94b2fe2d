/** One request with one attempt in it, and what its answer says. */
import type { Attack, Credentials } from './attacks.ts';
import type { TestResult } from './report.ts';
import type { SeenAnswer, SentRequest } from './target.ts';

/** A request that is answered when its caller is known and permitted. */
export interface TriedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Whose request it is: one of the callers. The first one by default. */
  readonly by?: string;
  /** Callers for whom the same request must be refused: the object is not theirs, or the function. */
  readonly notFor?: readonly string[];
}

export type Send = (request: SentRequest) => Promise<SeenAnswer | undefined>;

export function bearer(token: string): Credentials {
  return { headers: [['authorization', `Bearer ${token}`]] };
}

/** A request as it goes out, with what says who calls. */
export function requestWith(tried: TriedRequest, { headers, query }: Credentials): SentRequest {
  const mark = tried.path.includes('?') ? '&' : '?';
  return {
    method: tried.method,
    target: query === undefined ? tried.path : `${tried.path}${mark}${query}`,
    headers: [
      ...Object.entries(tried.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const),
      ...headers,
    ],
    ...(tried.body === undefined ? {} : { body: tried.body }),
  };
}

/** Where a good token is not answered, a refusal of a bad one says nothing. */
function baselineProblem(answer: SeenAnswer | undefined, by: string): string | undefined {
  if (answer !== undefined && answer.status >= 200 && answer.status < 300) return undefined;
  return `a good token of ${by} is answered with ${answer?.status ?? 'nothing'}, so a refusal would prove nothing`;
}

type Judged = Pick<TestResult, 'verdict' | 'detail'>;

/** How a route is tried: with which good token, of whom. */
export interface Trying {
  readonly token: string;
  readonly by: string;
  readonly send: Send;
  /** Sends the good token once more at the end; `send` by default. */
  readonly sendLast?: Send;
}

/**
 * The result of each attack on a route.
 *
 * INVARIANT: a refusal is a pass only where the good token is answered before all attacks and still known after them.
 * One that has expired meanwhile, or an API that locks its callers out, would refuse anything.
 */
export async function routeResults(
  attacks: readonly Attack[],
  tried: TriedRequest,
  { token, by, send, sendLast = send }: Trying,
): Promise<readonly TestResult[]> {
  const route = `${tried.method} ${tried.path}`;
  const good = requestWith(tried, bearer(token));
  const untested = (detail: string) => ({ route, verdict: 'not tested', detail }) as const;
  const problem = baselineProblem(await send(good), by);
  if (problem !== undefined) return attacks.map(({ group, name }) => ({ group, name, ...untested(problem) }));
  const results: TestResult[] = [];
  for (const attack of attacks) results.push({ ...(await attackResult(attack, tried, send)), route });
  const last = await sendLast(good);
  if (isKnown(last)) return results;
  const detail = `at the end a good token of ${by} was answered with ${last?.status ?? 'nothing'} too`;
  return results.map((one) => (one.verdict === 'pass' ? { ...one, ...untested(detail) } : one));
}

/** Whether a good token was not refused as a bad one is; its object may be gone, by a request that takes it away. */
function isKnown(answer: SeenAnswer | undefined): boolean {
  return answer !== undefined && answer.status !== 403 && answer.status < 500 && !refusals.includes(answer.status);
}

async function attackResult(attack: Attack, tried: TriedRequest, send: Send): Promise<Omit<TestResult, 'route'>> {
  const { group, name, credentials, skipped } = attack;
  if (credentials === undefined) return { group, name, verdict: 'not tested', detail: skipped ?? '' };
  const answer = await send(requestWith(tried, credentials));
  return { group, name, ...judge(answer) };
}

/** Header lines that are too long are refused by the server before any API sees them. */
const refusals = [400, 401, 431];

function judge(answer: SeenAnswer | undefined): Judged {
  if (answer === undefined) return { verdict: 'not tested', detail: 'HTTP cannot carry such a header' };
  if (answer.status === 429) return { verdict: 'not tested', detail: 'the limit of this API was reached' };
  if (refusals.includes(answer.status)) return { verdict: 'pass', detail: String(answer.status) };
  return { verdict: 'fail', detail: `answered with ${answer.status} instead of 401` };
}

export function judgeForeign(answer: SeenAnswer | undefined): Judged {
  const status = answer?.status ?? 0;
  if (status === 429) return { verdict: 'not tested', detail: 'the limit of this API was reached' };
  if (status === 401) return { verdict: 'not tested', detail: 'its good token is refused with 401' };
  if (status === 403 || status === 404) return { verdict: 'pass', detail: String(status) };
  return { verdict: 'fail', detail: `answered with ${status} instead of 404 or 403` };
}
