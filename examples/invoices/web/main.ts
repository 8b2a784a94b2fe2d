/**
 * The web app as a process of its own. It listens where `WEB_URL` says, tells its parent `ready`, and ends cleanly when
 * it is asked to or when its parent is gone.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import process from 'node:process';
import { fileSink, type Sink, terminalSink } from '@castellan/audit';
import { nodeCarrier, systemRuntime } from '@castellan/protocol';
import { createInvoicesWeb } from './web.ts';

const url = required('WEB_URL');
const folder = required('FOLDER');
const settings = {
  url,
  folder,
  issuer: required('ISSUER'),
  apiUrl: required('API_URL'),
  clientId: required('WEB_CLIENT_ID'),
  clientSecret: readFileSync(required('WEB_CLIENT_SECRET_FILE'), 'utf8').trim(),
};

const sinks = [
  fileSink(join(folder, 'events.jsonl')),
  withoutAssets(terminalSink((line) => process.stdout.write(line))),
];
const web = createInvoicesWeb(settings, systemRuntime, sinks);

// Slow senders and large headers end here, before the app sees anything of them. Milliseconds.
const bounds = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000, maxHeaderSize: 32_768 };
const server = createServer(bounds, nodeCarrier(web, { maximumBytes: 65_536 }));
// Whoever reads no answers holds no connection. Longer than the API and the issuer together may take.
server.timeout = 120_000;
server.maxConnections = 1_000;

let stopping = false;

/** Answers what has begun, for at most a second; idle connections end at once. */
function stop(): void {
  if (stopping) return;
  stopping = true;
  server.close(() => {
    void web.close().finally(() => {
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

/** Pages and assets that were simply served would drown the rest on a terminal; the file has them all. */
function withoutAssets(sink: Sink): Sink {
  return {
    ...sink,
    deliver: (events) =>
      sink.deliver(
        events.filter((e) => e.type !== 'request.answered' || e.endpoint !== 'app' || e.outcome !== 'success'),
      ),
  };
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`The environment variable ${name} is missing.`);
  return value;
}
