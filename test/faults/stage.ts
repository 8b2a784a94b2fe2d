/** What the tests of faults begin with: a folder, the settings of an issuer that is a process of its own, its clients. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemRuntime } from '@castellan/protocol';
import type { ClientConfig, Config } from '@castellan/server';
import { freePort, worldConfig } from '@castellan/testkit';
import type { IssuerSettings } from './issuer-process.ts';

/** Settings, and the file that a process reads them from. */
export interface WrittenSettings {
  readonly settings: IssuerSettings;
  readonly path: string;
}

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-faults-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The settings of an issuer on a free port, with `change` applied to the configuration of every test world. */
export async function writeSettings(
  folder: string,
  store: Config['store'],
  change: (config: Config) => Config,
): Promise<WrittenSettings> {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const base = worldConfig({ issuer, folder, store, randomBytes: systemRuntime.randomBytes });
  return write(folder, {
    config: change(base),
    port,
    events: join(folder, 'events.jsonl'),
    person: { loginName: 'alice@example.org', password: 'correct horse battery staple', profile: {} },
  });
}

/** The settings of a second node of the same issuer, on a port of its own. */
export async function writeSecondNode(folder: string, { settings }: WrittenSettings): Promise<WrittenSettings> {
  const port = await freePort();
  return write(folder, { ...settings, port, events: join(folder, `events-${port}.jsonl`) });
}

function write(folder: string, settings: IssuerSettings): WrittenSettings {
  const path = join(folder, `settings-${settings.port}.json`);
  writeFileSync(path, JSON.stringify(settings));
  return { settings, path };
}

export function clientOf({ config }: IssuerSettings, id: string): ClientConfig {
  const client = config.clients?.find((one) => one.id === id);
  assert.ok(client, `there is no client ${id}`);
  return client;
}
