/** `castellan user`: people, in the shell. */
import type { PeopleAdministration, PersonView, StateChange } from '@castellan/server';
import { Command } from 'commander';
import { CommandError } from '../failure.ts';
import { type Column, renderFields, renderTable, renderTime } from '../table.ts';
import { type AdminDeps, administer, type ProjectOptions, withProject } from './admin.ts';
import { findPerson } from './find-person.ts';
import { type PageOptions, printPage, withPage } from './page.ts';

/** The commands, to be added to a program. */
export function userCommand(deps: AdminDeps): Command {
  const command = new Command('user').description('people who can sign in');
  withPage(withProject(command.command('list').description('list people by login name')), 'login name').action(
    async (options: ListOptions) => list(options, deps),
  );
  onPerson(command, 'show', 'show one person').option('--json', 'print it as JSON').action(show(deps));
  withProject(command.command('add').description('add a person, and print the link by which they set their password'))
    .argument('<login-name>', 'by which they will sign in')
    .option('--name <name>', 'what they are called')
    .option('--email <address>', 'their address; nobody has proven that it is theirs')
    .option('--json', 'print it as JSON')
    .action(async (loginName: string, options: AddOptions) => add(loginName, options, deps));
  for (const [change, says] of Object.entries(stateChanges) as [StateChange, string][]) {
    onPerson(command, change, says).action(changeTo(change, deps));
  }
  onPerson(command, 'set-password-link', 'print a link for a new password; the one of before stops working now')
    .option('--json', 'print it as JSON')
    .action(setPasswordLink(deps));
  onPerson(command, 'end-sessions', 'sign a person out everywhere').action(endSessions(deps));
  return command;
}

const stateChanges: Readonly<Record<StateChange, string>> = {
  lock: 'keep a person out for now; ends everything they had signed in to or allowed',
  unlock: 'let a locked person in again; nothing that has ended comes back',
  disable: 'close an account; ends everything the person had signed in to or allowed',
  enable: 'open a disabled account again; nothing that has ended comes back',
};

function onPerson(command: Command, name: string, says: string): Command {
  return withProject(command.command(name).description(says)).argument('<person>', 'login name or id');
}

type Action<O> = (name: string, options: O) => Promise<void>;

type ListOptions = ProjectOptions & PageOptions;
type ShowOptions = ProjectOptions & { readonly json?: boolean };
type AddOptions = ShowOptions & { readonly name?: string; readonly email?: string };

const columns: readonly Column<PersonView>[] = [
  ['LOGIN NAME', ({ loginName }) => loginName],
  ['STATE', ({ state }) => state],
  ['PASSWORD', ({ hasPassword }) => (hasPassword ? 'set' : 'to be set')],
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

/** An action on one person, who is found first. */
function forPerson<O extends ProjectOptions>(
  deps: AdminDeps,
  work: (found: {
    readonly person: PersonView;
    readonly people: PeopleAdministration;
    readonly options: O;
  }) => Promise<void>,
): Action<O> {
  return (name, options) =>
    administer(options, deps, async ({ people }) => work({ person: await findPerson(people, name), people, options }));
}

function show(deps: AdminDeps): Action<ShowOptions> {
  return forPerson(deps, async ({ person, options }) => {
    if (options.json === true) return deps.print(JSON.stringify(person, undefined, 2));
    const profile = Object.entries(person.profile).map(
      ([member, value]) => [member, typeof value === 'object' ? JSON.stringify(value) : String(value)] as const,
    );
    const { id, loginName, state, hasPassword, createdAt } = person;
    deps.print(
      renderFields([
        ['login name', loginName],
        ['id', id],
        ['state', state],
        ['password', hasPassword ? 'set' : 'to be set by a link'],
        ['since', renderTime(createdAt)],
        ...profile,
      ]),
    );
  });
}

async function add(loginName: string, { name, email, ...options }: AddOptions, deps: AdminDeps): Promise<void> {
  await administer(options, deps, async ({ people }) => {
    const profile = {
      ...(name === undefined ? {} : { name }),
      ...(email === undefined ? {} : { email, emailVerified: false }),
    };
    const added = await people.add({ loginName, profile });
    if (added === 'login_taken') throw new CommandError(`There is a person called ${loginName} already.`);
    if (added === 'no_login_name') {
      throw new CommandError(
        `${loginName} is no login name. It has up to 128 letters and digits, and . _ + - @ and ’ of e-mail addresses.`,
      );
    }
    await printLink(added.id, { people, options }, deps);
  });
}

function changeTo(change: StateChange, deps: AdminDeps): Action<ProjectOptions> {
  return forPerson(deps, async ({ person, people }) => {
    const { id, loginName } = person;
    if ((await people.change(id, change)) === 'not_in_state') {
      const { state } = (await people.find(id)) ?? person;
      throw new CommandError(`${loginName} is ${state}: there is nothing to ${change}.`);
    }
    deps.print(`${loginName} is ${(await people.find(id))?.state ?? 'gone'} now.`);
  });
}

function setPasswordLink(deps: AdminDeps): Action<ShowOptions> {
  return forPerson(deps, async ({ person, people, options }) => printLink(person.id, { people, options }, deps));
}

async function printLink(
  id: string,
  { people, options }: { readonly people: PeopleAdministration; readonly options: ShowOptions },
  { print }: AdminDeps,
): Promise<void> {
  const link = await people.issuePasswordLink(id);
  if (link === 'not_allowed') throw new CommandError('Nobody sets a password for a disabled account: enable it first.');
  if (options.json === true) return print(JSON.stringify({ id, ...link }, undefined, 2));
  print('By this link the password is set. Give it to the person, and to nobody else:');
  print(`\n  ${link.url}\n`);
  print(`It works once, until ${renderTime(link.expiresAt)}. Until it is used, the account has no password.`);
}

function endSessions(deps: AdminDeps): Action<ProjectOptions> {
  return forPerson(deps, async ({ person, people }) => {
    const ended = await people.endSessions(person.id);
    deps.print(
      `${person.loginName} is signed out: ${ended === 1 ? 'one session has' : `${ended} sessions have`} ended.`,
    );
  });
}
