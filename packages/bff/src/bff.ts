/**
 * A backend for one web app: signs people in at an issuer, keeps their tokens, and calls the APIs for the page.
 *
 * The page holds one cookie that no script can read. This file is the composition root: it owns which path leads
 * where and how a refusal becomes an answer; it does not own what any of the endpoints does.
 */

import type { Sink } from '@castellan/audit';
import { type LimitStore, memoryLimitStore, surviveOutages } from '@castellan/limits';
import {
  type HttpAnswer,
  type HttpRequest,
  Refusal,
  type Runtime,
  refuse,
  systemRuntime,
  wireRefusals,
} from '@castellan/protocol';
import { type AnswerSource, refusalAnswer, withSecurityHeaders } from './answer.ts';
import { createCallbackEndpoint } from './callback.ts';
import { type BffConfig, type ResolvedBffConfig, resolveConfig } from './config.ts';
import { createBffCookies } from './cookies.ts';
import type { Endpoint } from './exchange.ts';
import { createIssuer } from './issuer/issuer.ts';
import { createJournal, type Journal, type OpenExchange, type Outcome } from './journal.ts';
import { createLoginEndpoint } from './login.ts';
import { createLogoutEndpoint } from './logout.ts';
import { createProxyEndpoint } from './proxy.ts';
import { findProxyRoute } from './proxy-path.ts';
import { createAccessTokens } from './refresh.ts';
import { createSessionEndpoint, createSessions } from './session.ts';

/** A running backend. */
export interface Bff {
  /** Answers every request; never throws. */
  readonly handle: (request: HttpRequest) => Promise<HttpAnswer>;
  /** Delivers the events that wait and closes the sinks. Does not close the session port, which the caller opened. */
  readonly close: () => Promise<void>;
}

/** One row of the table of paths. */
interface Route {
  readonly name: string;
  readonly path: string;
  readonly method: 'GET' | 'POST' | 'by proxy';
  readonly channel: 'page' | 'json';
  readonly source: AnswerSource;
  readonly endpoint: Endpoint;
}

/**
 * Makes the backend of a web app. Nothing is fetched before the first sign-in.
 *
 * Does not check that the issuer knows this client or that the APIs are there.
 *
 * @throws {BffConfigError} naming everything that is wrong with the configuration
 * @example const bff = createBff(config, systemRuntime, [sink]); createServer(nodeListener(bff)).listen(4002);
 * @see OAuth 2.0 for Browser-Based Applications §6.1
 */
export function createBff(config: BffConfig, runtime: Runtime = systemRuntime, sinks: readonly Sink[] = []): Bff {
  const resolved = resolveConfig(config);
  const journal = createJournal({ config: resolved, sessions: resolved.sessions, runtime, sinks });
  const find = createRoutes(resolved, { runtime, limits: openLimits(resolved, { journal, runtime }) });
  return {
    handle: async (request) => {
      const exchange = journal.open(request);
      const route = find(request.path);
      const { answer, source, outcome } = await answerRoute({ request, exchange, route, config: resolved });
      exchange.finish({ endpoint: route.name, method: request.method, status: answer.status, ...outcome });
      return withSecurityHeaders(answer, source, resolved.secure);
    },
    close: journal.close,
  };
}

/** Sign-ins stay limited without their store: this node then counts for itself, and says so once. */
function openLimits(
  { limit }: ResolvedBffConfig,
  { journal, runtime }: { readonly journal: Journal; readonly runtime: Runtime },
): LimitStore {
  return surviveOutages(limit.store ?? memoryLimitStore({ capacity: 10_000 }), {
    runtime,
    tell: (change) => journal.notice('error' in change ? { ...change, error: nameOf(change.error) } : change),
  });
}

interface RouteParts {
  readonly runtime: Runtime;
  readonly limits: LimitStore;
}

function createRoutes(config: ResolvedBffConfig, { runtime, limits }: RouteParts): (path: string) => Route {
  const cookies = createBffCookies(config);
  const issuer = createIssuer({ config, runtime });
  const port = config.sessions;
  const sessions = createSessions({ port, cookie: cookies.session, config, runtime });
  const tokens = createAccessTokens({ issuer, sessions, port, runtime });
  const login = createLoginEndpoint({ config, issuer, port, sessions, cookie: cookies.login, limits, runtime });
  const callback = createCallbackEndpoint({ config, issuer, port, sessions, cookie: cookies.login, runtime });
  const logout = createLogoutEndpoint({ config, issuer, sessions, cookies });
  const session = createSessionEndpoint(sessions, config.origin);
  const page = { channel: 'page', source: 'own page' } as const;
  const data = { channel: 'json', source: 'data' } as const;
  const own: readonly Route[] = [
    { name: 'login', path: '/login', method: 'GET', ...page, endpoint: login },
    { name: 'callback', path: '/callback', method: 'GET', ...page, endpoint: callback },
    { name: 'logout', path: '/logout', method: 'POST', ...data, endpoint: logout },
    { name: 'session', path: '/session', method: 'GET', ...data, endpoint: session },
  ];
  const proxies = config.proxy.map((route): Route => {
    const endpoint = createProxyEndpoint({ config, sessions, tokens, runtime }, route);
    return { name: 'proxy', path: route.path, method: 'by proxy', ...data, endpoint };
  });
  const app: Route = {
    name: 'app',
    path: '/',
    method: 'by proxy',
    channel: 'page',
    source: 'app',
    endpoint: async (request) => config.app(request),
  };
  return (path) => {
    const proxy = findProxyRoute(path, config.proxy);
    return own.find((route) => route.path === path) ?? proxies.find((route) => route.path === proxy?.path) ?? app;
  };
}

interface RouteCall {
  readonly request: HttpRequest;
  readonly exchange: OpenExchange;
  readonly route: Route;
  readonly config: ResolvedBffConfig;
}

interface RouteAnswer {
  readonly answer: HttpAnswer;
  readonly source: AnswerSource;
  readonly outcome: Pick<Outcome, 'outcome' | 'reason' | 'detail'>;
}

/** The only place where a Refusal, or anything else that is thrown, becomes an answer. */
async function answerRoute({ request, exchange, route, config }: RouteCall): Promise<RouteAnswer> {
  const audience = { channel: route.channel, correlation: exchange.correlation, stylesheet: config.stylesheet };
  const source = route.channel === 'page' ? 'own page' : 'data';
  try {
    if (route.method !== 'by proxy' && request.method !== route.method)
      refuse('method_not_allowed', { allow: route.method });
    const answer = await route.endpoint(request, exchange);
    const outcome = outcomeOf(answer.status);
    return { answer, source: route.source, outcome: { outcome, reason: undefined, detail: undefined } };
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal('server_error');
    const { reason, context } = refusal;
    if (!(error instanceof Refusal)) exchange.notice({ type: 'failure', where: route.name, error: nameOf(error) });
    return {
      answer: refusalAnswer(refusal, audience),
      source,
      outcome: { outcome: outcomeOf(wireRefusals[reason].status), reason, detail: context.detail },
    };
  }
}

function outcomeOf(status: number): Outcome['outcome'] {
  if (status < 400) return 'success';
  return status < 500 ? 'refusal' : 'failure';
}

/** An error's class and place, not its message, which may quote what it choked on. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'not an error';
  return `${error.name} ${error.stack?.split('\n').find((line) => line.includes('    at ')) ?? ''}`.trim();
}
