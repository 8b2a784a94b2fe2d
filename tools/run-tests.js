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
import { report } from './report.js';

const verbose = process.argv.includes('--verbose');
const files = process.argv.slice(2).filter((argument) => argument !== '--verbose');

const events = run({
  files,
  // Tests wait for disks and databases as often as they compute.
  concurrency: Math.max(2, availableParallelism()),
  execArgv: [sourceCondition],
  // A test that hangs must name itself instead of holding up the run for ever.
  timeout: 240_000,
});
events.on('test:fail', () => {
  process.exitCode = 1;
});
events.compose(verbose ? spec : report).pipe(process.stdout);
