/**
 * What `castellan client` and `castellan resource` share: both are registered, shown, changed, switched off and given
 * secrets in the same way.
 *
 * Does not own: which options make a registration (`client.ts`, `resource.ts`).
 */
import type { Administration, ChangeVerdict, RegistrationAdministration, RegistrationView } from '@castellan/server';
import { Command } from 'commander';
import { CommandError } from '../failure.ts';
import { type Column, renderFields, renderTable, renderTime } from '../table.ts';
import { type AdminDeps, administer, type ProjectOptions, withProject } from './admin.ts';
import { type PageOptions, printPage, withPage } from './page.ts';
import { readObject } from './registration-file.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** One of the two nouns. */
export interface Noun<O> {
  readonly name: 'client' | 'resource';
  readonly description: string;
  /** What it is called by. */
  readonly key: 'id' | 'audience';
  readonly of: (administration: Administration) => RegistrationAdministration;
  /** Adds the options that make a registration. */
  readonly withOptions: (command: Command) => Command;
  /** What the options say; what they do not say is not in it. @throws {CommandError} */
  readonly read: (options: O) => Promise<JsonObject>;
  /** What a new one has that says nothing of it. */
  readonly begin: (said: JsonObject) => JsonObject;
}

type RegisterOptions = ProjectOptions & { readonly from?: string; readonly json?: boolean };
type ShowOptions = ProjectOptions & { readonly json?: boolean };

/** The commands of a noun, to be added to a program. */
export function registrationCommand<O>(noun: Noun<O>, deps: AdminDeps): Command {
  const { name, key } = noun;
  const command = new Command(name).description(noun.description);
  const on = (word: string, says: string): Command =>
    withProject(command.command(word).description(says)).argument(`<${key}>`);
  withPage(withProject(command.command('list').description(`list them by ${key}`)), key).action(
    (options: ProjectOptions & PageOptions) => list(noun, options, deps),
  );
  on('show', `show one ${name}; never a secret`)
    .option('--json', 'print it as JSON')
    .action((id: string, options: ShowOptions) => show({ noun, id, options }, deps));
  const register = (word: string, says: string): Command =>
    noun.withOptions(
      withProject(command.command(word).description(says))
        .option('--from <file>', 'a registration as YAML or JSON; the options beside it come first')
        .option('--json', 'print the outcome as JSON'),
    );
  register('add', `register a ${name}, and print its secret if it has one`)
    .argument(`[${key}]`, 'what it is called by for ever; may stand in the file instead')
    .action((id: string | undefined, options: RegisterOptions & O) => add({ noun, id, options }, deps));
  register('change', `change what is registered; with --from it is replaced whole`)
    .argument(`<${key}>`)
    .action((id: string, options: RegisterOptions & O) => change({ noun, id, options }, deps));
  for (const word of ['disable', 'enable', 'remove'] as const) {
    on(word, stateTexts[word].says).action((id: string, options: ProjectOptions) =>
      setState({ noun, id, options }, word, deps),
    );
  }
  on('rotate-secret', 'draw a second secret; both are good until the old one is dropped')
    .option('--json', 'print it as JSON')
    .action((id: string, options: ShowOptions) => rotateSecret({ noun, id, options }, deps));
  on('drop-old-secret', 'end the older of two secrets').action((id: string, options: ProjectOptions) =>
    dropOldSecret({ noun, id, options }, deps),
  );
  return command;
}

/** What a command is about. */
interface About<N, O> {
  readonly noun: Noun<N>;
  readonly id: string;
  readonly options: O;
}

const stateTexts = {
  disable: { says: 'switch it off; a client loses what it was given', state: 'disabled', did: 'is disabled' },
  enable: { says: 'switch it on again; nothing that has ended comes back', state: 'active', did: 'is enabled' },
  remove: {
    says: 'switch it off for ever; what it is called by is never used again',
    state: 'removed',
    did: 'is removed',
  },
} as const;

const columns: readonly Column<RegistrationView>[] = [
  ['ID', ({ id }) => id],
  ['STATE', stateOf],
  ['FROM', ({ origin }) => origin],
  ['NAME', ({ registration }) => String(registration['name'])],
  ['CHANGED', ({ changedAt }) => (changedAt === undefined ? undefined : renderTime(changedAt))],
];

function stateOf({ state, problems }: RegistrationView): string {
  return state === 'active' && problems.length > 0 ? 'unusable' : state;
}

async function list<O>(noun: Noun<O>, options: ProjectOptions & PageOptions, deps: AdminDeps): Promise<void> {
  await administer(options, deps, async (administration) => {
    const table = (found: readonly RegistrationView[]): string => renderTable(columns, found);
    await printPage(options, deps, { read: noun.of(administration).list, key: ({ id }) => id, table });
  });
}

async function show<N>({ noun, id, options }: About<N, ShowOptions>, deps: AdminDeps): Promise<void> {
  await administer(options, deps, async (administration) => {
    const view = await noun.of(administration).find(id);
    if (view === undefined) throw failure(noun, id, { verdict: 'unknown' });
    deps.print(options.json === true ? JSON.stringify(view, undefined, 2) : describe(view));
  });
}

function describe(view: RegistrationView): string {
  const { origin, registration, secrets, problems } = view;
  const fields = Object.entries(registration).map(([name, value]) => [name, describeValue(value)] as const);
  const drawn = secrets.map(({ createdAt }) => `drawn ${renderTime(createdAt)}`).join(', ');
  const known = secrets.length === 0 ? [] : ([['secrets', drawn]] as const);
  const wrong = problems.map((problem) => ['problem', describeProblem(problem)] as const);
  return renderFields([['state', stateOf(view)], ['from', origin], ...fields, ...known, ...wrong]);
}

