/** Carries an issuer on its loopback addresses, and lets go of them quickly. */
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import type { Runtime } from '@castellan/protocol';
import { nodeListener, type Server } from '@castellan/server';
import { CommandError } from '../failure.ts';
import type { Seat } from './ports.ts';

export interface Listening {
  /** Ends idle connections at once, the others after a moment. */
  readonly close: () => Promise<void>;
}

/** Milliseconds that a request under way may still take. */
const patience = 400;

/**
 * Listens on every address of a seat that this machine has.
 *
 * @throws {CommandError} when none can be had
 */
export async function listen(server: Server, seat: Seat, runtime: Pick<Runtime, 'schedule'>): Promise<Listening> {
  const listeners = await Promise.all(seat.hosts.map((host) => listenOn(server, host, seat.port)));
  const open = listeners.filter((listener) => listener !== undefined);
  if (open.length === 0) throw new CommandError(`Nothing can listen on port ${seat.port} of this machine.`);
  return {
    close: async () => {
      await Promise.all(open.map((listener) => closeListener(listener, runtime)));
    },
  };
}

/** Undefined on a machine that does not have this address, such as `::1` without IPv6. */
function listenOn(server: Server, host: string, port: number): Promise<HttpServer | undefined> {
  return new Promise((resolve, reject) => {
    const listener = createHttpServer(nodeListener(server));
    listener.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') resolve(undefined);
      else reject(new CommandError(`Port ${port} of ${host} cannot be used: ${error.message}`));
    });
    listener.listen({ host, port, exclusive: true }, () => resolve(listener));
  });
}

function closeListener(listener: HttpServer, runtime: Pick<Runtime, 'schedule'>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = runtime.schedule(patience, () => listener.closeAllConnections());
    listener.close(() => {
      cancel();
      resolve();
    });
    listener.closeIdleConnections();
  });
}
