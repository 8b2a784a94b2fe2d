/**
 * The authorization endpoint: where a request arrives, and where every step comes back to.
 *
 * Owns: the way from a checked request to its answer: parking it, sending the browser on to sign-in or consent, and
 * answering the client. Does not own: what is checked (`requests/check.ts`), what comes next
 * (`requests/next-step.ts`), how a refusal is told (`http/`).
 */
import { epochSeconds, type HttpAnswer, type HttpRequest, type Runtime, refuse } from '@castellan/protocol';
import type { SubjectOf } from '../../accounts/subject.ts';
import type { GrantAuthorization } from '../../authorizations/authorization.ts';
import type { Client, ClientDirectory } from '../../clients/client.ts';
import { answerClient } from '../../http/client-answer.ts';
import { rememberBrowser, type ServerCookies } from '../../http/cookies.ts';
import type { Endpoint, Exchange } from '../../http/exchange.ts';
import { type Pages, redirect } from '../../http/page.ts';
import { type CheckedRequest, checkRequest, errorTarget } from '../../requests/check.ts';
import type { VerifyHint } from '../../requests/id-token-hint.ts';
import { type NextStep, nextStep, wantedConsent } from '../../requests/next-step.ts';
import { type ParkedRequest, type ParkingLot, parkedId, stepAddress } from '../../requests/park.ts';
import { parseParameters, type SentParameters } from '../../requests/parse.ts';
import type { RepeatWatch } from '../../requests/repeats.ts';
import type { ResourceDirectory } from '../../resources/resource.ts';
import type { Sessions } from '../../sessions/session.ts';
import type { ConsentStore } from '../../store/consent-store.ts';
import type { ParkedRequestStore, SessionRow } from '../../store/store.ts';

export interface AuthorizeDeps {
  readonly issuer: string;
  readonly store: Pick<ConsentStore, 'findConsents'> & Pick<ParkedRequestStore, 'dropParkedRequest'>;
  readonly clients: ClientDirectory;
  readonly resources: ResourceDirectory;
  readonly sessions: Pick<Sessions, 'find'>;
  readonly parking: ParkingLot;
  readonly repeats: RepeatWatch;
  readonly grant: GrantAuthorization;
  readonly verifyHint: VerifyHint;
  readonly subjectOf: SubjectOf;
  readonly cookies: ServerCookies;
  readonly pages: Pick<Pages, 'goOn' | 'post'>;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
}

/** Longer addresses are cut or refused on their way by browsers and proxies. */
const longestQuery = 8000;

export function createAuthorizeEndpoint(deps: AuthorizeDeps): Endpoint {
  return async (request, exchange) => {
    if (request.method === 'POST') return repeatAsGet(request, deps.issuer);
    const session = await deps.sessions.find(deps.cookies.session.read(request));
    if (session !== undefined) exchange.identify({ person: session.person });
    return parkedId(request) === undefined
      ? begin(request, exchange, { ...deps, session })
      : resume(request, exchange, { ...deps, session });
  };
}

type WithSession = AuthorizeDeps & { readonly session: SessionRow | undefined };

/**
 * A posted request is asked again by GET: the browser sends no Lax cookie with a post from another site, and every
 * later step comes back here by GET anyway.
 */
function repeatAsGet(request: HttpRequest, issuer: string): HttpAnswer {
  if (request.body.length > longestQuery) refuse('malformed_request', { detail: 'the posted request is too long' });
  // Parsed and not only copied: what is not form-encoded has no business in a header.
  parseParameters(request.body);
  return redirect(`${issuer}/authorize?${request.body}`);
}

async function begin(httpRequest: HttpRequest, exchange: Exchange, deps: WithSession): Promise<HttpAnswer> {
  const sent = parseParameters(httpRequest.query);
  identifyClient(sent, exchange, deps);
  const { client, request } = await checkRequest(sent, {
    clients: deps.clients,
    resources: deps.resources,
    signedIn: deps.session !== undefined,
    hintedSubject: async (hint, clientId) => {
      const hinted = await deps.verifyHint(hint);
      return hinted?.client === clientId ? hinted.subject : undefined;
    },
  });
  const next = await decide({ client, request, parked: undefined }, deps);
  switch (next.step) {
    case 'refuse':
      return refuse(next.reason, { target: errorTarget(request, true) });
    case 'respond':
      noticeRepeats(request, { browser: deps.cookies.browser.read(httpRequest), exchange }, deps);
      return grantAndAnswer({ client, request, next, parked: undefined }, exchange, deps);
    default:
      return sendOn(httpRequest, { step: next.step, request, exchange }, deps);
  }
}

