/**
 * The issuer as a process of its own, which `kill.test.ts` kills: a real server on a real port and a real store.
 *
 * Says `ready` on its channel to the parent when it answers; ends cleanly when told `stop`, and at once when the
 * parent is gone.
 */
import { readFileSync } from 'node:fs';
import { fileSink } from '@castellan/audit';
import { systemRuntime } from '@castellan/protocol';
import { type Config, createServer, listen, type NewPerson } from '@castellan/server';

export interface IssuerSettings {
  readonly config: Config;
  readonly port: number;
  /** Where events go, as JSON lines. */
  readonly events: string;
  readonly person: NewPerson;
}

const settings = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as IssuerSettings;
const sink = fileSink(settings.events);
const server = await createServer(settings.config, systemRuntime, [sink]);
// On the first start only; later the login name is taken.
await server.accounts.create(settings.person);
const listening = await listen(server, { port: settings.port });

async function stop(): Promise<void> {
  await listening.close();
  await server.close();
  await sink.close();
  process.disconnect?.();
}

process.on('message', () => void stop());
process.on('disconnect', () => process.exit());
process.send?.('ready');
