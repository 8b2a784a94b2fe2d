/**
 * The repository as data: every source file parsed once by the TypeScript compiler, and every text file as lines.
 * Knows no rule; the rules are in the files beside it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourceFile } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

/** The repository's folder. */
export const root: string = fileURLToPath(new URL('../../', import.meta.url));

/** One parsed file. */
export interface Source {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Lines of the file, blank ones and comments included. */
  readonly lines: number;
  readonly ast: SourceFile;
  /** `x.test.ts`, or anything in `test/`, in a folder `testing`, or in the private testkit: never published. */
  readonly isTest: boolean;
}

/** Made by tools or by a run, never written by hand; `tmp.md` is a note that is never committed. */
const ignored = /^(node_modules|dist|coverage|\.git|\.castellan)$|\.tmp\.md$|\.tsbuildinfo$/;

/** Every path of the repository that a person writes. */
export function allPaths(folder = ''): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (ignored.test(entry.name)) return [];
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? allPaths(path) : [path];
  });
}

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Parses every TypeScript and JavaScript file, without resolving what they import. */
export function readSources(): readonly Source[] {
  const paths = allPaths().filter((path) => /\.[jt]s$/.test(path));
  const project = join(root, 'tsconfig.parse-only.json');
  const api = new API({ cwd: root, fs: { readFile: (file) => (file === project ? parseOnly(paths) : undefined) } });
  const [opened] = api.updateSnapshot({ openProjects: [project] }).getProjects();
  return paths.map((path) => {
    const ast = opened?.program.getSourceFile(join(root, path));
    if (ast === undefined) throw new Error(`${path} could not be parsed`);
    return { path, text: ast.text, lines: countLines(ast.text), ast, isTest: isTest(path) };
  });
}

/** A project that exists in memory only: all files, nothing resolved, so that parsing takes a fraction of a second. */
function parseOnly(paths: readonly string[]): string {
  const compilerOptions = { allowJs: true, noResolve: true, noLib: true, types: [], noEmit: true };
  return JSON.stringify({ compilerOptions, files: paths });
}

function countLines(text: string): number {
  return text === '' ? 0 : text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || /^test\/|^packages\/testkit\/|\/testing\//.test(path);
}
