/** Where the tokens of `castellan login` lie: one file for each issuer and client, for its owner alone. */
import { hash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openFolder, readIfThere, replaceFile } from '../dev/folder.ts';

export interface TokenPlace {
  readonly issuer: string;
  readonly client: string;
}

export interface StoredTokens {
  readonly accessToken: string;
  /** Seconds since the epoch. */
  readonly expiresAt: number | undefined;
  readonly refreshToken: string | undefined;
  readonly scope: string | undefined;
}

interface Folder {
  readonly folder: string;
}

/** Writes the file, whole or not at all, and answers its path. */
export function saveTokens(place: TokenPlace, tokens: StoredTokens, { folder }: Folder): string {
  openFolder(folder);
  const { issuer, client } = place;
  const path = pathOf(place, folder);
  replaceFile(path, `${JSON.stringify({ issuer, client, ...tokens }, undefined, 2)}\n`);
  return path;
}

export function readTokens(place: TokenPlace, { folder }: Folder): StoredTokens | undefined {
  const text = readIfThere(pathOf(place, folder));
  return text === undefined ? undefined : (JSON.parse(text) as StoredTokens);
}

export function forgetTokens(place: TokenPlace, { folder }: Folder): void {
  rmSync(pathOf(place, folder), { force: true });
}

/** A hash, so that no issuer's or client's name can lead out of the folder. */
function pathOf({ issuer, client }: TokenPlace, folder: string): string {
  return join(folder, `${hash('sha256', JSON.stringify([issuer, client]), 'hex').slice(0, 24)}.json`);
}
