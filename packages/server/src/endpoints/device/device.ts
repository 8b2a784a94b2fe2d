/**
 * The device page: a person types the code that a device shows, signs in, and allows or denies what it asks for.
 *
 *     GET /device -> code typed -> parked -> sign-in -> GET /device?parked=… -> looked up, claimed -> asked -> decided
 *
 * It is the dispatcher of its own steps: the sign-in comes back here. A code is looked up only for somebody who has
 * signed in, so whoever guesses has an account, an address and a budget for both.
 *
 * Owns: that way, and storing the answer. Does not own: the sign-in, user codes (`authorizations/user-code.ts`), nor
 * what the device gets (`endpoints/token`).
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
import { newAuthorization } from '../../authorizations/authorization.ts';
import { hashUserCode, parseUserCode, showUserCode } from '../../authorizations/user-code.ts';
import { type Client, type ClientDirectory, deviceGrantType } from '../../clients/client.ts';
import { rememberBrowser, type ServerCookies } from '../../http/cookies.ts';
import type { FormTokens } from '../../http/csrf.ts';
import type { Endpoint, Exchange } from '../../http/exchange.ts';
import { type Pages, redirect, setCookies } from '../../http/page.ts';
import { recheckRights } from '../../requests/check.ts';
import type { KeptFor } from '../../requests/duration.ts';
import { wantedConsent } from '../../requests/next-step.ts';
import { accountPath, type ParkedUserCode, type ParkingLot, parkedId, stepAddress } from '../../requests/park.ts';
import { parseParameters } from '../../requests/parse.ts';
import type { ResourceDirectory } from '../../resources/resource.ts';
import type { Sessions } from '../../sessions/session.ts';
import type { StatusIndexes } from '../../status/status-indexes.ts';
import type { DeviceClaim, DeviceCodeRow, DeviceCodeStore } from '../../store/device-code-store.ts';
import type { ParkedRequestStore, PersonRow, PersonStore, SessionRow } from '../../store/store.ts';
import { type CodeView, codePage, confirmPage, donePage } from './device-page.ts';
import { takeUserCodeTry, type UserCodeLimitDeps } from './user-code-limits.ts';

export interface DeviceDeps extends UserCodeLimitDeps {
  readonly issuer: string;
  readonly store: Pick<DeviceCodeStore, 'findUserCode' | 'claimDeviceCode' | 'approveDeviceCode' | 'denyDeviceCode'> &
    Pick<ParkedRequestStore, 'dropParkedRequest'> &
    Pick<PersonStore, 'findPerson'>;
  readonly clients: ClientDirectory;
  readonly resources: ResourceDirectory;
  readonly sessions: Pick<Sessions, 'find'>;
  readonly parking: Pick<ParkingLot, 'parkUserCode' | 'loadUserCode'>;
  readonly cookies: ServerCookies;
  readonly formTokens: FormTokens;
  readonly pages: Pick<Pages, 'page'>;
  readonly userCodeKey: Buffer;
  readonly statusIndexes: StatusIndexes;
  readonly lifetimes: KeptFor;
  readonly runtime: Pick<Runtime, 'now' | 'monotonic' | 'randomBytes'>;
}

export function createDeviceEndpoint(deps: DeviceDeps): Endpoint {
  return async (request, exchange) => {
    if (parkedId(request) !== undefined) return resume(request, exchange, deps);
    return request.method === 'POST' ? parkCode(request, deps) : begin(request, deps);
  };
}

/** The field, prefilled by `verification_uri_complete` and never sent on by itself. */
function begin(request: HttpRequest, deps: DeviceDeps): HttpAnswer {
  const code = parseUserCode(parseParameters(request.query).get('user_code') ?? '');
  return showCode(request, { userCode: code === undefined ? '' : showUserCode(code), problem: undefined }, deps);
}

