/**
 * Demo people: created once, with generated passwords that only their owner's file knows.
 *
 * The file is the source: it is written before the accounts, so a start that is cut short loses no password. Every
 * start creates the accounts that are missing, with the passwords of the file.
 */
import { join } from 'node:path';
import type { Runtime } from '@castellan/protocol';
import type { Server } from '@castellan/server';
import { CommandError } from '../failure.ts';
import type { DemoPerson } from '../project.ts';
import { readIfThere, replaceFile } from './folder.ts';

export interface PeopleDeps {
  readonly folder: string;
  readonly runtime: Pick<Runtime, 'randomBytes'>;
  readonly accounts: Server['accounts'];
}

/** Where the passwords are. */
export function peopleFile(folder: string): string {
  return join(folder, 'demo-people.txt');
}

/**
 * Makes sure that every person has an account, a password in `demo-people.txt`, and a subject in `demo-people.json`.
 *
 * @throws {CommandError} when an account exists whose password or subject is no longer known
 */
export async function createPeople(people: readonly DemoPerson[], deps: PeopleDeps): Promise<void> {
  const known = readPasswords(deps.folder);
  const subjects = readSubjects(deps.folder);
  for (const { loginName } of people) {
    // INVARIANT: a password is never made up for an account that exists: the file would tell a wrong one for ever.
    if (subjects.has(loginName) && !known.has(loginName)) throw lost(loginName, deps.folder);
  }
  const passwords = new Map(
    people.map(({ loginName }) => [loginName, known.get(loginName) ?? generatePassword(deps.runtime)]),
  );
  if (people.some(({ loginName }) => !known.has(loginName))) writePasswords(people, passwords, deps.folder);
  for (const { loginName, profile } of people) {
    const created = await deps.accounts.create({ loginName, password: passwords.get(loginName) ?? '', profile });
    if (created === 'login_taken') {
      if (subjects.has(loginName)) continue;
      throw lost(loginName, deps.folder);
    }
    subjects.set(loginName, created.id);
    replaceFile(join(deps.folder, 'demo-people.json'), `${JSON.stringify(Object.fromEntries(subjects), null, 2)}\n`);
  }
}

function lost(loginName: string, folder: string): CommandError {
  return new CommandError(
    `The account «${loginName}» exists, but ${folder} no longer says all about it. Remove that folder to start anew.`,
  );
}

/** No letter or digit that looks like another; 32 of them, so that five bits of a byte choose one without bias. */
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';

/** Four groups of five: 100 bits, 23 characters. */
function generatePassword(runtime: Pick<Runtime, 'randomBytes'>): string {
  const letters = [...runtime.randomBytes(20)].map((byte) => alphabet[byte & 31]).join('');
  return letters.replace(/(.{5})(?=.)/g, '$1-');
}

function readPasswords(folder: string): Map<string, string> {
  const lines = (readIfThere(peopleFile(folder)) ?? '').split('\n').filter((line) => !line.startsWith('#'));
  return new Map(
    lines.flatMap((line) => {
      const [, loginName, password] = /^(\S+)\s+([a-z0-9-]{15,})(\s|$)/.exec(line) ?? [];
      return loginName === undefined || password === undefined ? [] : [[loginName, password] as const];
    }),
  );
}

function writePasswords(people: readonly DemoPerson[], passwords: ReadonlyMap<string, string>, folder: string): void {
  const rows = people.map(({ loginName, description }) =>
    [loginName.padEnd(16), (passwords.get(loginName) ?? '').padEnd(26), description].join('  '),
  );
  const head = [
    '# People to sign in as, with passwords that were generated on this machine.',
    '# Remove the folder of this file to start anew.',
    `# ${['sign-in name'.padEnd(14), 'password'.padEnd(26), 'who'].join('  ')}`,
  ];
  replaceFile(peopleFile(folder), `${[...head, ...rows].join('\n')}\n`);
}

function readSubjects(folder: string): Map<string, string> {
  const text = readIfThere(join(folder, 'demo-people.json'));
  return new Map(text === undefined ? [] : Object.entries(JSON.parse(text) as Record<string, string>));
}
