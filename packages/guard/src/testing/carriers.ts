/** For tests: a guard on a real socket through each adapter, and a client that sends what others repair. */
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import express from 'express';
import { fastify } from 'fastify';
import { Hono } from 'hono';
import { expressHandler } from '../adapters/express.ts';
import { fastifyPlugin } from '../adapters/fastify.ts';
import { fetchHandler } from '../adapters/fetch.ts';
import { honoHandler } from '../adapters/hono.ts';
import { nodeListener } from '../adapters/node.ts';
import type { Guard } from '../guard.ts';

type Handles = Pick<Guard, 'handle'>;

/** How a framework is set up. */
export interface Mounting {
  /** Where the guard is mounted; at the root when absent. */
  readonly prefix?: string;
  /** Something before the guard reads the body. */
  readonly parsed?: true;
}

type Open = (guard: Handles, mounting: Mounting) => Promise<Server>;

/** Every adapter by the name of its path. */
export const carriers: Readonly<Record<string, Open>> = {
  'guard-node': async (guard) => createServer(nodeListener(guard)),
  'guard-fetch': async (guard) => {
    const handle = fetchHandler(guard);
    const fetch = (request: Request, { incoming }: { incoming: IncomingMessage }): Promise<Response> =>
      handle(request, { address: incoming.socket.remoteAddress ?? '' });
    return createAdaptorServer({ fetch: fetch as never }) as Server;
  },
  express: async (guard, { prefix = '/', parsed }) => {
    const app = express();
    if (parsed) app.use(express.json());
    app.use(prefix, expressHandler(guard));
    return createServer(app);
  },
  fastify: async (guard, { prefix, parsed }) => {
    const app = fastify();
    if (parsed) {
      app.addHook('onRequest', async ({ raw }) => {
        for await (const _ of raw.iterator({ destroyOnReturn: false }));
      });
    }
    await app.register(fastifyPlugin(guard), prefix === undefined ? {} : { prefix });
    await app.ready();
    return app.server;
  },
  hono: async (guard, { prefix = '/', parsed }) => {
    const inner = new Hono();
    if (parsed) {
      inner.use(async (context, next) => {
        await context.req.text();
        await next();
      });
    }
    inner.all(
      '*',
      honoHandler(guard, (context) => getConnInfo(context as never).remote.address ?? ''),
    );
    const app = new Hono().route(prefix, inner);
    return createAdaptorServer({ fetch: app.fetch }) as Server;
  },
};

export interface Sent {
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Uint8Array;
}

interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** A guard that listens. */
export interface Carried {
  readonly server: Server;
  readonly send: (sent: Sent) => Promise<Received>;
  /** Sends raw bytes, and answers with all that comes back until the other side ends. */
  readonly raw: (bytes: string) => Promise<string>;
  readonly connect: () => ReturnType<typeof connect>;
  readonly close: () => Promise<void>;
}

/** Opens a free port of this machine. */
export async function carryOver(name: string, guard: Handles, mounting: Mounting = {}): Promise<Carried> {
  const open = carriers[name];
  if (open === undefined) throw new TypeError(name);
  const server = (await open(guard, mounting)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const plug = (): ReturnType<typeof connect> => connect(port, '127.0.0.1');
  return {
    server,
    connect: plug,
    send: async ({ method, target, headers = {}, body }) => {
      const outgoing = httpRequest({ host: '127.0.0.1', port, method, path: target, headers, agent: false });
      outgoing.end(body);
      const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks).toString() };
    },
    raw: async (bytes) => {
      const socket = plug();
      socket.write(bytes);
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString();
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/**
 * A guard whose first answer comes too late: something else, a time-out say, has given one, and the guard's is asked for
 * when that has been sent.
 */
export async function carryOvertaken(name: string, { handle }: Handles): Promise<Carried> {
  const answered = Promise.withResolvers<void>();
  const carried = await carryOver(name, {
    handle: async (...request) => {
      await answered.promise;
      return handle(...request);
    },
  });
  carried.server.once('request', (_, response) => {
    response.on('close', answered.resolve);
    response.end('out of time');
  });
  return carried;
}
