/** A closed load: so many connections, each with one request under way, for so long. */
import { Agent, request as send } from 'node:http';
import { systemRuntime } from '@castellan/protocol';

export interface Sent {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answered {
  readonly status: number;
  readonly location: string;
  readonly body: string;
}

/** Sends one request to the contestant. */
export type Send = (sent: Sent) => Promise<Answered>;

/** One unit of a scenario for one connection, again and again; it throws when the answer is not the right one. */
export type Unit = (send: Send, connection: number) => Promise<void>;

export interface Load {
  readonly port: number;
  readonly connections: number;
  /** Milliseconds. */
  readonly duration: number;
}

/** Runs the load and answers with the units done, and the milliseconds that each took. */
export async function runLoad(load: Load, unit: Unit): Promise<{ readonly latencies: readonly number[] }> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.connections });
  const latencies: number[] = [];
  const end = systemRuntime.monotonic() + load.duration;
  const connection = async (index: number): Promise<void> => {
    while (systemRuntime.monotonic() < end) {
      const from = systemRuntime.monotonic();
      await unit((sent) => sendOne(sent, load.port, agent), index);
      latencies.push(systemRuntime.monotonic() - from);
    }
  };
  await Promise.all(Array.from({ length: load.connections }, (_, index) => connection(index)));
  agent.destroy();
  return { latencies };
}

function sendOne({ method, path, headers, body }: Sent, port: number, agent: Agent): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const outgoing = send({ host: '127.0.0.1', port, path, method, agent, headers: { ...headers } }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const { statusCode = 0, headers: answered } = incoming;
        resolve({ status: statusCode, location: answered.location ?? '', body: Buffer.concat(chunks).toString() });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
