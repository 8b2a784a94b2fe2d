/**
 * The walls of the house as tests: who may import whom, what no file may take from the air, where a refusal may be
 * caught, how files are named and how long they are. Every failure says which wall, and why it stands.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ambientUses, type Finding } from './architecture/ambient.ts';
import { countCatches } from './architecture/catches.ts';
import { cryptographyUses, documentedUses, weakAlgorithms } from './architecture/cryptography.ts';
import { cycles, forbiddenImports } from './architecture/dependencies.ts';
import { ambientExceptions, catchExceptions, comparisonExceptions } from './architecture/exceptions.ts';
import { commentProblems, exportProblems } from './architecture/form.ts';
import { secretComparisons } from './architecture/secrets.ts';
import { functionsOf, sizeReport, spread } from './architecture/sizes.ts';
import { foreignPlaces, leavesRepository, nameProblem } from './architecture/texts.ts';
import { allPaths, readSources, type Source } from './architecture/tree.ts';

const sources = readSources();
/** Scripts that a browser runs have the browser's own clock and fetch, and no Refusal ever reaches them. */
const isForBrowsers = (path: string): boolean => /^examples\/[^/]+\/web\/assets\//.test(path);
/** What users install and what the example runs: everything but tests and tools. */
const product = sources.filter(({ path, isTest }) => !isTest && !path.startsWith('tools/'));

function assertNone(problems: readonly string[], title: string): void {
  assert.equal(problems.length, 0, `${title}:\n  ${problems.join('\n  ')}`);
}

test('every import goes through a door, none through a wall', () => {
  assertNone(forbiddenImports(sources), 'imports through a wall');
});

test('no files import one another in a circle', () => {
  assertNone(cycles(sources), 'circles');
});

test('clock, chance, timers, network and environment come in through a Runtime', () => {
  const bound = sources.filter(({ path }) => !path.startsWith('tools/') && !isForBrowsers(path));
  const found = bound.flatMap((source) => ambientUses(source));
  const isAllowed = ({ path, what }: Finding): boolean =>
    path === 'packages/protocol/src/runtime.ts' ||
    (isTestPath(path) && testsMay.has(what)) ||
    ambientExceptions.some((one) => one.path === path && one.what === what);
  const problems = found.filter((one) => !isAllowed(one)).map(({ path, line, what }) => `${path}:${line} uses ${what}`);
  assertNone(problems, 'taken from the air; take it from the Runtime, or list it with its reason in exceptions.ts');
  const unused = ambientExceptions.filter(
    ({ path, what }) => !found.some((one) => one.path === path && one.what === what),
  );
  assertNone(
    unused.map(({ path, what }) => `${path}: ${what}`),
    'exceptions that nothing needs any more',
  );
});

test('R-217[keys] docs/cryptography.md lists every use of cryptography there is and no other, and none is weak', () => {
  const shipped = product.filter(({ path }) => !path.startsWith('bench/'));
  const [used, documented] = [cryptographyUses(shipped), documentedUses()];
  assertNone(
    used.filter((use) => !documented.includes(use)),
    'without a row in docs/cryptography.md (path, calls, algorithm, what for)',
  );
  assertNone(
    documented.filter((use) => !used.includes(use)),
    'rows of docs/cryptography.md that are not so any more',
  );
  assertNone(weakAlgorithms(shipped), 'weak algorithms');
});

/** Tests call the servers they start, and read which parts of the machine they may skip. */
const testsMay: ReadonlySet<string> = new Set(['fetch', 'request', 'get', 'connect', 'process.env', 'webcrypto']);

function isTestPath(path: string): boolean {
  return sources.some((source) => source.path === path && source.isTest);
}

test('a catch is listed with the reason why no refusal is lost in it', () => {
  const onServers = product.filter(({ path }) => !isForBrowsers(path));
  const problems = onServers.flatMap((source) => {
    const count = countCatches(source);
    const listed = catchExceptions.find(({ path }) => path === source.path)?.count ?? 0;
    return count === listed ? [] : [`${source.path} catches ${count} times, ${listed} are listed`];
  });
  const gone = catchExceptions.filter(({ path }) => !product.some((source) => source.path === path));
  assertNone([...problems, ...gone.map(({ path }) => `${path} is listed and does not exist`)], 'catches');
});

test('files and folders are called what they are', () => {
  assertNone(
    allPaths().flatMap((path) => nameProblem(path) ?? []),
    'names',
  );
});

test('every folder of a package has a file that says what it owns', () => {
  assertNone(commentProblems(product), 'opening comments');
});

test('modules export by name, and erase to plain JavaScript', () => {
  assertNone(
    sources.flatMap((source) => exportProblems(source)),
    'exports',
  );
});

test('nothing depends on one machine, one registry, or a file outside the repository', () => {
  const generated = new Set(['package-lock.json']);
  const texts = allPaths().filter((path) => !generated.has(path.split('/').at(-1) ?? ''));
  assertNone([...texts.flatMap(foreignPlaces), ...sources.flatMap((source) => leavesRepository(source))], 'places');
});

test('R-216[config] secrets are compared in constant time, or by their hashes', () => {
  const found = product
    .filter(({ path }) => path.startsWith('packages/'))
    .flatMap((source) => secretComparisons(source).map((text) => ({ path: source.path, what: text })));
  const isListed = (one: { readonly path: string; readonly what: string }): boolean =>
    comparisonExceptions.some(({ path, what }) => path === one.path && what === one.what);
  assertNone(
    found.filter((one) => !isListed(one)).map(({ path, what }) => `${path}: ${what}`),
    'compared letter by letter',
  );
});

test('files and functions stay short', () => {
  console.log(sizeReport(sources));
  const functions = product.flatMap((source) => functionsOf(source));
  const files = spread(product.map(({ lines }) => lines));
  const lengths = spread(functions.map(({ lines }) => lines));
  assert.ok(files.median <= 120, `the median file has ${files.median} lines, at most 120 are allowed`);
  assert.ok(lengths.p90 <= 40, `a tenth of the functions has more than ${lengths.p90} lines, at most 40 are allowed`);
  assertNone(tooLong(sources, 500), 'files of more than 500 lines');
  const long = functions.filter(({ lines }) => lines > 80);
  assertNone(
    long.map(({ path, line, lines }) => `${path}:${line} has ${lines} lines`),
    'functions of more than 80 lines',
  );
  const wide = functions.filter(({ parameters }) => parameters > 3);
  assertNone(
    wide.map(({ path, line, parameters }) => `${path}:${line} takes ${parameters} parameters`),
    'functions of more than 3 parameters: give them one object',
  );
});

function tooLong(files: readonly Source[], most: number): readonly string[] {
  return files.filter(({ lines }) => lines > most).map(({ path, lines }) => `${path} has ${lines} lines`);
}
