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

/** A parked request in the hands of the browser that started it. */
export interface ParkedRequest {
  /** For addresses of this browser; what is stored is its hash. */
  readonly id: string;
  readonly row: ParkedRequestRow;
  readonly request: CheckedRequest;
  readonly client: Client;
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
}

export interface ParkingDeps {
  readonly store: Pick<ParkedRequestStore, 'parkRequest' | 'findParkedRequest'>;
  readonly clients: ClientDirectory;
  readonly resources: ResourceDirectory;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
  readonly lifetimes: { readonly parkedRequest: number };
  readonly browserCookie: { readonly read: (request: HttpRequest) => string | undefined };
}

export function createParkingLot(deps: ParkingDeps): ParkingLot {
  const { store, runtime } = deps;
  return {
    park: async (request, browser) => {
      const id = createPrefixedToken(tokenPrefixes.parkedRequest, runtime.randomBytes(32).toString('base64url'));
      const now = epochSeconds(runtime);
      await store.parkRequest({
        idHash: hashSecret(id),
        browserHash: hashSecret(browser),
        client: request.client,
        request: JSON.stringify(request),
        createdAt: now,
        expiresAt: now + deps.lifetimes.parkedRequest,
        session: undefined,
        consentedAt: undefined,
        deniedAt: undefined,
      });
      return id;
    },
    load: (request) => loadParked(request, deps),
  };
}

async function loadParked(httpRequest: HttpRequest, deps: ParkingDeps): Promise<ParkedRequest> {
  const id = parkedId(httpRequest) ?? refuse('parked_request_gone', { detail: 'no parked request is named' });
  const row = await deps.store.findParkedRequest(hashSecret(id), epochSeconds(deps.runtime));
  if (row === undefined) return refuse('parked_request_gone');
  const browser = deps.browserCookie.read(httpRequest);
  // INVARIANT: nobody but the browser that started a request may go on with it, or an attacker's request could be
  // finished with the victim's sign-in.
  if (browser === undefined || hashSecret(browser) !== row.browserHash) return refuse('wrong_browser');
  // Written by `park` above and by nobody else.
  const request = JSON.parse(row.request) as CheckedRequest;
  const client = deps.clients.find(row.client) ?? refuse('unknown_client', { detail: 'the client has gone meanwhile' });
  recheckRequest(request, client, deps.resources);
  return { id, row, request, client };
}

/** The address of a step of a parked request, in the browser that started it. */
export function stepAddress(issuer: string, step: 'authorize' | 'login' | 'consent', id: string): string {
  return `${issuer}/${step}?${parkedParameter}=${encodeURIComponent(id)}`;
}

/** The id in the query; the parameters beside it mean nothing any more. */
export function parkedId(request: Pick<HttpRequest, 'query'>): string | undefined {
  return parseParameters(request.query).get(parkedParameter);
}
