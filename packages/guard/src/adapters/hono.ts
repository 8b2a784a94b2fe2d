/** Carries a guard inside a Hono application (version 4). */
import { IncomingMessage } from 'node:http';
import type { Guard } from '../guard.ts';
import { fetchHandler, responseOf } from './fetch.ts';
import { messageBody, plainMessage } from './node.ts';

/** As much of a context of Hono as the guard looks at. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
  /** On Node the message itself is in it. */
  readonly env?: unknown;
}

/**
 * A handler for `app.all`, which answers everything that reaches it. Routes are declared with their full path, also
 * inside `app.route`; elsewhere than on Node `app.mount` cuts the prefix off and finds none of them.
 *
 * Put it before everything that reads a body: a body that was read before is refused with 500, and the event says why.
 *
 * @param address the other end of the connection, which differs from host to host
 * @example app.all('*', honoHandler(guard, (context) => getConnInfo(context).remote.address ?? ''));
 */
export function honoHandler<C extends HonoContext>(
  guard: Pick<Guard, 'handle'>,
  address: (context: C) => string,
): (context: C) => Promise<Response> {
  const handle = fetchHandler(guard);
  return async (context) => {
    const incoming = messageOf(context);
    if (incoming === undefined) return handle(context.req.raw, { address: address(context) });
    // The message tells repeated headers apart, which a `Request` has joined, and making a whole one costs several times
    // as much as guarding it.
    const message = plainMessage(incoming, incoming.url ?? '/');
    const peer = { ...message.peer, address: address(context) };
    return responseOf(await guard.handle({ ...message, peer }, messageBody(incoming)));
  };
}

function messageOf({ env }: HonoContext): IncomingMessage | undefined {
  const { incoming } = (env ?? {}) as { readonly incoming?: unknown };
  return incoming instanceof IncomingMessage ? incoming : undefined;
}
