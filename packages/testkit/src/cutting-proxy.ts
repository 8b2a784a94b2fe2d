/** A network that breaks at the worst moment: between a database's commit and the word of it. */
import { connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy {
  /** The database's connection string by way of the proxy. */
  readonly url: string;
  /**
   * Cuts the connection that sends COMMIT: after the database has answered it (`deliver`), or before it has heard of
   * it (`drop`).
   */
  readonly cutAtCommit: (how: 'deliver' | 'drop' | undefined) => void;
  /** Cuts every connection, and lets nobody in any more. */
  readonly close: () => Promise<void>;
}

/** Stands between a PostgreSQL client and the database at `url`, both on loopback. */
export async function cuttingProxy(url: string): Promise<CuttingProxy> {
  const target = new URL(url);
  const { port, hostname } = target;
  let how: 'deliver' | 'drop' | undefined;
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client);
    const database = connect(Number(port), hostname);
    for (const socket of [client, database]) socket.on('error', () => undefined);
    let cutting = false;
    client.on('data', (data) => {
      cutting = how !== undefined && data.includes('COMMIT\0');
      if (cutting && how === 'drop') cut(client, database);
      else database.write(data);
    });
    database.on('data', (data) => {
      if (cutting) cut(client, database);
      else client.write(data);
    });
    client.on('close', () => {
      clients.delete(client);
      database.destroy();
    });
    database.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  target.port = String(typeof address === 'object' && address !== null ? address.port : 0);
  return {
    url: target.href,
    cutAtCommit: (next) => {
      how = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut(...clients);
      }),
  };
}

function cut(...sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy();
}
