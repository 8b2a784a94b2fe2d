/**
 * The negative corpus against an API that runs already, made from one good token.
 *
 * Whoever is not the issuer can only change what it signed: tokens with other claims, or of other kinds, need the
 * issuer's key and are told as not tested.
 */
import { generateSigningKey, isLoopbackHost } from '@castellan/protocol';
import { derivedAttacks } from './attacks.ts';
import type { TellProgress } from './guard-test.ts';
import { reportOf, type TestReport, type TestResult } from './report.ts';
import { type Target, urlTarget } from './target.ts';
import { routeResults, type Send, type TriedRequest } from './try.ts';

/** What is tested, and how fast. */
export interface AddressTest {
  readonly url: URL;
  /** A token that this API accepts. It is sent there and nowhere else. */
  readonly token: string;
  readonly requests: readonly Omit<TriedRequest, 'by' | 'notFor'>[];
  /** A host beyond this machine that may be tested, named in full. Name only what is yours. */
  readonly permittedHost?: string;
  /** Requests in a second; 10 by default, 50 at most. */
  readonly rate?: number;
}

/**
 * Runs what can be derived from a token.
 *
 * @throws {TypeError} for a host beyond this machine that was not named, a token that is no JWT, or a rate out of bounds
 * @example await runAddressTest({ url, token, requests: [{ method: 'GET', path: '/notes' }] }, { wait });
 */
export async function runAddressTest(
  test: AddressTest,
  { wait, tell = () => {} }: { readonly wait: Wait; readonly tell?: TellProgress },
): Promise<TestReport> {
  const { url, token, rate = 10 } = test;
  if (!isLoopbackHost(url.hostname) && url.hostname !== test.permittedHost) {
    throw new TypeError(`${url.hostname} is not this machine. Name the host to test one of yours elsewhere.`);
  }
  if (!(rate > 0 && rate <= 50)) throw new TypeError('The rate is 1 to 50 requests in a second.');
  if (token.split('.').length !== 3)
    throw new TypeError('The token is no JWT: there is nothing to be derived from it.');
  const attacks = derivedAttacks(token, { algorithm: 'ES256', ...(await generateSigningKey('ES256')) });
  const send = slowly(urlTarget(url), { rate, wait });
  const sendLast = patiently(send, wait);
  const results: TestResult[] = [];
  for (const [index, tried] of test.requests.entries()) {
    tell(index, test.requests.length, `${tried.method} ${tried.path}`);
    results.push(...(await routeResults(attacks, tried, { token, by: 'yours', send, sendLast })));
  }
  return reportOf(results);
}

/** Resolves after so many milliseconds, and keeps the process alive until then. */
type Wait = (milliseconds: number) => Promise<void>;

function slowly(target: Target, { rate, wait }: { readonly rate: number; readonly wait: Wait }): Send {
  return async (request) => {
    await wait(1000 / rate);
    return target.send(request);
  };
}

/** Seconds that a limit is waited out for at most. */
const longestWait = 60;

/** Waits out the limit that the attacks have used up. */
function patiently(send: Send, wait: Wait): Send {
  return async (request) => {
    const answer = await send(request);
    if (answer?.status !== 429) return answer;
    await wait(Math.min(Math.max(answer.retryAfter, 1), longestWait) * 1000);
    return send(request);
  };
}
