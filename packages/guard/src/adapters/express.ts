/** Carries a guard inside an Express application (version 5; 4 has the same shape). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Guard } from '../guard.ts';
import { carry } from './node.ts';

/** As much of a request of Express as the guard looks at. */
export interface ExpressRequest extends IncomingMessage {
  /** The target as it was sent; `url` lacks the prefix under which something is mounted. */
  readonly originalUrl: string;
}

/**
 * A handler for `app.use`, which answers everything that reaches it. Routes are declared with their full path, also
 * under a prefix.
 *
 * Put it before every body parser: a body that was read before is refused with 500, and the event says why.
 *
 * @example app.use('/invoices', expressHandler(guard));
 */
export function expressHandler(
  guard: Pick<Guard, 'handle'>,
): (request: ExpressRequest, response: ServerResponse) => void {
  return (incoming, response) => carry(guard, { incoming, response, target: incoming.originalUrl });
}
