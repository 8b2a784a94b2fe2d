/**
 * The negative corpus against an API that runs already, made from one good token.
 *
 * Whoever is not the issuer can only change what it signed: tokens with other claims, or of other kinds, need the
 * issuer's key and are told as not tested.
 */
import { generateSigningKey, isLoopbackHost } from '@castellan/protocol';
import { type Attack, derivedAttacks } from './attacks.ts';
import type { TellProgress } from './guard-test.ts';
import { reportOf, type TestReport, type TestResult } from './report.ts';
import { type Target, urlTarget } from './target.ts';
import { attackResult, baselineProblem, bearer, requestWith, type Send, type TriedRequest } from './try.ts';

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
  const results: TestResult[] = [];
  for (const [index, tried] of test.requests.entries()) {
    tell(index, test.requests.length, `${tried.method} ${tried.path}`);
    results.push(...(await requestResults(tried, { token, attacks, send })));
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

interface Trying {
  readonly token: string;
  readonly attacks: readonly Attack[];
  readonly send: Send;
}

async function requestResults(tried: TriedRequest, { token, attacks, send }: Trying): Promise<readonly TestResult[]> {
  const route = `${tried.method} ${tried.path}`;
  const problem = baselineProblem(await send(requestWith(tried, bearer(token))), 'yours');
  if (problem !== undefined) {
    return attacks.map(({ group, name }) => ({ group, name, route, verdict: 'not tested', detail: problem }));
  }
  const results: TestResult[] = [];
  for (const attack of attacks) results.push({ ...(await attackResult(attack, tried, send)), route });
  return results;
}
