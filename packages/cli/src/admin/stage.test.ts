/**
 * A stage for tests of an administrator's commands: a project in a folder, whose server runs beside them on the same
 * database. Holds no tests itself.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemRuntime } from '@castellan/protocol';
import { createServer, type Server } from '@castellan/server';
import type { Command } from 'commander';
import type { AdminDeps } from './admin.ts';

export interface AdminStage {
  readonly server: Server;
  /** Runs a command as it would be typed; the answer is what it prints. */
  readonly run: (...words: readonly string[]) => Promise<string>;
  /** The same with another command. */
  readonly runOther: (commandOf: (deps: AdminDeps) => Command, ...words: readonly string[]) => Promise<string>;
}

const project = `export const project = {
  name: 'small',
  ports: [],
  describe: ({ folder, issuer }) => ({
    config: { issuer, store: { sqlite: folder + '/issuer.sqlite' }, masterKey: { file: folder + '/master-key' } },
    people: [],
    apps: [],
    tryNext: [],
  }),
};`;

export async function openAdminStage(t: TestContext, commandOf: (deps: AdminDeps) => Command): Promise<AdminStage> {
  const home = mkdtempSync(join(tmpdir(), 'castellan-admin-'));
  t.after(() => rmSync(home, { recursive: true }));
  const folder = join(home, 'stored');
  mkdirSync(folder);
  writeFileSync(join(home, 'castellan.config.ts'), project);
  writeFileSync(join(folder, 'master-key'), systemRuntime.randomBytes(32).toString('base64url'), { mode: 0o600 });
  writeFileSync(join(folder, 'port'), '4300\n');
  const server = await createServer({
    issuer: 'http://localhost:4300',
    store: { sqlite: join(folder, 'issuer.sqlite') },
    masterKey: { file: join(folder, 'master-key') },
  });
  t.after(() => server.close());
  const runOther: AdminStage['runOther'] = async (other, ...words) => {
    const lines: string[] = [];
    const command = other({ runtime: systemRuntime, print: (text) => lines.push(text) });
    await command.parseAsync([words[0] ?? '', '--project', home, '--folder', folder, ...words.slice(1)], {
      from: 'user',
    });
    return lines.join('\n');
  };
  return { server, run: (...words) => runOther(commandOf, ...words), runOther };
}
