/** The files of `assets/`, read once when the app starts: nothing else can be asked for. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import type { HttpAnswer, HttpRequest } from '@castellan/protocol';

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
};

/** Answers for files by their path below `/assets/`; undefined when there is none. */
export type FindAsset = (request: HttpRequest) => HttpAnswer | undefined;

/** Reads a folder whole. */
export function loadAssets(folder: string): FindAsset {
  const answers = new Map<string, HttpAnswer>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const type = types[extname(name)];
    if (type === undefined) continue;
    const body = readFileSync(join(folder, name));
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    // Always asked for again, and answered with 304 when nothing changed: a new version is never mixed with an old one.
    const headers = { 'content-type': type, etag, 'cache-control': 'no-cache' };
    answers.set(`/assets/${name.split(sep).join('/')}`, { status: 200, headers, body });
  }
  return (request) => {
    const answer = answers.get(request.path);
    if (answer === undefined || request.headers['if-none-match']?.[0] !== answer.headers['etag']) return answer;
    return { ...answer, status: 304, body: '' };
  };
}