function showCode(request: HttpRequest, view: Pick<CodeView, 'userCode' | 'problem'>, deps: DeviceDeps): HttpAnswer {
  const { browser, setCookie } = rememberBrowser(request, deps);
  const formToken = deps.formTokens.issue('user-code', [browser]);
  const answer = deps.pages.page(codePage({ ...view, action: `${deps.issuer}/device`, formToken }));
  return { ...answer, headers: { ...answer.headers, ...setCookies(setCookie) } };
}

/** INVARIANT: nothing of the form is looked at before origin and form token were checked. */
async function parkCode(request: HttpRequest, deps: DeviceDeps): Promise<HttpAnswer> {
  checkOrigin(request, new URL(deps.issuer).origin);
  const fields = singleParameters(parseForm(request.body), []);
  const browser = deps.cookies.browser.read(request) ?? refuse('csrf_rejected', { detail: 'no browser cookie' });
  deps.formTokens.check('user-code', [browser], fields['form_token']);
  const code = parseUserCode(fields['user_code'] ?? '');
  // What can be no code is a slip of the fingers: it tells nothing and counts as no try.
  if (code === undefined) return showCode(request, { userCode: '', problem: { kind: 'invalid' } }, deps);
  const id = await deps.parking.parkUserCode(hashUserCode(code, deps.userCodeKey), browser);
  return redirect(stepAddress(deps.issuer, 'device', { id }));
}

/** Somebody who has signed in, with the code they have claimed. */
interface Asking {
  readonly parked: ParkedUserCode;
  readonly session: SessionRow;
  readonly person: PersonRow;
  readonly code: DeviceCodeRow;
  readonly client: Client;
}

async function resume(request: HttpRequest, exchange: Exchange, deps: DeviceDeps): Promise<HttpAnswer> {
  const parked = await deps.parking.loadUserCode(request);
  if (parked.row.deniedAt !== undefined) return redirect(`${deps.issuer}/device`);
  const session = await deps.sessions.find(deps.cookies.session.read(request));
  const person = session && (await deps.store.findPerson(session.person));
  if (session === undefined || person === undefined) return redirect(stepAddress(deps.issuer, 'login', parked));
  exchange.identify({ person: person.id });
  const found = await findCode({ parked, session, person }, exchange, deps);
  if ('problem' in found) {
    await deps.store.dropParkedRequest(parked.row.idHash);
    return showCode(request, { userCode: '', problem: found.problem }, deps);
  }
  const asking = { parked, session, person, ...found };
  exchange.identify({ client: asking.client.id });
  if (request.method !== 'POST') return showQuestion(request, asking, deps);
  const decision = checkForm(request, asking, deps);
  return deps.pages.page(await decide(decision, asking, { deps, exchange }));
}

type Claiming = Pick<Asking, 'parked' | 'session' | 'person'>;
type Found = Pick<Asking, 'code' | 'client'> | { readonly problem: NonNullable<CodeView['problem']> };

/**
 * Looks the code up and claims it for this session.
 *
 * INVARIANT: what was found is told only after the try was counted; coming back to a code that this claim already
 * holds is no try.
 */
async function findCode(claiming: Claiming, exchange: Exchange, deps: DeviceDeps): Promise<Found> {
  const { parked, person } = claiming;
  const code = await deps.store.findUserCode(parked.userCodeHash);
  if (code?.claim !== parked.row.idHash) {
    const retryAfter = await takeUserCodeTry(deps, person.id, exchange);
    if (retryAfter !== undefined) return { problem: { kind: 'limited', retryAfter } };
  }
  const client = code && findClient(code, deps);
  if (code === undefined || client === undefined) return { problem: { kind: 'invalid' } };
  const verdict = await deps.store.claimDeviceCode(claimOf({ ...claiming, code }, deps));
  return verdict === 'claimed' ? { code, client } : { problem: { kind: 'invalid' } };
}

