/** Carries an issuer on every loopback address that its name may mean. */
import type { Runtime } from '@castellan/protocol';
import { type Listening, listen, type Server } from '@castellan/server';
import { CommandError } from '../failure.ts';
import { isAbsentAddress, type Seat } from './ports.ts';

/**
 * Listens on every address of a seat that this machine has.
 *
 * @throws {CommandError} when one of them cannot be used, or there is none
 */
export async function listenOnSeat(
  server: Server,
  { hosts, port }: Seat,
  runtime: Pick<Runtime, 'schedule'>,
): Promise<Pick<Listening, 'close'>> {
  const listeners = await Promise.all(hosts.map((host) => listenOn(server, { host, port, runtime })));
  const open = listeners.filter((listener) => listener !== undefined);
  if (open.length === 0) throw new CommandError(`Nothing can listen on port ${port} of this machine.`);
  return {
    close: async () => {
      await Promise.all(open.map((listener) => listener.close()));
    },
  };
}

type Place = Parameters<typeof listen>[1];

async function listenOn(server: Server, place: Place): Promise<Listening | undefined> {
  try {
    return await listen(server, place);
  } catch (error) {
    if (isAbsentAddress(error)) return undefined;
    throw new CommandError(
      `Port ${place.port} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
