/**
 * The command line: reads what was typed, runs the command, and turns a failure into lines a person can act on.
 *
 * A process entry point: the only file here that reads the process's arguments and sets its exit code.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { systemRuntime } from '@castellan/protocol';
import { Command } from 'commander';
import { clientCommand } from './admin/client.ts';
import { consentCommand } from './admin/consent.ts';
import { keysCommand } from './admin/keys.ts';
import { resourceCommand } from './admin/resource.ts';
import { sessionCommand } from './admin/session.ts';
import { storeCommand } from './admin/store.ts';
import { userCommand } from './admin/user.ts';
import { dev } from './dev/dev.ts';
import { parsePort } from './dev/ports.ts';
import { describeFailure } from './failure.ts';
import { guardCommand } from './guard/guard.ts';
import { type LoginDeps, login, logout } from './login/login.ts';
import { policyCommand } from './policy/policy.ts';
import { type RoutesOptions, routes } from './routes/routes.ts';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

const program = new Command('castellan')
  .description('API authentication and authorization that gets the boring parts right by default.')
  .version(manifest.version)
  .showHelpAfterError('(castellan --help lists the commands)');

program
  .command('dev')
  .description('run a project: its issuer, its demo people and its apps, on this machine')
  .argument('[project]', 'folder with a castellan.config.ts', '.')
  .option('--port <number>', 'port of the issuer; the apps follow on the ports above it', parsePort, 4000)
  .option('--folder <path>', 'where everything is stored', '.castellan')
  .action(async (project: string, options: { readonly port: number; readonly folder: string }) => {
    const deps = { runtime: systemRuntime, print, environment: process.env, exit: () => process.exit() };
    process.exitCode = await dev({ project, ...options }, deps);
  });

program
  .command('login')
  .description('sign in at an issuer with a code that you type elsewhere, and keep the tokens in a file of your own')
  .requiredOption('--issuer <url>', 'the issuer, as its tokens name it')
  .requiredOption('--client <id>', 'a public client that may use the device flow there')
  .option('--scope <scopes>', 'what to ask for, parted by blanks', 'openid')
  .option('--resource <uri>', 'the API the tokens are for; may come more than once', collect, [])
  .option('--print-token', 'write the access token, and nothing else, to the standard output', false)
  .action(async ({ resource, ...options }: Omit<Parameters<typeof login>[0], 'resources'> & { resource: string[] }) => {
    await login({ ...options, resources: resource }, loginDeps());
  });

program
  .command('logout')
  .description('remove the tokens of castellan login, after asking the issuer to end them')
  .requiredOption('--issuer <url>', 'the issuer')
  .requiredOption('--client <id>', 'the client')
  .action(async (place: Parameters<typeof logout>[0]) => {
    await logout(place, loginDeps());
  });

program
  .command('routes')
  .description('print what an API serves and what each route declares, or what changed since an inventory was kept')
  .argument('<module>', 'a file that exports a guard; it is run, so it must not listen by itself')
  .option('--json', 'print it as JSON, to be kept')
  .option('--diff <file>', 'print only what differs from a kept inventory, and fail when something does')
  .action(async (module: string, options: Omit<RoutesOptions, 'module'>) => {
    process.exitCode = await routes({ module, ...options }, { print });
  });

program.addCommand(policyCommand({ print, fail: () => (process.exitCode = 1) }));

program.addCommand(guardCommand({ print, tell: complain, fail: () => (process.exitCode = 1) }));

for (const command of [
  userCommand,
  clientCommand,
  resourceCommand,
  keysCommand,
  sessionCommand,
  consentCommand,
  storeCommand,
])
  program.addCommand(command({ runtime: systemRuntime, print }));

function loginDeps(): LoginDeps {
  const home = process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config');
  const tell = (text: string): void => void process.stderr.write(`${text}\n`);
  return { runtime: systemRuntime, tell, output: print, folder: join(home, 'castellan', 'tokens') };
}

function collect(value: string, list: readonly string[]): readonly string[] {
  return [...list, value];
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}

// Whoever read the output may be gone (a closed terminal, a pipe into head); that is no reason to end otherwise.
process.stdout.on('error', () => undefined);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${describeFailure(error)}\n`);
  process.exitCode = 1;
}