/** The configuration may have changed since the device asked. */
function findClient(code: DeviceCodeRow, deps: DeviceDeps): Client | undefined {
  const client = deps.clients.find(code.client);
  if (client === undefined || !client.grants.has(deviceGrantType)) return undefined;
  recheckRights(code, client, deps.resources);
  return client;
}

function claimOf(
  { parked, session, code }: Pick<Asking, 'parked' | 'session' | 'code'>,
  deps: DeviceDeps,
): DeviceClaim {
  const now = epochSeconds(deps.runtime);
  return { userCodeHash: code.userCodeHash, parked: parked.row.idHash, session: session.id, now };
}

function showQuestion(request: HttpRequest, asking: Asking, deps: DeviceDeps): HttpAnswer {
  const { parked, person, code, client } = asking;
  return deps.pages.page(
    confirmPage({
      client,
      code,
      person,
      asked: wantedConsent(code, deps.resources).flatMap(({ resource, scopes }) => {
        const registered = deps.resources.find(resource);
        return registered === undefined ? [] : [{ resource: registered, scopes }];
      }),
      lifetimes: deps.lifetimes,
      action: stepAddress(deps.issuer, 'device', parked),
      otherAccount: stepAddress(deps.issuer, 'login', parked),
      account: deps.issuer + accountPath,
      formToken: deps.formTokens.issue('device', bindings(request, asking, deps)),
    }),
  );
}

/** What was on the page, who read it, and in which session. */
function bindings(request: HttpRequest, { parked, session, code }: Asking, deps: DeviceDeps): readonly string[] {
  const rights = JSON.stringify([code.client, code.scopes, code.resources]);
  return [deps.cookies.browser.read(request) ?? '', parked.row.idHash, session.id, code.deviceCodeHash, rights];
}

/** INVARIANT: nothing of the form is looked at before origin and form token were checked. */
function checkForm(request: HttpRequest, asking: Asking, deps: DeviceDeps): 'allow' | 'deny' {
  checkOrigin(request, new URL(deps.issuer).origin);
  const fields = singleParameters(parseForm(request.body), []);
  deps.formTokens.check('device', bindings(request, asking, deps), fields['form_token']);
  const { decision } = fields;
  if (decision === 'allow' || decision === 'deny') return decision;
  return refuse('invalid_parameter', { detail: 'neither allow nor deny' });
}

interface Deciding {
  readonly deps: DeviceDeps;
  readonly exchange: Exchange;
}

async function decide(
  decision: 'allow' | 'deny',
  asking: Asking,
  deciding: Deciding,
): Promise<ReturnType<typeof donePage>> {
  const verdict = decision === 'allow' ? await approve(asking, deciding) : await deny(asking, deciding);
  return verdict === 'gone' ? refuse('parked_request_gone', { detail: 'decided meanwhile' }) : donePage(decision);
}

async function approve(asking: Asking, { deps, exchange }: Deciding): Promise<'approved' | 'gone'> {
  const { code, client, session, person } = asking;
  const claim = claimOf(asking, deps);
  const authorization = await newAuthorization(deps, { client, session, request: code }, claim.now);
  const { id, scopes, resources } = authorization;
  const consents = wantedConsent(code, deps.resources).map((wanted) => ({
    person: person.id,
    client: client.id,
    ...wanted,
    givenAt: claim.now,
  }));
  const subject = { client: client.id, person: person.id } as const;
  return deps.store.approveDeviceCode(
    { claim, authorization, consents },
    exchange.effects(
      { type: 'authorization.granted', authorization: id, ...subject, scopes, resources },
      ...consents.map((consent) => ({
        type: 'consent.given' as const,
        ...subject,
        resource: consent.resource,
        scopes: consent.scopes,
      })),
    ),
  );
}

async function deny(asking: Asking, { deps, exchange }: Deciding): Promise<'denied' | 'gone'> {
  const { client, person } = asking;
  const event = { type: 'device.denied', client: client.id, person: person.id } as const;
  return deps.store.denyDeviceCode(claimOf(asking, deps), exchange.effects(event));
}
