/** Carries a guard inside a Hono application (version 4). */
import type { Guard } from '../guard.ts';
import { fetchHandler } from './fetch.ts';

/** As much of a context of Hono as the guard looks at. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
}

/**
 * A handler for `app.all`, which answers everything that reaches it. Routes are declared with their full path, also
 * inside `app.route`; `app.mount` cuts the prefix off and finds none of them.
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
  return (context) => handle(context.req.raw, { address: address(context) });
}
