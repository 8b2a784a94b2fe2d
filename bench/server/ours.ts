/** The whole product on SQLite, as it ships, in a process of its own. */
import { readFileSync } from 'node:fs';
import { fileSink } from '@castellan/audit';
import { systemRuntime } from '@castellan/protocol';
import { type Config, createServer, listen, type NewPerson } from '@castellan/server';
import { answerUsage } from './answering.ts';

export interface OurSettings {
  readonly config: Config;
  readonly port: number;
  readonly person: NewPerson;
  /** A file for the events, as JSON lines. */
  readonly events: string;
}

const settings = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as OurSettings;
const server = await createServer(settings.config, systemRuntime, [fileSink(settings.events)]);
await server.accounts.create(settings.person);
await listen(server, { port: settings.port });
answerUsage();
