/** Where everything listens, and whether it can: all ports are tried before anything starts. */
import { createServer } from 'node:net';
import { InvalidArgumentError } from 'commander';
import { CommandError } from '../failure.ts';

/** The option `--port`. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65535) {
    throw new InvalidArgumentError('A port is a number from 1 to 65535.');
  }
  return port;
}

/** One part of a project and where it listens. */
export interface Seat {
  readonly name: string;
  readonly port: number;
  /** Every address that `url` may mean on this machine. */
  readonly hosts: readonly string[];
  readonly url: string;
}

/**
 * The issuer on `localhost`, the apps on `127.0.0.1` above it: two sites, so that development is cross-site as
 * production is.
 *
 * @throws {CommandError} when the ports would not fit below 65536
 */
export function planSeats(port: number, apps: readonly string[]): readonly [Seat, ...Seat[]] {
  if (port + apps.length > 65535) {
    throw new CommandError(
      `--port ${port} leaves no room for ${apps.length} apps above it: the highest port is 65535.`,
    );
  }
  return [
    // A browser may take either address for «localhost»: whoever holds the other one could play the issuer.
    { name: 'issuer', port, hosts: ['127.0.0.1', '::1'], url: `http://localhost:${port}` },
    ...apps.map((name, index) => ({
      name,
      port: port + index + 1,
      hosts: ['127.0.0.1'],
      url: `http://127.0.0.1:${port + index + 1}`,
    })),
  ];
}

/**
 * Tries every port.
 *
 * @throws {CommandError} naming all that are taken and the flag that moves them together
 */
export async function checkPorts(seats: readonly [Seat, ...Seat[]]): Promise<void> {
  const problems = await Promise.all(seats.map(seatProblem));
  const taken = problems.filter((problem) => problem !== undefined);
  if (taken.length === 0) return;
  const other = seats[0].port + 100 <= 65000 ? seats[0].port + 100 : 4000;
  const ports = `${other}${seats.length > 1 ? ` to ${other + seats.length - 1}` : ''}`;
  throw new CommandError(
    [...taken, `Stop what listens there, or move all of it: --port ${other} uses ${ports}.`].join('\n'),
  );
}

async function seatProblem({ name, port, hosts }: Seat): Promise<string | undefined> {
  const errors = await Promise.all(hosts.map((host) => tryToListen(host, port)));
  const error = errors.find((one) => one !== undefined && !isAbsentAddress(one));
  if (error === undefined) return undefined;
  const why = { EADDRINUSE: 'is taken', EACCES: 'may only be used by an administrator' }[error.code ?? ''];
  return `Port ${port}, for the ${name}, ${why ?? `cannot be used (${error.message})`}.`;
}

function tryToListen(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', resolve);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/** The machine does not have this address at all: `::1` without IPv6. Nobody else can have it either. */
export function isAbsentAddress(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(EADDRNOTAVAIL|EAFNOSUPPORT)$/.test(String(error.code));
}