function describeValue(value: unknown): string {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(' ');
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

async function add<O>(
  { noun, id, options }: { noun: Noun<O>; id: string | undefined; options: RegisterOptions & O },
  deps: AdminDeps,
): Promise<void> {
  const said = { ...(id === undefined ? {} : { [noun.key]: id }), ...(await noun.read(options)) };
  const given = { ...(options.from === undefined ? {} : await readObject(options.from)), ...said };
  const registration = { ...noun.begin(given), ...given };
  const name = String(given[noun.key] ?? '');
  await administer(options, deps, async (administration) => {
    const verdict = await noun.of(administration).add(registration);
    if (verdict.verdict === 'invalid') throw invalid(`The ${noun.name} cannot be registered so:`, verdict.problems);
    if (verdict.verdict !== 'done') throw failure(noun, name, verdict);
    printDone({ noun, id: name, options }, { did: 'is registered', secret: verdict.secret }, deps);
  });
}

async function change<O>({ noun, id, options }: About<O, RegisterOptions & O>, deps: AdminDeps): Promise<void> {
  const said = await noun.read(options);
  const file = options.from === undefined ? undefined : { [noun.key]: id, ...(await readObject(options.from)) };
  await administer(options, deps, async (administration) => {
    const registrations = noun.of(administration);
    const view = await registrations.find(id);
    if (view === undefined) throw failure(noun, id, { verdict: 'unknown' });
    const given = { ...(file ?? view.registration), ...said };
    const verdict = await registrations.change(id, file === undefined ? given : { ...noun.begin(given), ...given });
    if (verdict.verdict !== 'done') throw failure(noun, id, verdict);
    printDone({ noun, id, options }, { did: 'is changed', secret: verdict.secret }, deps);
  });
}

async function setState<N>(
  { noun, id, options }: About<N, ProjectOptions>,
  word: keyof typeof stateTexts,
  deps: AdminDeps,
): Promise<void> {
  const { state, did } = stateTexts[word];
  await administer(options, deps, async (administration) => {
    const verdict = await noun.of(administration).setState(id, state);
    if (verdict.verdict === 'unchanged') return deps.print(`The ${noun.name} ${id} ${did} already.`);
    if (verdict.verdict !== 'done') throw failure(noun, id, verdict);
    printDone({ noun, id, options }, { did, secret: undefined }, deps);
  });
}

async function rotateSecret<N>({ noun, id, options }: About<N, ShowOptions>, deps: AdminDeps): Promise<void> {
  await administer(options, deps, async (administration) => {
    const verdict = await noun.of(administration).rotateSecret(id);
    if (verdict.verdict !== 'done') throw failure(noun, id, verdict);
    printDone({ noun, id, options }, { did: 'has a second secret', secret: verdict.secret }, deps);
    if (options.json === true) return;
    deps.print(
      `The one of before stays good. When nobody uses it any more: castellan ${noun.name} drop-old-secret ${id}`,
    );
  });
}

async function dropOldSecret<N>({ noun, id, options }: About<N, ProjectOptions>, deps: AdminDeps): Promise<void> {
  await administer(options, deps, async (administration) => {
    const verdict = await noun.of(administration).dropOldSecret(id);
    if (verdict.verdict !== 'done') throw failure(noun, id, verdict);
    printDone({ noun, id, options }, { did: 'has one secret again, the newer one', secret: undefined }, deps);
  });
}

function printDone<N>(
  { noun, id, options }: About<N, ShowOptions>,
  { did, secret }: { readonly did: string; readonly secret: string | undefined },
  { print }: AdminDeps,
): void {
  if (options.json === true) return print(JSON.stringify({ [noun.key]: id, secret }, undefined, 2));
  print(`The ${noun.name} ${id} ${did}.`);
  if (secret !== undefined) print(`Its secret, printed this once and stored nowhere: ${secret}`);
}

type Failed = Exclude<ChangeVerdict, { readonly verdict: 'done' }>;

function failure<N>({ name, key }: Noun<N>, id: string, failed: Failed): CommandError {
  if (failed.verdict === 'invalid') {
    return invalid(`The ${name} ${id} stays as it is, since this would not hold:`, failed.problems);
  }
  const texts: Readonly<Record<typeof failed.verdict, string>> = {
    unknown: `There is no ${name} ${id}. castellan ${name} list shows all.`,
    configured: `The ${name} ${id} stands in the configuration, and is changed there.`,
    already_there: `There is a ${name} ${id} already. To change it: castellan ${name} change ${id}`,
    removed: `The ${name} ${id} was removed, which is final: take another ${key}.`,
    unchanged: `The ${name} ${id} is registered like that already.`,
    has_no_secret: `The ${name} ${id} does not prove itself by a secret.`,
    has_one_secret: `The ${name} ${id} has one secret alone. A second one: castellan ${name} rotate-secret ${id}`,
    has_two_secrets: `The ${name} ${id} has two secrets already. End the older one first: castellan ${name} drop-old-secret ${id}`,
  };
  return new CommandError(texts[failed.verdict]);
}

function invalid(head: string, problems: RegistrationView['problems']): CommandError {
  return new CommandError([head, ...problems.map((problem) => `  ${describeProblem(problem)}`)].join('\n'));
}

function describeProblem({ key, found, allowed }: RegistrationView['problems'][number]): string {
  return `${key}: found ${found}; allowed is ${allowed}`;
}
