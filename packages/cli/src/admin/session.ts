/** `castellan session`: who is signed in, in the shell. */
import type { SessionView } from '@castellan/server';
import { Command } from 'commander';
import { CommandError } from '../failure.ts';
import { type Column, renderTable, renderTime } from '../table.ts';
import { type AdminDeps, administer, type ProjectOptions, withProject } from './admin.ts';
import { findPerson } from './find-person.ts';
import { type PageOptions, printPage, withPage } from './page.ts';

/** The commands, to be added to a program. */
export function sessionCommand(deps: AdminDeps): Command {
  const command = new Command('session').description('browsers in which people are signed in');
  withPage(withProject(command.command('list').description('list sessions by id')), 'id')
    .option('--user <person>', 'only those of this person, by login name or id')
    .action(async (options: ListOptions) => list(options, deps));
  withProject(command.command('end').description('end a session, and the access of apps that ends with it'))
    .argument('<id>', 'as listed')
    .action(async (id: string, options: ProjectOptions) => end(id, options, deps));
  return command;
}

type ListOptions = ProjectOptions & PageOptions & { readonly user?: string };

const columns: readonly Column<SessionView>[] = [
  ['ID', ({ id }) => id],
  ['LOGIN NAME', ({ loginName }) => loginName],
  ['SINCE', ({ since }) => renderTime(since)],
  ['LAST SIGN-IN', ({ signedInAt }) => renderTime(signedInAt)],
  ['ENDS UNUSED', ({ idleExpiresAt }) => renderTime(idleExpiresAt)],
  ['ENDS', ({ absoluteExpiresAt }) => renderTime(absoluteExpiresAt)],
];

async function list({ user, ...options }: ListOptions, deps: AdminDeps): Promise<void> {
  await administer(options, deps, async ({ people, sessions }) => {
    const of = user === undefined ? {} : { person: (await findPerson(people, user)).id };
    await printPage(options, deps, {
      read: (page) => sessions.list({ ...of, ...page }),
      key: ({ id }) => id,
      table: (found) => renderTable(columns, found),
    });
  });
}

async function end(id: string, options: ProjectOptions, deps: AdminDeps): Promise<void> {
  await administer(options, deps, async ({ sessions }) => {
    if ((await sessions.end(id)) === 'not_live') throw new CommandError(`There is no session ${id}, or it has ended.`);
    deps.print('The session has ended.');
  });
}
