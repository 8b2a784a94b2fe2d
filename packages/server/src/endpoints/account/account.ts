/**
 * The account page: what a person allows apps, where they are signed in, and taking either back.
 *
 * Everything is looked up by the person of the session, and nothing that a form names is anybody else's: an id of
 * somebody else's is told as one that does not exist.
 *
 * Owns: the page and what its forms do. Does not own: the sign-in, which comes back here; what ends with a consent or a
 * session (`authorizations/`, `sessions/`).
 */
import {
  checkOrigin,
  epochSeconds,
  type HttpAnswer,
  type HttpRequest,
  parseForm,
  type Runtime,
  refuse,
  singleParameters,
} from '@castellan/protocol';
import { withdrawConsent } from '../../authorizations/consent.ts';
import type { ClientDirectory } from '../../clients/client.ts';
import { rememberBrowser, type ServerCookies } from '../../http/cookies.ts';
import type { FormTokens } from '../../http/csrf.ts';
import type { Endpoint, Exchange } from '../../http/exchange.ts';
import { type Pages, redirect, setCookies } from '../../http/page.ts';
import { accountPath, type ParkingLot, parkedId, stepAddress } from '../../requests/park.ts';
import { parseParameters } from '../../requests/parse.ts';
import type { ResourceDirectory } from '../../resources/resource.ts';
import type { Sessions } from '../../sessions/session.ts';
import type { ConsentRow, ConsentStore } from '../../store/consent-store.ts';
import type {
  ListedSession,
  ParkedRequestStore,
  PersonRow,
  PersonStore,
  SessionRow,
  SessionStore,
} from '../../store/store.ts';
import { type AllowedApp, accountPage, isOutcome, notSignedInPage, type Outcome } from './account-page.ts';

export interface AccountDeps {
  readonly issuer: string;
  readonly store: Pick<PersonStore, 'findPerson'> &
    Pick<SessionStore, 'listSessions'> &
    Pick<ConsentStore, 'listConsents' | 'withdrawConsent'> &
    Pick<ParkedRequestStore, 'dropParkedRequest'>;
  readonly clients: ClientDirectory;
  readonly resources: ResourceDirectory;
  readonly sessions: Pick<Sessions, 'find' | 'end'>;
  readonly parking: Pick<ParkingLot, 'parkAccount' | 'loadAccount'>;
  readonly cookies: ServerCookies;
  readonly formTokens: FormTokens;
  readonly pages: Pick<Pages, 'page'>;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
}

/** More browsers than anybody uses; the shell lists all. */
const mostSessions = 50;

export function createAccountEndpoint(deps: AccountDeps): Endpoint {
  return async (request, exchange) => {
    if (parkedId(request) !== undefined) return comeBack(request, deps);
    const session = await deps.sessions.find(deps.cookies.session.read(request));
    const person = session && (await deps.store.findPerson(session.person));
    if (session === undefined || person === undefined) return askToSignIn(request, deps);
    exchange.identify({ person: person.id });
    const visit = { session, person };
    return request.method === 'POST' ? change(request, { ...visit, exchange }, deps) : show(request, visit, deps);
  };
}

/** From the sign-in: what was parked has served, whatever came of it. */
async function comeBack(request: HttpRequest, deps: AccountDeps): Promise<HttpAnswer> {
  const { row } = await deps.parking.loadAccount(request);
  await deps.store.dropParkedRequest(row.idHash);
  if (row.deniedAt === undefined) return redirect(accountAddress(deps));
  return deps.pages.page(notSignedInPage(accountAddress(deps)));
}

async function askToSignIn(request: HttpRequest, deps: AccountDeps): Promise<HttpAnswer> {
  const { browser, setCookie } = rememberBrowser(request, deps);
  return redirect(stepAddress(deps.issuer, 'login', { id: await deps.parking.parkAccount(browser) }), setCookie);
}

function accountAddress({ issuer }: AccountDeps): string {
  return issuer + accountPath;
}

/** Somebody who is signed in. */
interface Visit {
  readonly session: SessionRow;
  readonly person: PersonRow;
}

async function show(request: HttpRequest, { session, person }: Visit, deps: AccountDeps): Promise<HttpAnswer> {
  const { browser, setCookie } = rememberBrowser(request, deps);
  const now = epochSeconds(deps.runtime);
  const outcome = parseParameters(request.query).get('outcome');
  const answer = deps.pages.page(
    accountPage({
      person,
      apps: appsOf(await deps.store.listConsents(person.id), deps),
      sessions: inOrder(
        await deps.store.listSessions({ person: person.id, after: '', limit: mostSessions, now }),
        session.id,
      ),
      current: session.id,
      outcome: outcome !== undefined && isOutcome(outcome) ? outcome : undefined,
      action: accountAddress(deps),
      formToken: deps.formTokens.issue('account', [browser, session.id]),
      signOut: {
        action: `${deps.issuer}/logout/confirm`,
        formToken: deps.formTokens.issue('logout', [browser, session.id, '']),
      },
    }),
  );
  return { ...answer, headers: { ...answer.headers, ...setCookies(setCookie) } };
}

/** This browser first, then the newest: the one that somebody does not know is most often new. */
function inOrder(sessions: readonly ListedSession[], current: string): readonly ListedSession[] {
  return sessions.toSorted((a, b) => Number(b.id === current) - Number(a.id === current) || b.since - a.since);
}

/** By client, in the order of their ids; a client or an API that is gone is named by its id. */
function appsOf(consents: readonly ConsentRow[], { clients, resources }: AccountDeps): readonly AllowedApp[] {
  return [...Map.groupBy(consents, ({ client }) => client)].map(([client, given]) => ({
    client,
    name: clients.find(client)?.name ?? client,
    since: Math.min(...given.map(({ givenAt }) => givenAt)),
    allowed: given.map(({ resource: audience, scopes }) => ({
      resource: resources.find(audience) ?? { audience, name: audience, scopes: new Map<string, string>() },
      scopes,
    })),
  }));
}

/**
 * Does what a form asks, and shows the page again by GET, so that loading it anew does nothing twice.
 *
 * INVARIANT: nothing of the form is looked at before origin and form token were checked.
 */
async function change(
  request: HttpRequest,
  changing: Visit & { readonly exchange: Exchange },
  deps: AccountDeps,
): Promise<HttpAnswer> {
  checkOrigin(request, new URL(deps.issuer).origin);
  const fields = singleParameters(parseForm(request.body), []);
  const browser = deps.cookies.browser.read(request) ?? '';
  deps.formTokens.check('account', [browser, changing.session.id], fields['form_token']);
  return redirect(`${accountAddress(deps)}?outcome=${await apply(fields, changing, deps)}`);
}

async function apply(
  fields: Readonly<Record<string, string>>,
  { person: { id: person }, exchange }: Visit & { readonly exchange: Exchange },
  deps: AccountDeps,
): Promise<Outcome> {
  const { withdraw: client, end: id } = fields;
  if (client !== undefined) {
    return (await withdrawConsent(deps, { person, client }, exchange)) === 'withdrawn' ? 'withdrawn' : 'not_there';
  }
  if (id === undefined) return refuse('invalid_parameter', { detail: 'neither a client nor a session' });
  const verdict = await deps.sessions.end({ id, person, reason: 'ended_elsewhere' }, exchange);
  return verdict === 'ended' ? 'ended' : 'not_there';
}
