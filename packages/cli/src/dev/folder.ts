/** The folder of a project: closed to everyone but its owner, and so is every secret in it. */
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createPrefixedToken, type Runtime, tokenPrefixes } from '@castellan/protocol';
import type { Config } from '@castellan/server';

type SecretSource = Config['masterKey'];

/** Creates the folder when it is missing, and closes it. */
export function openFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
}

/**
 * Creates every secret file of a configuration that does not exist: 32 random bytes, and for clients and APIs the
 * prefix and checksum by which scanners of secrets know them.
 */
export function createSecrets(config: Config, runtime: Pick<Runtime, 'randomBytes'>): void {
  const random = (): string => runtime.randomBytes(32).toString('base64url');
  createSecret(config.masterKey, random);
  const apis = (config.resources ?? []).flatMap(({ credentials }) => (credentials === undefined ? [] : [credentials]));
  for (const { secret, secrets = [] } of [...(config.clients ?? []), ...apis]) {
    for (const source of [secret, ...secrets]) {
      createSecret(source, () => createPrefixedToken(tokenPrefixes.clientSecret, random()));
    }
  }
}

function createSecret(source: SecretSource | undefined, draw: () => string): void {
  // A project file need not have been checked by a compiler.
  if (typeof source !== 'object' || source === null || !('file' in source)) return;
  mkdirSync(dirname(source.file), { recursive: true, mode: 0o700 });
  writeNew(source.file, draw());
}

/** For commands that work beside what runs: the port of the issuer is part of its name. */
export function rememberPort(folder: string, port: number): void {
  replaceFile(join(folder, 'port'), `${port}\n`);
}

/** The port of the last start; undefined when there was none. */
export function rememberedPort(folder: string): number | undefined {
  const text = readIfThere(join(folder, 'port'))?.trim() ?? '';
  return /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}

/** Writes a file that does not exist yet, for its owner alone; leaves an existing one as it is. */
function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  }
}

/** Writes a file whole or not at all, for its owner alone. */
export function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** The text of a file; undefined when there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
    return undefined;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
