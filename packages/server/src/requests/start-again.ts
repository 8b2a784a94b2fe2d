/**
 * Where a person may start again whose request is gone: the client's own login address (third-party-initiated login).
 *
 * The address of each of our steps names the client beside the parked request, which may have been erased long ago, as
 * when somebody has kept the sign-in page as a bookmark. So whoever makes an address can choose the client here; what
 * they get is a link to an address that this client has registered, which the person may follow or not.
 *
 * @see OpenID Connect Core §4
 */
import { appendQuery, type HttpRequest } from '@castellan/protocol';
import type { Client, ClientDirectory } from '../clients/client.ts';
import { clientParameter } from './park.ts';

interface StartAgain {
  /** As people know it. */
  readonly name: string;
  readonly address: string;
}

type FindStartAgain = (request: Pick<HttpRequest, 'query'>) => StartAgain | undefined;

/** Undefined when no client is named, or one that has registered no such address. */
export function createStartAgain({ issuer, clients }: { issuer: string; clients: ClientDirectory }): FindStartAgain {
  return (request) => {
    // INVARIANT: read where a refusal is being answered, so this throws for no query: one that cannot be read, or that
    // names the client twice, names none.
    const [id = '', ...more] = new URLSearchParams(request.query).getAll(clientParameter);
    const client = more.length > 0 ? undefined : clients.find(id);
    return client && addressAt(client, issuer);
  };
}

/** Says who we are; nothing about the person, whom nobody has asked. */
function addressAt({ name, initiateLoginUri }: Client, issuer: string): StartAgain | undefined {
  return initiateLoginUri === undefined ? undefined : { name, address: appendQuery(initiateLoginUri, { iss: issuer }) };
}
