/** `castellan consent`: what people allow apps, in the shell. */
import type { ConsentsAdministration } from '@castellan/server';
import { Command } from 'commander';
import { CommandError } from '../failure.ts';
import { type Column, renderTable, renderTime } from '../table.ts';
import { type AdminDeps, administer, type ProjectOptions, withProject } from './admin.ts';
import { findPerson } from './find-person.ts';

/** The commands, to be added to a program. */
export function consentCommand(deps: AdminDeps): Command {
  const command = new Command('consent').description('what people allow apps to do');
  withProject(command.command('list').description('list what a person allows'))
    .argument('<person>', 'login name or id')
    .option('--json', 'print it as JSON')
    .action(async (name: string, options: ListOptions) => list(name, options, deps));
  withProject(
    command
      .command('withdraw')
      .description('take back all that a person allows an app, and every token it has of them'),
  )
    .argument('<person>', 'login name or id')
    .argument('<client>', 'id of the client')
    .action(async (name: string, client: string, options: ProjectOptions) => withdraw({ name, client }, options, deps));
  return command;
}

type ListOptions = ProjectOptions & { readonly json?: boolean };
type Consent = Awaited<ReturnType<ConsentsAdministration['list']>>[number];

const columns: readonly Column<Consent>[] = [
  ['CLIENT', ({ client }) => client],
  ['API', ({ resource }) => resource],
  ['SCOPES', ({ scopes }) => scopes.join(' ')],
  ['GIVEN', ({ givenAt }) => renderTime(givenAt)],
];

async function list(name: string, options: ListOptions, deps: AdminDeps): Promise<void> {
  await administer(options, deps, async ({ people, consents }) => {
    const found = await consents.list((await findPerson(people, name)).id);
    if (options.json === true) return deps.print(JSON.stringify(found, undefined, 2));
    deps.print(found.length === 0 ? 'There are none.' : renderTable(columns, found));
  });
}

async function withdraw(
  { name, client }: { readonly name: string; readonly client: string },
  options: ProjectOptions,
  deps: AdminDeps,
): Promise<void> {
  await administer(options, deps, async ({ people, consents }) => {
    const { id, loginName } = await findPerson(people, name);
    if ((await consents.withdraw(id, client)) === 'unknown') {
      throw new CommandError(`${loginName} allows ${client} nothing, and it holds no token of theirs.`);
    }
    deps.print(`${client} is allowed nothing by ${loginName} any more, and its tokens have ended.`);
  });
}
