/** `castellan user`: people, in the shell. */
import type { PeopleAdministration, PersonView } from '@castellan/server';
import { Command } from 'commander';
import { CommandError } from '../failure.ts';
import { type Column, renderFields, renderTable, renderTime } from '../table.ts';
import { type AdminDeps, administer, type ProjectOptions, withProject } from './admin.ts';
import { type PageOptions, printPage, withPage } from './page.ts';

/** The commands, to be added to a program. */
export function userCommand(deps: AdminDeps): Command {
  const command = new Command('user').description('people who can sign in');
  withPage(withProject(command.command('list').description('list people by login name')), 'login name').action(
    async (options: ListOptions) => list(options, deps),
  );
  withProject(command.command('show').description('show one person'))
    .argument('<person>', 'login name or id')
    .option('--json', 'print it as JSON')
    .action(async (name: string, options: ShowOptions) => show(name, options, deps));
  return command;
}

type ListOptions = ProjectOptions & PageOptions;
type ShowOptions = ProjectOptions & { readonly json?: boolean };

const columns: readonly Column<PersonView>[] = [
  ['LOGIN NAME', ({ loginName }) => loginName],
  ['STATE', ({ state }) => state],
  ['NAME', ({ profile }) => profile.name],
  ['SINCE', ({ createdAt }) => renderTime(createdAt)],
  ['ID', ({ id }) => id],
];

async function list(options: ListOptions, deps: AdminDeps): Promise<void> {
  await administer(options, deps, async ({ people }) => {
    const table = (found: readonly PersonView[]): string => renderTable(columns, found);
    await printPage(options, deps, { read: people.list, key: ({ loginName }) => loginName, table });
  });
}

async function show(name: string, options: ShowOptions, deps: AdminDeps): Promise<void> {
  await administer(options, deps, async ({ people }) => {
    const person = await findPerson(people, name);
    if (options.json === true) return deps.print(JSON.stringify(person, undefined, 2));
    const profile = Object.entries(person.profile).map(
      ([member, value]) => [member, typeof value === 'object' ? JSON.stringify(value) : String(value)] as const,
    );
    const { id, loginName, state, createdAt } = person;
    deps.print(
      renderFields([
        ['login name', loginName],
        ['id', id],
        ['state', state],
        ['since', renderTime(createdAt)],
        ...profile,
      ]),
    );
  });
}

/** @throws {CommandError} when there is no such person */
async function findPerson(people: PeopleAdministration, name: string): Promise<PersonView> {
  const person = await people.find(name);
  if (person === undefined) throw new CommandError(`There is no person called ${name}.`);
  return person;
}
