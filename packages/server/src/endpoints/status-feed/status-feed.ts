/**
 * The feed of status lists, for APIs: what was revoked, as it happens.
 *
 * Owns: who may listen, and from where. Does not own: what is told (`status/`).
 */
import { refuse } from '@castellan/protocol';
import type { Authenticate } from '../../clients/authenticate.ts';
import type { Endpoint } from '../../http/exchange.ts';
import { parseBackChannelForm } from '../../requests/back-channel-form.ts';
import type { ResourceCaller } from '../../resources/resource.ts';
import type { FeedPlace, StatusFeed } from '../../status/status-feed.ts';

export interface StatusFeedEndpointDeps {
  /** Knows APIs alone: a client is nobody here. */
  readonly authenticate: Authenticate<ResourceCaller>;
  readonly feed: StatusFeed;
}

/**
 * The endpoint. `last_event_id` is the id of the last event that the subscriber has read; with it, what has happened
 * since is told first.
 */
export function createStatusFeedEndpoint({ authenticate, feed }: StatusFeedEndpointDeps): Endpoint {
  return async (request, exchange) => {
    const { parameters } = parseBackChannelForm(request);
    const caller = await authenticate(request, parameters, exchange);
    const known = parsePlace(parameters['last_event_id']);
    const stream = await feed.open({ caller: caller.id, known });
    // A proxy that gathers what it passes on would keep every change for itself.
    return {
      status: 200,
      headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' },
      body: '',
      stream,
    };
  };
}

function parsePlace(text: string | undefined): FeedPlace | undefined {
  if (text === undefined) return undefined;
  const found = /^(\d{1,15})\.(\d{1,15})$/.exec(text);
  if (found === null) return refuse('invalid_parameter', { detail: 'last_event_id is not an id of ours' });
  return { epoch: Number(found[1]), version: Number(found[2]) };
}
