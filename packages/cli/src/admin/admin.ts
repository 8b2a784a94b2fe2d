/**
 * What all commands of an administrator share: finding the project and what it has stored, exactly as `castellan dev`
 * does, and working on it whether or not its server runs.
 *
 * Owns: the options of such a command, and opening and closing. Does not own: any noun (one file beside this for each).
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Runtime } from '@castellan/protocol';
import { type Administration, openAdministration } from '@castellan/server';
import type { Command } from 'commander';
import { rememberedPort } from '../dev/folder.ts';
import { describeProject, loadProject } from '../dev/load-project.ts';
import { parsePort, planSeats } from '../dev/ports.ts';
import { CommandError } from '../failure.ts';

/** What the commands touch. */
export interface AdminDeps {
  readonly runtime: Runtime;
  readonly print: (text: string) => void;
}

/** Where the project is. */
export interface ProjectOptions {
  readonly project: string;
  readonly folder: string;
  readonly port?: number;
}

/** Adds the options that every command of an administrator has. */
export function withProject(command: Command): Command {
  return command
    .option('--project <folder>', 'folder with a castellan.config.ts', '.')
    .option('--folder <path>', 'where everything is stored', '.castellan')
    .option('--port <number>', 'port of the issuer, when it is not the one it was started on last', parsePort);
}

/**
 * Does some work on what a project has stored.
 *
 * @throws {CommandError} when nothing is stored there yet
 * @throws {ConfigError} {ProjectError} as `castellan dev`
 */
export async function administer(
  options: ProjectOptions,
  { runtime }: AdminDeps,
  work: (administration: Administration) => Promise<void>,
): Promise<void> {
  const loaded = await loadProject(options.project);
  const folder = resolve(options.folder);
  if (!existsSync(folder)) {
    throw new CommandError(
      `There is no ${folder}. Start the project first with castellan dev, or name the place of what it stores: --folder <path>`,
    );
  }
  const seats = planSeats(options.port ?? rememberedPort(folder) ?? 4000, loaded.project.ports);
  const { config } = describeProject(loaded, { folder, seats });
  const administration = await openAdministration(config, runtime);
  try {
    await work(administration);
  } finally {
    await administration.close();
  }
}
