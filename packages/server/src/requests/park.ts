/** Parked requests: an authorization request that waits while the person signs in and consents. */
import {
  createPrefixedToken,
  epochSeconds,
  type HttpRequest,
  hashSecret,
  type Runtime,
  refuse,
  tokenPrefixes,
} from '@castellan/protocol';
import type { Client, ClientDirectory } from '../clients/client.ts';
import type { ResourceDirectory } from '../resources/resource.ts';
import type { ParkedRequestRow, ParkedRequestStore } from '../store/store.ts';
import { type CheckedRequest, recheckRequest } from './check.ts';
import { parseParameters } from './parse.ts';

/** Our own parameter; `request` is taken (RFC 9101). */
const parkedParameter = 'parked';
/** Beside it, for when it is gone (`start-again.ts`); nothing else looks at it. */
export const clientParameter = 'client_id';

/** A parked request in the hands of the browser that started it. */
export interface ParkedRequest {
  /** For addresses of this browser; what is stored is its hash. */
  readonly id: string;
  readonly row: ParkedRequestRow;
  readonly request: CheckedRequest;
  readonly client: Client;
}

/** A user code that somebody typed, in the hands of the browser that sent it. Whether there is such a code is not known. */
export interface ParkedUserCode {
  readonly id: string;
  readonly row: ParkedRequestRow;
  /** Keyed hash. */
  readonly userCodeHash: string;
}

/** Whatever waits for a sign-in, and the step that the browser goes back to afterwards. */
export interface ParkedVisit {
  readonly id: string;
  readonly row: ParkedRequestRow;
  readonly from: 'authorize' | 'device' | 'account';
  /** Undefined on the way from a page of ours: the device page does not say for whom before the sign-in. */
  readonly authorization: ParkedRequest | undefined;
}

export interface ParkingLot {
  /** Parks a request for the browser with this cookie; the id goes into the address of the next page. */
  readonly park: (request: CheckedRequest, browser: string) => Promise<string>;
  /**
   * The parked request that an address names.
   *
   * @throws {Refusal} `parked_request_gone`; `wrong_browser` when another browser started it
   */
  readonly load: (request: HttpRequest) => Promise<ParkedRequest>;
  /** Parks a user code as {@link ParkingLot.park} parks a request. */
  readonly parkUserCode: (userCodeHash: string, browser: string) => Promise<string>;
  /**
   * The parked user code that an address names; an authorization request is none.
   *
   * @throws {Refusal} as `load`
   */
  readonly loadUserCode: (request: HttpRequest) => Promise<ParkedUserCode>;
  /** Parks the wish to see one's account, for the browser with this cookie. */
  readonly parkAccount: (browser: string) => Promise<string>;
  /**
   * What an address of the account page names; neither a request nor a user code is such.
   *
   * @throws {Refusal} as `load`
   */
  readonly loadAccount: (request: HttpRequest) => Promise<Pick<ParkedVisit, 'id' | 'row'>>;
  /**
   * Any of them, for the sign-in.
   *
   * @throws {Refusal} as `load`
   */
  readonly visit: (request: HttpRequest) => Promise<ParkedVisit>;
}

export interface ParkingDeps {
  readonly store: Pick<ParkedRequestStore, 'parkRequest' | 'findParkedRequest'>;
  readonly clients: ClientDirectory;
  readonly resources: ResourceDirectory;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
  readonly lifetimes: { readonly parkedRequest: number };
  readonly browserCookie: { readonly read: (request: HttpRequest) => string | undefined };
}

/** The stored form of a parked user code; a checked request always has a `client`. */
interface StoredUserCode {
  readonly userCode: string;
}

interface StoredAccount {
  readonly account: true;
}

type Stored = CheckedRequest | StoredUserCode | StoredAccount;

