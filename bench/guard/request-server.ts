/** One framework with an unprotected route and a guarded one that answer alike: `request-server.ts <framework>`. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expressHandler, fastifyPlugin, type Guard, honoHandler, nodeListener } from '@castellan/guard';
import { optional } from './lanes.ts';
import { measuredGuard } from './whole.ts';

const answer = { id: 1, title: 'Mine' };
const body = JSON.stringify(answer);

type Open = (guard: Guard) => Promise<Server>;

interface Frameworks {
  readonly express: {
    readonly default: () => {
      readonly use: (...parts: unknown[]) => void;
      readonly get: (...parts: unknown[]) => void;
    };
  };
  readonly fastify: {
    readonly fastify: () => {
      readonly get: (...parts: unknown[]) => void;
      readonly register: (...parts: unknown[]) => Promise<void>;
      readonly ready: () => Promise<void>;
      readonly server: Server;
    };
  };
  readonly hono: {
    readonly Hono: new () => {
      readonly get: (...parts: unknown[]) => void;
      readonly all: (...parts: unknown[]) => void;
      readonly fetch: never;
    };
  };
  readonly '@hono/node-server': { readonly createAdaptorServer: (options: object) => Server };
}

async function load<N extends keyof Frameworks>(name: N): Promise<Frameworks[N]> {
  const found = await optional<Frameworks[N]>(name);
  return found ?? Promise.reject(new Error(`${name} is not installed: npm ci --prefix bench`));
}

const frameworks: Readonly<Record<string, Open>> = {
  'node:http': async (guard) => {
    const guarded = nodeListener(guard);
    return createServer((request, response) => {
      if (request.url !== '/plain') return guarded(request, response);
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
      response.end(JSON.stringify(answer));
    });
  },
  express: async (guard) => {
    const { default: express } = await load('express');
    const app = express();
    app.get('/plain', (_: unknown, response: { readonly json: (value: object) => void }) => response.json(answer));
    app.use(expressHandler(guard));
    return createServer(app as never);
  },
  fastify: async (guard) => {
    const { fastify } = await load('fastify');
    const app = fastify();
    app.get('/plain', async () => answer);
    await app.register(fastifyPlugin(guard), { prefix: '/notes' });
    await app.ready();
    return app.server;
  },
  hono: async (guard) => {
    const [{ Hono }, { createAdaptorServer }] = [await load('hono'), await load('@hono/node-server')];
    const app = new Hono();
    app.get('/plain', (context: { readonly json: (value: object) => Response }) => context.json(answer));
    app.all('/notes', honoHandler(guard, () => '127.0.0.1') as never);
    return createAdaptorServer({ fetch: app.fetch });
  },
};

const { guard, token } = await measuredGuard();
const open = frameworks[process.argv[2] ?? ''];
if (open === undefined) throw new Error('no such framework');
const server = await open(guard);
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpu: (user + system) / 1000, rss: process.memoryUsage.rss() });
});
process.on('disconnect', () => process.exit());
process.send?.({ port: (server.address() as AddressInfo).port, token });
