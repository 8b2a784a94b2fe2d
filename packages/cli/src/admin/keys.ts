/** `castellan keys`: the issuer's signing keys, in the shell. */
import { isSignatureAlgorithm, type SignatureAlgorithm, signatureAlgorithms } from '@castellan/protocol';
import type { KeyView } from '@castellan/server';
import { Command, InvalidArgumentError } from 'commander';
import { CommandError } from '../failure.ts';
import { type Column, renderTable, renderTime } from '../table.ts';
import { type AdminDeps, administer, type ProjectOptions, withProject } from './admin.ts';

type ListOptions = ProjectOptions & { readonly all?: boolean; readonly json?: boolean };

/** The commands, to be added to a program. */
export function keysCommand(deps: AdminDeps): Command {
  const command = new Command('keys').description('the keys that tokens are signed with');
  withProject(command.command('list').description('list the keys, their states and what comes next'))
    .option('--all', 'also those that have retired or were removed')
    .option('--json', 'print them as JSON')
    .action(async (options: ListOptions) => list(options, deps));
  withProject(command.command('rotate').description('announce the next key of an algorithm, which signs a day later'))
    .argument('<algorithm>', signatureAlgorithms.join(', '), parseAlgorithm)
    .action(async (algorithm: SignatureAlgorithm, options: ProjectOptions) => rotate(algorithm, options, deps));
  withProject(command.command('retire').description('end a key whose algorithm no client and no API uses any more'))
    .argument('<kid>', 'id of the key')
    .action(async (kid: string, options: ProjectOptions) => retire(kid, options, deps));
  withProject(
    command
      .command('remove')
      .description('in an emergency: take a key out at once, with every token it has signed, and sign with another'),
  )
    .argument('<kid>', 'id of the key that may be in other hands')
    .action(async (kid: string, options: ProjectOptions) => remove(kid, options, deps));
  return command;
}

const columns: readonly Column<KeyView>[] = [
  ['ALGORITHM', ({ algorithm }) => algorithm],
  ['STATE', ({ state }) => state],
  ['NEXT', nextOf],
  ['ID', ({ kid }) => kid],
];

function nextOf(key: KeyView): string {
  switch (key.state) {
    case 'announced':
      return `signs from ${renderTime(key.signsFrom)}`;
    case 'signing':
      return `signs until ${renderTime(key.verifiesFrom)}`;
    case 'verifying':
      return `published until ${renderTime(key.retiredAt)}`;
    case 'retired':
      return `retired ${renderTime(key.retiredAt)}`;
    case 'removed':
      return `removed ${renderTime(key.removedAt ?? 0)}`;
  }
}

async function list({ all, json, ...options }: ListOptions, deps: AdminDeps): Promise<void> {
  await administer(options, deps, async ({ keys }) => {
    const found = (await keys.list()).filter(
      ({ state }) => all === true || (state !== 'retired' && state !== 'removed'),
    );
    if (json === true) return deps.print(JSON.stringify(found, undefined, 2));
    const order = (key: KeyView): string => key.algorithm;
    deps.print(
      found.length === 0
        ? 'There are none yet: the server makes them when it starts.'
        : renderTable(
            columns,
            [...found].sort((a, b) => order(a).localeCompare(order(b))),
          ),
    );
  });
}

async function rotate(algorithm: SignatureAlgorithm, options: ProjectOptions, deps: AdminDeps): Promise<void> {
  await administer(options, deps, async ({ keys }) => {
    const { verdict, successor } = await keys.rotate(algorithm);
    const when = `It signs from ${renderTime(successor.signsFrom)}; until then the key before it does.`;
    deps.print(
      verdict === 'announced'
        ? `The next key of ${algorithm} is announced: ${successor.kid}. ${when}`
        : `The next key of ${algorithm} was announced before: ${successor.kid}. ${when} No other can take over sooner, except for a key that may be in other hands: castellan keys remove`,
    );
  });
}

async function retire(kid: string, options: ProjectOptions, deps: AdminDeps): Promise<void> {
  await administer(options, deps, async ({ keys }) => {
    const verdict = await keys.retire(kid);
    switch (verdict.verdict) {
      case 'ended':
        return deps.print(`The key signs no more, and is published until ${renderTime(verdict.retiredAt)}.`);
      case 'verifying':
        return deps.print(
          `The key signs no more already. It is published until ${renderTime(verdict.retiredAt)}, since what it has signed may be valid until then.`,
        );
      case 'in_use':
        throw new CommandError(
          `Clients or APIs use ${verdict.algorithm}, so a key of it stays until another has taken over: castellan keys rotate ${verdict.algorithm}. A key that may be in other hands goes at once: castellan keys remove`,
        );
      case 'gone':
        return deps.print('The key is gone already.');
      case 'unknown':
        throw unknownKey(kid);
    }
  });
}

async function remove(kid: string, options: ProjectOptions, deps: AdminDeps): Promise<void> {
  await administer(options, deps, async ({ keys }) => {
    const removal = await keys.remove(kid);
    if (removal.verdict === 'unknown') throw unknownKey(kid);
    if (removal.verdict === 'already_removed') return deps.print('The key was removed before.');
    const lines = [
      'The key is removed: servers accept nothing that it has signed from the next second on.',
      'APIs follow when they next fetch the key set: a guard within 5 minutes, 10 with a cache of the web between.',
    ];
    const { successor } = removal;
    if (successor !== undefined) {
      lines.push(
        successor.state === 'announced'
          ? `In its place ${successor.kid} is announced and signs from ${renderTime(successor.signsFrom)}.`
          : `In its place ${successor.kid} signs now.`,
      );
    }
    deps.print(lines.join('\n'));
  });
}

function unknownKey(kid: string): CommandError {
  return new CommandError(`There is no key with the id ${kid}. castellan keys list --all shows them.`);
}

function parseAlgorithm(text: string): SignatureAlgorithm {
  if (!isSignatureAlgorithm(text)) throw new InvalidArgumentError(`It is one of ${signatureAlgorithms.join(', ')}.`);
  return text;
}
