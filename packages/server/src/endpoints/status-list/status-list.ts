/**
 * A status list: the signed bits of the tokens that name it, for everybody who has such a token to check.
 *
 * Owns: the address of a list and the form of the answer. Does not own: what stands in a list (`status/`).
 */
import { type HttpAnswer, type HttpRequest, refuse } from '@castellan/protocol';
import { hasAlready } from '../../http/conditional.ts';
import type { Endpoint } from '../../http/exchange.ts';
import { parseListName } from '../../status/status-claim.ts';
import type { PublishedList, StatusLists } from '../../status/status-lists.ts';

const mediaType = 'application/statuslist+jwt';

/**
 * The endpoint; the list's name is the last part of the path.
 *
 * @see draft-ietf-oauth-status-list §8.1, §8.2
 */
export function createStatusListEndpoint({ lists }: { readonly lists: StatusLists }): Endpoint {
  return async (request) => {
    const name = parseListName(request.path.slice(request.path.lastIndexOf('/') + 1));
    const found = name && (await lists.find(name));
    return answer(found ?? refuse('not_found', { detail: 'no such status list' }), request);
  };
}

function answer({ token, etag }: PublishedList, request: HttpRequest): HttpAnswer {
  if (hasAlready(request, etag)) return { status: 304, headers: { etag }, body: '' };
  return { status: 200, headers: { etag, 'content-type': mediaType }, body: token };
}
