/** Reads a project's `castellan.config.ts` and checks its shape, so that a wrong one is told before anything starts. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CommandError, ProjectError } from '../failure.ts';
import type { DevelopmentProject, DevelopmentSetup } from '../project.ts';
import type { Seat } from './ports.ts';

const fileNames = ['castellan.config.ts', 'castellan.config.js'];

interface Problem {
  readonly key: string;
  readonly found: string;
  readonly allowed: string;
}

/** A project and the file it came from. */
export interface LoadedProject {
  readonly file: string;
  readonly project: DevelopmentProject;
}

/**
 * Imports the project file of a folder.
 *
 * @throws {CommandError} when there is none, or it cannot be run
 * @throws {ProjectError} when it exports something else
 */
export async function loadProject(folder: string): Promise<LoadedProject> {
  const file = fileNames.map((name) => join(resolve(folder), name)).find((path) => existsSync(path));
  if (file === undefined) {
    throw new CommandError(
      `There is no ${fileNames[0]} in ${resolve(folder)}. Name the folder that has one: castellan dev <folder>, and --project <folder> for all other commands.`,
    );
  }
  const { project } = await importFile(file);
  const problems = projectProblems(project);
  if (problems.length > 0) throw new ProjectError(file, problems);
  return { file, project: project as DevelopmentProject };
}

/**
 * Asks a project what runs at a place.
 *
 * @throws {ProjectError} when it says something else; the issuer's own configuration is checked by the issuer
 */
export function describeProject(
  { file, project }: LoadedProject,
  { folder, seats }: { readonly folder: string; readonly seats: readonly [Seat, ...Seat[]] },
): DevelopmentSetup {
  const [issuer, ...apps] = seats;
  const urls = Object.fromEntries(apps.map(({ name, url }) => [name, url]));
  const setup: unknown = project.describe({ folder, issuer: issuer.url, urls });
  const problems = setupProblems(setup, project.ports);
  if (problems.length > 0) throw new ProjectError(file, problems);
  return setup as DevelopmentSetup;
}

async function importFile(file: string): Promise<{ readonly project?: unknown }> {
  try {
    return (await import(pathToFileURL(file).href)) as { readonly project?: unknown };
  } catch (error) {
    throw new CommandError(`${file} cannot be run: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function projectProblems(project: unknown): readonly Problem[] {
  if (!isRecord(project))
    return [{ key: 'project', found: describe(project), allowed: 'an exported object «project»' }];
  const { name, ports, describe: describes } = project;
  return [
    check('project.name', name, { allowed: 'a name', fits: isText }),
    check('project.ports', ports, { allowed: 'a list of different names in lower case', fits: isNameList }),
    check('project.describe', describes, { allowed: 'a function', fits: (value) => typeof value === 'function' }),
  ].flat();
}

function setupProblems(setup: unknown, ports: readonly string[]): readonly Problem[] {
  if (!isRecord(setup)) return [{ key: 'describe()', found: describe(setup), allowed: 'an object' }];
  const { people, apps, tryNext } = setup;
  return [
    check('config', setup['config'], { allowed: 'the configuration of the issuer', fits: isRecord }),
    check('tryNext', tryNext, { allowed: 'a list of lines', fits: (value) => isListOf(value, isText) }),
    checkEach('people', people, personProblems),
    checkEach('apps', apps, (app, key) => appProblems(app, { key, ports })),
  ].flat();
}

function personProblems(person: unknown, key: string): readonly Problem[] {
  if (!isRecord(person)) return [{ key, found: describe(person), allowed: 'an object' }];
  const isLogin = (value: unknown): boolean => isText(value) && /^\S+$/.test(String(value));
  return [
    check(`${key}.loginName`, person['loginName'], { allowed: 'a name without spaces', fits: isLogin }),
    check(`${key}.description`, person['description'], { allowed: 'a text', fits: isText }),
    check(`${key}.profile`, person['profile'], { allowed: 'an object', fits: isRecord }),
  ].flat();
}

function appProblems(app: unknown, { key, ports }: { key: string; ports: readonly string[] }): readonly Problem[] {
  if (!isRecord(app)) return [{ key, found: describe(app), allowed: 'an object' }];
  const isPort = (value: unknown): boolean => ports.includes(String(value));
  const isEnvironment = (value: unknown): boolean =>
    isRecord(value) && Object.values(value).every((member) => typeof member === 'string');
  return [
    check(`${key}.name`, app['name'], { allowed: `one of the ports ${ports.join(', ')}`, fits: isPort }),
    check(`${key}.entry`, app['entry'], { allowed: 'the URL of a file', fits: (value) => value instanceof URL }),
    check(`${key}.environment`, app['environment'], { allowed: 'an object of texts', fits: isEnvironment }),
  ].flat();
}

interface Rule {
  readonly allowed: string;
  readonly fits: (value: unknown) => boolean;
}

function check(key: string, value: unknown, { allowed, fits }: Rule): readonly Problem[] {
  return fits(value) ? [] : [{ key, found: describe(value), allowed }];
}

function checkEach(
  key: string,
  list: unknown,
  problemsOf: (item: unknown, key: string) => readonly Problem[],
): readonly Problem[] {
  if (!Array.isArray(list)) return [{ key, found: describe(list), allowed: 'a list' }];
  return list.flatMap((item: unknown, index) => problemsOf(item, `${key}[${index}]`));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isListOf(value: unknown, fits: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(fits);
}

function isNameList(value: unknown): boolean {
  const isName = (item: unknown): boolean => typeof item === 'string' && /^[a-z][a-z0-9-]*$/.test(item);
  return isListOf(value, isName) && new Set(value as readonly string[]).size === (value as readonly string[]).length;
}

/** Says what a value is, never its text: it may be a secret in the wrong place. */
function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
