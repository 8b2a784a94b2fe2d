/**
 * `castellan dev`: an issuer, its demo people and its apps on one machine, from nothing to a table of URLs.
 *
 * Owns: the order of a start (everything is checked before a port opens) and of an end. Does not own: the issuer
 * itself, nor what a project consists of.
 */
import { join, resolve } from 'node:path';
import { fileSink, terminalSink } from '@castellan/audit';
import type { Runtime } from '@castellan/protocol';
import { createServer, resolveConfig } from '@castellan/server';
import type { DevelopmentSetup } from '../project.ts';
import { startApps } from './apps.ts';
import { type Ending, type Watch, watchForEnd } from './ending.ts';
import { createSecrets, openFolder, rememberPort } from './folder.ts';
import { listenOnSeat } from './listen.ts';
import { describeProject, loadProject } from './load-project.ts';
import { createPeople, peopleFile } from './people.ts';
import { checkPorts, planSeats, type Seat } from './ports.ts';
import { renderScreen } from './screen.ts';

export interface DevOptions {
  /** The folder of `castellan.config.ts`. */
  readonly project: string;
  /** Of the issuer; the apps follow. */
  readonly port: number;
  /** Where everything is stored. */
  readonly folder: string;
}

export interface DevDeps {
  readonly runtime: Runtime;
  readonly print: (text: string) => void;
  /** What apps inherit. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends the process, should anything still hold it. */
  readonly exit: () => void;
}

/** A project that has been checked and can start. */
interface Plan {
  readonly name: string;
  readonly folder: string;
  readonly seats: readonly [Seat, ...Seat[]];
  readonly setup: DevelopmentSetup;
}

/** What has been started so far: the issuer's doors and the apps end side by side, the issuer itself after them. */
interface Started {
  readonly doors: (() => Promise<void>)[];
  readonly issuer: (() => Promise<void>)[];
}

/**
 * Runs a project until somebody ends it.
 *
 * @returns the exit code: 0 when asked to end, 1 when a part of it crashed
 * @throws {ConfigError} {ProjectError} {CommandError} before a port opens
 */
export async function dev(options: DevOptions, deps: DevDeps): Promise<number> {
  const plan = await makePlan(options, deps);
  const watch = watchForEnd();
  const started: Started = { doors: [], issuer: [] };
  try {
    const running = start(plan, { ...deps, watch, started });
    const ending = await Promise.race([running.then(() => watch.ended), watch.ended]);
    return end(ending, deps);
  } finally {
    await stopAll(started.doors);
    await stopAll(started.issuer);
    watch.stop();
    // Only what was cut short while starting can still hold the process; Ctrl-C ends it all the same.
    deps.runtime.schedule(100, deps.exit);
  }
}

async function stopAll(stops: Started['doors']): Promise<void> {
  await Promise.all(stops.map((stop) => stop()));
}

/** Checks everything that can be wrong, and creates the files that must be there; opens nothing. */
async function makePlan(options: DevOptions, { runtime }: DevDeps): Promise<Plan> {
  const loaded = await loadProject(options.project);
  const folder = resolve(options.folder);
  const seats = planSeats(options.port, loaded.project.ports);
  const setup = describeProject(loaded, { folder, seats });
  openFolder(folder);
  createSecrets(setup.config, runtime);
  resolveConfig(setup.config);
  await checkPorts(seats);
  rememberPort(folder, options.port);
  return { name: loaded.project.name, folder, seats, setup };
}

interface StartDeps extends DevDeps {
  readonly watch: Watch;
  readonly started: Started;
}

async function start({ name, folder, seats, setup }: Plan, deps: StartDeps): Promise<void> {
  const { runtime, print, watch, started } = deps;
  const eventsFile = join(folder, 'events.jsonl');
  const server = await createServer(setup.config, runtime, [
    fileSink(eventsFile),
    terminalSink((line) => print(line.trimEnd())),
  ]);
  started.issuer.push(server.close);
  await createPeople(setup.people, { folder, runtime, accounts: server.accounts });
  const listening = await listenOnSeat(server, seats[0], runtime);
  started.doors.push(listening.close);
  const apps = startApps(setup.apps, { runtime, environment: deps.environment, onCrash: watch.crash });
  started.doors.push(apps.stop);
  await apps.ready;
  const { tryNext } = setup;
  print(renderScreen({ name, seats, folder, peopleFile: peopleFile(folder), eventsFile, tryNext }));
}

function end(ending: Ending, { print }: DevDeps): number {
  if (ending.kind === 'asked') return 0;
  print(ending.message);
  return 1;
}
