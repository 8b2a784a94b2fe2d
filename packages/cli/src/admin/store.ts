/** `castellan store`: what happened to the database as a whole, in the shell. */
import { Command } from 'commander';
import { type AdminDeps, administer, type ProjectOptions, withProject } from './admin.ts';

/** The commands, to be added to a program. */
export function storeCommand(deps: AdminDeps): Command {
  const command = new Command('store').description('the database as a whole');
  withProject(
    command
      .command('restored')
      .description('after a backup was put back: end all that it brings back, before a server starts on it'),
  ).action(async (options: ProjectOptions) => restored(options, deps));
  return command;
}

async function restored(options: ProjectOptions, deps: AdminDeps): Promise<void> {
  await administer(options, deps, async (administration) => {
    await administration.restored();
    deps.print(
      'Every session, authorization, access token and link to set a password of before has ended. People sign in again; what was disabled, removed or withdrawn since the backup has to be again.',
    );
  });
}
