/**
 * One node:test run over the given files, in the given order: `node tools/run-tests.js <file>...`.
 *
 * Runs on the pinned Node. A script of its own rather than `node --test`, which would sort the files by name.
 */
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { sourceCondition } from './launch.js';
import { reporter } from './report.js';

const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const files = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
/** Checks that failed before the tests: told again where everybody looks, right above the summary. */
const failedBefore = flags.find((flag) => flag.startsWith('--failed-before='))?.split('=')[1];

/** Milliseconds. A file that never ends (a database left open, a server still listening) must not hold up everything. */
const patience = 720_000;
const overtime = new AbortController();
setTimeout(() => {
  process.stderr.write(`\nNot finished after ${patience / 60_000} minutes: what still runs is ended.\n`);
  overtime.abort();
}, patience).unref();

const events = run({
  files,
  // Tests wait for disks and databases as often as they compute.
  concurrency: Math.max(2, availableParallelism()),
  execArgv: [sourceCondition],
  // A test that hangs must name itself.
  timeout: 120_000,
  signal: overtime.signal,
});
events.on('test:fail', () => {
  process.exitCode = 1;
});
if (failedBefore !== undefined) process.exitCode = 1;
events.compose(flags.includes('--verbose') ? spec : reporter(failedBefore)).pipe(process.stdout);