/** A refused request is about a client too; an id that is not registered may be anything, and goes into no event. */
function identifyClient(sent: SentParameters, exchange: Exchange, { clients }: AuthorizeDeps): void {
  const client = clients.find(sent.get('client_id') ?? '');
  if (client !== undefined) exchange.identify({ client: client.id });
}

async function resume(httpRequest: HttpRequest, exchange: Exchange, deps: WithSession): Promise<HttpAnswer> {
  const parked = await deps.parking.load(httpRequest);
  const { client, request, row } = parked;
  exchange.identify({ client: client.id });
  const next = await decide({ client, request, parked: row }, deps);
  switch (next.step) {
    case 'refuse':
      await deps.store.dropParkedRequest(row.idHash);
      return refuse(next.reason, { target: { ...errorTarget(request, true), afterForm: true } });
    case 'respond':
      return grantAndAnswer({ client, request, next, parked: row.idHash }, exchange, deps);
    default:
      return redirect(stepAddress(deps.issuer, next.step, parked));
  }
}

interface Deciding {
  readonly client: Client;
  readonly request: CheckedRequest;
  readonly parked: ParkedRequest['row'] | undefined;
}

async function decide({ client, request, parked }: Deciding, deps: WithSession): Promise<NextStep> {
  const { session } = deps;
  const remembered = session === undefined ? [] : await deps.store.findConsents(session.person, client.id);
  const subject = session && deps.subjectOf(session.person, client);
  const wanted = wantedConsent(request, deps.resources);
  return nextStep({ request, client, parked, session, subject, wanted, remembered, now: epochSeconds(deps.runtime) });
}

interface Granted {
  readonly client: Client;
  readonly request: CheckedRequest;
  readonly next: Extract<NextStep, { step: 'respond' }>;
  readonly parked: string | undefined;
}

/** Grants, and brings the code to the client; what was parked comes from a form of ours. */
async function grantAndAnswer(granted: Granted, exchange: Exchange, deps: AuthorizeDeps): Promise<HttpAnswer> {
  const { client, request, next, parked } = granted;
  const { session, relied } = next;
  const result = await deps.grant({ client, session, request, parkedIdHash: parked, relied }, exchange);
  if (result === 'parked_request_gone') return refuse('parked_request_gone', { detail: 'answered meanwhile' });
  if (result === 'consent_gone')
    return refuse('parked_request_gone', { detail: 'the consent was withdrawn meanwhile' });
  const target = { ...errorTarget(request, true), afterForm: parked !== undefined };
  return answerClient(target, { code: result.code, state: request.state, iss: deps.issuer }, deps.pages);
}

interface SendingOn {
  readonly step: 'login' | 'consent';
  readonly request: CheckedRequest;
  readonly exchange: Exchange;
}

/** Parks the request for this browser, which gets its cookie now if it has none, and sends it to the step. */
async function sendOn(httpRequest: HttpRequest, sending: SendingOn, deps: AuthorizeDeps): Promise<HttpAnswer> {
  const { step, request, exchange } = sending;
  const { browser, setCookie } = rememberBrowser(httpRequest, deps);
  noticeRepeats(request, { browser, exchange }, deps);
  const id = await deps.parking.park(request, browser);
  return redirect(stepAddress(deps.issuer, step, { id, row: { client: request.client } }), setCookie);
}

/** RFC 9700 §2.1.1: a client that sends the same challenge or nonce to two browsers has lost what they are for. */
function noticeRepeats(
  request: CheckedRequest,
  { browser, exchange }: { readonly browser: string | undefined; readonly exchange: Exchange },
  { repeats }: AuthorizeDeps,
): void {
  if (browser === undefined) return;
  for (const parameter of repeats.see(request, browser)) {
    exchange.notice({ type: 'request.repeated', client: request.client, parameter });
  }
}