export function createParkingLot(deps: ParkingDeps): ParkingLot {
  return {
    park: (request, browser) => park(deps, { client: request.client, request }, browser),
    load: async (request) => asRequest(await loadRow(request, deps), deps),
    // Whose code it is nobody knows yet, so no client stands in the row.
    parkUserCode: (userCode, browser) => park(deps, { client: '', request: { userCode } }, browser),
    loadUserCode: async (request) => asUserCode(await loadRow(request, deps)),
    parkAccount: (browser) => park(deps, { client: '', request: { account: true } }, browser),
    loadAccount: async (request) => {
      const { id, row, stored } = await loadRow(request, deps);
      return 'account' in stored ? { id, row } : refuse('parked_request_gone', { detail: 'it is not for the account' });
    },
    visit: async (request) => {
      const loaded = await loadRow(request, deps);
      const { id, row } = loaded;
      if ('userCode' in loaded.stored) return { id, row, from: 'device', authorization: undefined };
      if ('account' in loaded.stored) return { id, row, from: 'account', authorization: undefined };
      return { id, row, from: 'authorize', authorization: asRequest(loaded, deps) };
    },
  };
}

interface Parking {
  readonly client: string;
  readonly request: Stored;
}

async function park(deps: ParkingDeps, { client, request }: Parking, browser: string): Promise<string> {
  const { store, runtime } = deps;
  const id = createPrefixedToken(tokenPrefixes.parkedRequest, runtime.randomBytes(32).toString('base64url'));
  const now = epochSeconds(runtime);
  await store.parkRequest({
    idHash: hashSecret(id),
    browserHash: hashSecret(browser),
    client,
    request: JSON.stringify(request),
    createdAt: now,
    expiresAt: now + deps.lifetimes.parkedRequest,
    session: undefined,
    consentedAt: undefined,
    deniedAt: undefined,
  });
  return id;
}

interface LoadedRow {
  readonly id: string;
  readonly row: ParkedRequestRow;
  /** Written by `park` above and by nobody else. */
  readonly stored: Stored;
}

async function loadRow(httpRequest: HttpRequest, deps: ParkingDeps): Promise<LoadedRow> {
  const id = parkedId(httpRequest) ?? refuse('parked_request_gone', { detail: 'no parked request is named' });
  const row = await deps.store.findParkedRequest(hashSecret(id), epochSeconds(deps.runtime));
  if (row === undefined) return refuse('parked_request_gone');
  const browser = deps.browserCookie.read(httpRequest);
  // INVARIANT: nobody but the browser that started a request may go on with it, or an attacker's request could be
  // finished with the victim's sign-in.
  if (browser === undefined || hashSecret(browser) !== row.browserHash) return refuse('wrong_browser');
  return { id, row, stored: JSON.parse(row.request) as Stored };
}

/** INVARIANT: no kind passes for another: what was parked for a device never becomes a code. */
function asRequest({ id, row, stored }: LoadedRow, deps: ParkingDeps): ParkedRequest {
  if ('userCode' in stored || 'account' in stored) {
    return refuse('parked_request_gone', { detail: 'it is no request of a client' });
  }
  const client = deps.clients.find(row.client) ?? refuse('unknown_client', { detail: 'the client has gone meanwhile' });
  recheckRequest(stored, client, deps.resources);
  return { id, row, request: stored, client };
}

function asUserCode({ id, row, stored }: LoadedRow): ParkedUserCode {
  if (!('userCode' in stored)) return refuse('parked_request_gone', { detail: 'a request is no user code' });
  return { id, row, userCodeHash: stored.userCode };
}

/** Of the account page, below the issuer. */
export const accountPath = '/account';

type ParkedStep = 'authorize' | 'login' | 'consent' | 'device' | 'account';

/** What waits; without a row, and in some rows, no client is known yet. */
interface Waiting {
  readonly id: string;
  readonly row?: Pick<ParkedRequestRow, 'client'>;
}

/** The address of a step of a parked request, in the browser that started it. */
export function stepAddress(issuer: string, step: ParkedStep, { id, row }: Waiting): string {
  const client = row === undefined || row.client === '' ? '' : `&${clientParameter}=${encodeURIComponent(row.client)}`;
  return `${issuer}/${step}?${parkedParameter}=${encodeURIComponent(id)}${client}`;
}

/** The id in the query; the parameters beside it mean nothing any more. */
export function parkedId(request: Pick<HttpRequest, 'query'>): string | undefined {
  return parseParameters(request.query).get(parkedParameter);
}
