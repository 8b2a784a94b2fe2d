/** The files of `assets/`, read once when the app starts: nothing else can be asked for. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import type { HttpAnswer } from '@castellan/protocol';

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
};

export interface Assets {
  /** The path all of them share. It changes with any of them, so a new version never meets files of an old one. */
  readonly base: string;
  readonly find: (path: string) => HttpAnswer | undefined;
}

/** Reads a folder whole. */
export function loadAssets(folder: string): Assets {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => types[extname(name)] !== undefined)
    .toSorted()
    .map((name) => ({ name: name.split(sep).join('/'), body: readFileSync(join(folder, name)) }));
  const digest = createHash('sha256');
  for (const { name, body } of files) digest.update(`${name}\n${body.length}\n`).update(body);
  const base = `/assets/${digest.digest('hex').slice(0, 16)}`;
  const answers = new Map(
    files.map(({ name, body }): [string, HttpAnswer] => {
      const type = types[extname(name)] ?? '';
      const headers = { 'content-type': type, 'cache-control': 'public, max-age=31536000, immutable' };
      return [`${base}/${name}`, { status: 200, headers, body }];
    }),
  );
  return { base, find: (path) => answers.get(path) };
}
