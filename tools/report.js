/**
 * The reporter of `npm test`: one line for each file, what was skipped and why, every failure in full, a table of the
 * parts, and node:test's own summary lines at the very end.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { styleText } from 'node:util';
import { root } from './install.js';
import { partOf, parts } from './parts.js';

/** The counters of node:test's summary, in its order. */
const counters = ['tests', 'suites', 'passed', 'failed', 'cancelled', 'skipped', 'todo'];
const labels = { passed: 'pass', failed: 'fail' };

/**
 * @param {string | undefined} failedBefore checks that failed before the tests
 * @returns {(source: AsyncIterable<{ type: string, data: any }>) => AsyncGenerator<string>}
 */
export function reporter(failedBefore) {
  return async function* report(source) {
    const summary = yield* testLines(source);
    if (failedBefore !== undefined)
      yield `${styleText('red', `Failed before the tests, see above: ${failedBefore}`)}\n\n`;
    yield summaryLines(summary);
  };
}

/** Everything but the summary. */
async function* testLines(source) {
  const seen = { files: [], failures: [], skips: [], passed: {}, summary: undefined };
  for await (const { type, data } of source) {
    if (type === 'test:summary') {
      if (data.file === undefined) seen.summary = data;
      else {
        seen.files.push(data);
        yield fileLine(data);
      }
    } else if (type === 'test:fail' && isOwnFailure(data)) {
      seen.failures.push(data);
      yield `  ${styleText('red', `✖ ${data.name}`)}\n`;
    } else if (type === 'test:pass' && data.skip !== undefined && data.skip !== false) seen.skips.push(data);
    else if (type === 'test:pass') (seen.passed[place(data)] ??= []).push(data.name);
    else if (type === 'test:stderr' || type === 'test:stdout') yield data.message;
  }
  recordPassed(seen);
  yield skipLines(seen.skips);
  yield failureLines(seen.failures);
  yield partLines(seen.files);
  return seen.summary;
}

/** A parent fails because a child did: the child says why. */
function isOwnFailure(data) {
  return data.details?.error?.failureType !== 'subtestsFailed';
}

/** The file that ran: a test of a suite that several files register stands in another one. */
function place({ entryFile }) {
  return entryFile === undefined ? '' : relative(root, entryFile).replaceAll('\\', '/');
}

/** Notes which tests passed, for `npm run traceability`; files that did not run keep what they had. */
function recordPassed({ files, passed }) {
  const path = join(root, 'node_modules', '.cache', 'castellan', 'passed-tests.json');
  const before = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  const kept = Object.entries(before).filter(([file]) => existsSync(join(root, file)));
  const now = files.map((data) => [place(data), passed[place(data)] ?? []]);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(Object.fromEntries([...kept, ...now])));
}

function fileLine(data) {
  const mark = data.success ? styleText('green', '✔') : styleText('red', '✖');
  const path = place(data);
  return `${mark} ${partOf(path).padEnd(12)} ${path} ${styleText('gray', `${data.counts.tests} tests, ${duration(data.duration_ms)}`)}\n`;
}

function skipLines(skips) {
  if (skips.length === 0) return '';
  const reasons = new Map();
  for (const { skip } of skips) {
    const reason = typeof skip === 'string' && skip !== '' ? skip : 'no reason given';
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  const lines = [...reasons].map(([reason, count]) => `  ${count} × ${reason}`);
  return `\n${styleText('yellow', 'Skipped')}\n${lines.join('\n')}\n`;
}

function failureLines(failures) {
  if (failures.length === 0) return '';
  const text = failures.map((data) => {
    const error = data.details?.error;
    const cause = error?.cause ?? error;
    const detail = String(cause?.stack ?? cause?.message ?? cause);
    return `${styleText('red', `✖ ${data.name}`)}\n  ${place({ entryFile: data.file })}:${data.line ?? 0}\n${detail.replace(/^/gm, '    ')}\n`;
  });
  return `\n${styleText('red', 'Failures')}\n${text.join('\n')}`;
}

function partLines(files) {
  const lines = [];
  for (const { name } of parts) {
    const own = files.filter((data) => partOf(place(data)) === name);
    if (own.length === 0) continue;
    const sum = (pick) => own.reduce((total, data) => total + pick(data), 0);
    const tests = sum((data) => data.counts.tests);
    const failed = sum((data) => data.counts.failed + data.counts.cancelled);
    const skipped = sum((data) => data.counts.skipped);
    lines.push(
      `  ${name.padEnd(13)}${String(own.length).padStart(4)} files ${String(tests).padStart(5)} tests` +
        `${String(failed).padStart(5)} failed${String(skipped).padStart(5)} skipped  ${duration(sum((data) => data.duration_ms)).padStart(8)}`,
    );
  }
  return `\nParts (times are sums over files that ran side by side)\n${lines.join('\n')}\n\n`;
}

/** The lines that node:test's own reporters end with. */
function summaryLines(summary) {
  if (summary === undefined) return 'ℹ no summary: the run was cut short\n';
  const lines = counters.map((name) => `ℹ ${labels[name] ?? name} ${summary.counts[name] ?? 0}`);
  return `${[...lines, `ℹ duration_ms ${summary.duration_ms}`].join('\n')}\n`;
}

function duration(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
