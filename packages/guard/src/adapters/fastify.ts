/** Carries a guard inside a Fastify application (version 5). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Guard } from '../guard.ts';
import { carry } from './node.ts';

/** As much of a request of Fastify as the guard looks at. */
export interface FastifyRequest {
  readonly raw: IncomingMessage;
  /** The target as it was sent, whatever `rewriteUrl` made of it. */
  readonly originalUrl: string;
}

/** As much of a reply of Fastify as the guard uses. */
export interface FastifyReply {
  readonly raw: ServerResponse;
  readonly hijack: () => unknown;
}

/** As much of an instance of Fastify as the guard uses. */
export interface FastifyInstance {
  readonly addHook: (name: 'onRequest', hook: (request: FastifyRequest, reply: FastifyReply) => void) => unknown;
  readonly setNotFoundHandler: (handler: () => void) => unknown;
}

/**
 * A plugin for `app.register`, which answers everything that no route of the application does; with a `prefix`,
 * everything under it. Routes are declared with their full path, also under a prefix.
 *
 * A target that is no URI is refused by Fastify itself, before any plugin sees it. Tests may use `app.inject`.
 *
 * @example await app.register(fastifyPlugin(guard), { prefix: '/invoices' });
 */
export function fastifyPlugin(
  guard: Pick<Guard, 'handle'>,
): (instance: FastifyInstance, options: object, done: () => void) => void {
  return (instance, _options, done) => {
    // Before Fastify reads the body, which only the guard may do; the request goes no further in Fastify.
    instance.addHook('onRequest', ({ raw: incoming, originalUrl: target }, reply) => {
      reply.hijack();
      carry(guard, { incoming, response: reply.raw, target });
    });
    instance.setNotFoundHandler(() => undefined);
    done();
  };
}
