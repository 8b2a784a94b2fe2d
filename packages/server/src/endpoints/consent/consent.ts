/**
 * The consent page: asks the person whether a client may do what it wants to.
 *
 * Owns: the form and storing the answer. Does not own: what is asked (`requests/next-step.ts`), what comes next: it
 * only sends the browser back to the authorization endpoint.
 */

import type { EffectEvent } from '@castellan/audit';
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
import type { SubjectOf } from '../../accounts/subject.ts';
import type { WantedConsent } from '../../authorizations/consent.ts';
import type { ServerCookies } from '../../http/cookies.ts';
import type { FormTokens } from '../../http/csrf.ts';
import type { Endpoint, Exchange } from '../../http/exchange.ts';
import { type Pages, redirect } from '../../http/page.ts';
import type { KeptFor } from '../../requests/duration.ts';
import { nextStep, wantedConsent } from '../../requests/next-step.ts';
import { accountPath, type ParkedRequest, type ParkingLot, stepAddress } from '../../requests/park.ts';
import type { ResourceDirectory } from '../../resources/resource.ts';
import type { Sessions } from '../../sessions/session.ts';
import type { ConsentStore } from '../../store/consent-store.ts';
import type { ParkedRequestStore, PersonRow, PersonStore, SessionRow } from '../../store/store.ts';
import { consentPage } from './consent-page.ts';

export interface ConsentDeps {
  readonly issuer: string;
  readonly store: Pick<PersonStore, 'findPerson'> &
    Pick<ConsentStore, 'findConsents' | 'giveConsent'> &
    Pick<ParkedRequestStore, 'denyParkedRequest'>;
  readonly resources: ResourceDirectory;
  readonly sessions: Pick<Sessions, 'find'>;
  readonly parking: Pick<ParkingLot, 'load'>;
  readonly cookies: ServerCookies;
  readonly formTokens: FormTokens;
  readonly subjectOf: SubjectOf;
  readonly pages: Pick<Pages, 'page'>;
  readonly lifetimes: Omit<KeptFor, 'accessToken'>;
  readonly runtime: Pick<Runtime, 'now'>;
}

/** A person before the page, and what they are asked. */
interface Asking {
  readonly parked: ParkedRequest;
  readonly session: SessionRow;
  readonly person: PersonRow;
  readonly asked: readonly WantedConsent[];
}

export function createConsentEndpoint(deps: ConsentDeps): Endpoint {
  return async (request, exchange) => {
    const parked = await deps.parking.load(request);
    exchange.identify({ client: parked.client.id });
    const asking = await findAsking(request, parked, deps);
    // Nothing to ask here, or nobody to ask: the dispatcher knows what comes instead.
    if (asking === undefined) return backToAuthorize(parked, deps);
    exchange.identify({ person: asking.person.id });
    if (request.method !== 'POST') return show(request, asking, deps);
    return answer(checkForm(request, asking, deps), asking, { deps, exchange });
  };
}

async function findAsking(request: HttpRequest, parked: ParkedRequest, deps: ConsentDeps): Promise<Asking | undefined> {
  const session = await deps.sessions.find(deps.cookies.session.read(request));
  const person = session && (await deps.store.findPerson(session.person));
  if (session === undefined || person === undefined) return undefined;
  const next = nextStep({
    request: parked.request,
    client: parked.client,
    parked: parked.row,
    session,
    subject: deps.subjectOf(person.id, parked.client),
    wanted: wantedConsent(parked.request, deps.resources),
    remembered: await deps.store.findConsents(person.id, parked.client.id),
    now: epochSeconds(deps.runtime),
  });
  return next.step === 'consent' ? { parked, session, person, asked: next.asked } : undefined;
}

/** INVARIANT: nothing of the form is looked at before origin and form token were checked. */
function checkForm(request: HttpRequest, asking: Asking, deps: ConsentDeps): 'allow' | 'deny' {
  checkOrigin(request, new URL(deps.issuer).origin);
  const fields = singleParameters(parseForm(request.body), []);
  deps.formTokens.check('consent', bindings(request, asking, deps), fields['form_token']);
  const { decision } = fields;
  if (decision === 'allow' || decision === 'deny') return decision;
  return refuse('invalid_parameter', { detail: 'neither allow nor deny' });
}

interface Answering {
  readonly deps: ConsentDeps;
  readonly exchange: Exchange;
}

async function answer(decision: 'allow' | 'deny', asking: Asking, { deps, exchange }: Answering): Promise<HttpAnswer> {
  const now = epochSeconds(deps.runtime);
  const { parked } = asking;
  if (decision === 'deny') {
    await deps.store.denyParkedRequest(parked.row.idHash, now);
    return backToAuthorize(parked, deps);
  }
  const given = givenConsents(asking, now);
  const [first, ...rest] = given.map((consent): EffectEvent => {
    const { client, person, resource, scopes } = consent;
    return { type: 'consent.given', client, person, resource, scopes };
  });
  if (first === undefined) return backToAuthorize(parked, deps);
  const give = { consents: given, parked: parked.row.idHash, now };
  const verdict = await deps.store.giveConsent(give, exchange.effects(first, ...rest));
  if (verdict === 'parked_request_gone') return refuse('parked_request_gone', { detail: 'answered meanwhile' });
  return backToAuthorize(parked, deps);
}

function givenConsents(
  { parked, person, asked }: Asking,
  now: number,
): Parameters<ConsentStore['giveConsent']>[0]['consents'] {
  return asked.map(({ resource, scopes }) => ({
    person: person.id,
    client: parked.client.id,
    resource,
    scopes,
    givenAt: now,
  }));
}

function show(request: HttpRequest, asking: Asking, deps: ConsentDeps): HttpAnswer {
  const { parked, person, asked } = asking;
  return deps.pages.page(
    consentPage({
      client: parked.client,
      request: parked.request,
      person,
      asked: asked.flatMap(({ resource, scopes }) => {
        const registered = deps.resources.find(resource);
        return registered === undefined ? [] : [{ resource: registered, scopes }];
      }),
      lifetimes: deps.lifetimes,
      action: stepAddress(deps.issuer, 'consent', parked),
      otherAccount: stepAddress(deps.issuer, 'login', parked),
      account: deps.issuer + accountPath,
      formToken: deps.formTokens.issue('consent', bindings(request, asking, deps)),
    }),
  );
}

/** What was on the page and who read it: another person, or a longer list, needs a page of its own. */
function bindings(request: HttpRequest, { parked, session, asked }: Asking, deps: ConsentDeps): readonly string[] {
  const list = asked.map(({ resource, scopes }) => JSON.stringify([resource, ...scopes]));
  return [deps.cookies.browser.read(request) ?? '', parked.row.idHash, session.id, ...list];
}

function backToAuthorize(parked: ParkedRequest, deps: ConsentDeps): HttpAnswer {
  return redirect(stepAddress(deps.issuer, 'authorize', parked));
}
