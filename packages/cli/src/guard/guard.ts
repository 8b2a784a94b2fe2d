/**
 * `castellan guard test`: the negative corpus against an API of one's own, started for the test or running already.
 *
 * Owns: finding the test in a module, reading options, and the exit code. Does not own: the attacks (`@castellan/guard/kit`).
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type GuardTest, runAddressTest, runGuardTest, type TestReport } from '@castellan/guard/kit';
import { Command } from 'commander';
import { CommandError } from '../failure.ts';
import { renderReport } from './render.ts';

export interface GuardTestOptions {
  readonly url?: string;
  readonly token?: string;
  readonly route: readonly string[];
  readonly permitHost?: string;
  readonly rate: number;
  readonly json?: true;
}

export interface GuardDeps {
  readonly print: (text: string) => void;
  /** Progress, which is not the result. */
  readonly tell: (text: string) => void;
  readonly fail: () => void;
}

export function guardCommand(deps: GuardDeps): Command {
  const command = new Command('guard').description('test that an API refuses what it must refuse');
  command
    .command('test')
    .description('send every hostile token and every case of the policy to an API of your own')
    .argument(
      '[module]',
      'a file that exports `guardTest`: the API is started for the test, with an issuer that is played',
    )
    .option('--url <url>', 'an API that runs already, on this machine')
    .option('--token <file>', 'with --url: a file with one access token that this API accepts')
    .option(
      '--route <route>',
      'with --url: a request that the token is good for, as in "GET /notes"; may come more than once',
      collect,
      [],
    )
    .option('--permit-host <host>', 'with --url: a host of yours beyond this machine')
    .option('--rate <number>', 'with --url: requests in a second, 50 at most', Number, 10)
    .option('--json', 'print every result as JSON')
    .action(async (module: string | undefined, options: GuardTestOptions) => {
      if (!(await guardTest(module, options, deps))) deps.fail();
    });
  return command;
}

/**
 * Runs the test and prints it.
 *
 * @returns whether something was tested and nothing failed
 * @throws {CommandError} when it cannot be said what to test
 */
export async function guardTest(
  module: string | undefined,
  options: GuardTestOptions,
  { print, tell }: Pick<GuardDeps, 'print' | 'tell'>,
): Promise<boolean> {
  if ((module === undefined) === (options.url === undefined)) {
    throw new CommandError('Name a module that exports guardTest, or an API with --url and --token.');
  }
  const progress = (done: number, all: number, what: string): void => tell(`[${done + 1}/${all}] ${what}`);
  const report =
    module === undefined ? await testAddress(options, progress) : await runGuardTest(await loadTest(module), progress);
  print(options.json === true ? JSON.stringify(report, undefined, 2) : renderReport(report));
  return report.isSound;
}

type Progress = Parameters<typeof runGuardTest>[1];

function testAddress(
  { url = '', token, route, permitHost, rate }: GuardTestOptions,
  tell: Progress,
): Promise<TestReport> {
  const address = URL.parse(url);
  if (address === null || !/^https?:$/.test(address.protocol)) throw new CommandError(`${url} is no http address.`);
  if (token === undefined) throw new CommandError('--url needs --token: a file with a token that this API accepts.');
  if (route.length === 0) throw new CommandError('--url needs --route, as in --route "GET /notes".');
  return runAddressTest(
    {
      url: address,
      token: readFileSync(token, 'utf8').trim(),
      requests: route.map(parseRoute),
      rate,
      ...(permitHost === undefined ? {} : { permittedHost: permitHost }),
    },
    { wait: (milliseconds) => wait(milliseconds), ...(tell === undefined ? {} : { tell }) },
  );
}

function parseRoute(route: string): { readonly method: string; readonly path: string } {
  const [, method, path] = /^([A-Z]+) (\/(?![/\\])\S*)$/.exec(route) ?? [];
  if (method === undefined || path === undefined) {
    throw new CommandError(`${route} is no route: write a method and a path, as in "GET /notes/1".`);
  }
  return { method, path };
}

async function loadTest(module: string): Promise<GuardTest> {
  const exported = (await import(pathToFileURL(resolve(module)).href)) as { readonly guardTest?: GuardTest };
  const { guardTest: found } = exported;
  if (found === undefined)
    throw new CommandError(`${module} exports no guardTest, but ${Object.keys(exported).join(', ') || 'nothing'}.`);
  const missing = (['issuer', 'start', 'callers', 'requests'] as const).filter((name) => found[name] === undefined);
  if (missing.length > 0) throw new CommandError(`guardTest of ${module} lacks ${missing.join(', ')}.`);
  return found;
}

function collect(value: string, list: readonly string[]): readonly string[] {
  return [...list, value];
}
