/**
 * The API as a process of its own. It listens where `API_URL` says, tells its parent `ready`, and ends cleanly when it
 * is asked to or when its parent is gone.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import process from 'node:process';
import { fileSink, terminalSink } from '@castellan/audit';
import { nodeListener, statusLists } from '@castellan/guard';
import { systemRuntime } from '@castellan/protocol';
import { createInvoicesApi } from './api.ts';
import type { Subjects } from './seed.ts';

const issuer = required('ISSUER');
const url = required('API_URL');
const folder = required('FOLDER');
const people = JSON.parse(readFileSync(required('DEMO_PEOPLE_FILE'), 'utf8')) as Subjects;
const jwksUri = process.env['JWKS_URI'] ?? `${issuer}/jwks`;

const sinks = [fileSink(join(folder, 'events.jsonl')), terminalSink((line) => process.stdout.write(line))];
// What was revoked comes over the issuer's feed, as it happens.
const feed = {
  endpoint: `${issuer}/status/feed`,
  client: required('API_CLIENT_ID'),
  secret: readFileSync(required('API_CLIENT_SECRET_FILE'), 'utf8').trim(),
};
const revocation = statusLists({ issuer, algorithms: ['ES256'], jwksUri, feed }, systemRuntime);
const api = createInvoicesApi({ issuer, jwksUri, revocation, url, folder, people }, systemRuntime, sinks);

// Slow senders and large headers end here, before the guard sees anything of them. Milliseconds.
const bounds = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000, maxHeaderSize: 32_768 };
const server = createServer(bounds, nodeListener(api));
// Whoever sends requests and reads no answers holds no connection: nothing came in or went out for so long.
server.timeout = 60_000;
server.maxConnections = 1_000;

let stopping = false;

/** Answers what has begun, for at most a second; idle connections end at once. */
function stop(): void {
  if (stopping) return;
  stopping = true;
  revocation.close();
  server.close(() => {
    void api.close().finally(() => {
      if (process.connected) process.disconnect?.();
    });
  });
  server.closeIdleConnections();
  systemRuntime.schedule(1000, () => server.closeAllConnections());
}

// A parent that is gone reads nothing any more; that is no reason to end otherwise than cleanly.
process.stdout.on('error', () => undefined);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
process.on('disconnect', stop);

const { hostname, port } = new URL(url);
server.listen(Number(port), hostname.replace(/^\[|\]$/g, ''), () => process.send?.('ready'));

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`The environment variable ${name} is missing.`);
  return value;
}
