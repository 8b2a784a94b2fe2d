/**
 * `castellan policy`: what can be known of a policy before it decides on anybody.
 *
 * Owns reading a policy's module and printing. Does not own: any conclusion (`@castellan/policy/analysis`).
 */
import type { Policy, Vocabulary } from '@castellan/policy';
import {
  answerOf,
  differenceInWords,
  differencesBetween,
  findingsOf,
  type MatrixCase,
  matrix,
  scoreInWords,
  scoreOf,
  wrongAnswers,
} from '@castellan/policy/analysis';
import { Command } from 'commander';
import { loadPolicy } from './load-policy.ts';
import { casesAsLines, matrixLines, matrixSummary } from './matrix-table.ts';
import { readRecordedCases, readRequest } from './read-input.ts';

/** What the commands touch. */
export interface PolicyDeps {
  readonly print: (text: string) => void;
  /** Says that what was asked for is not so: findings, differences, cases that fail. */
  readonly fail: () => void;
}

/** The commands, to be added to a program. */
export function policyCommand(deps: PolicyDeps): Command {
  const module = 'file that exports a policy as «policy», or as its only policy';
  const command = new Command('policy').description('what a policy says, in words, and what a change of it changes');
  command
    .command('check')
    .description('find rules that say nothing, actions that no one may do, and fields that everyone may read')
    .argument('<module>', module)
    .option('--accept <id...>', 'findings that are meant', [])
    .action(async (file: string, options: { readonly accept: readonly string[] }) => check(file, options, deps));
  command
    .command('explain')
    .description('say how one request is decided, and which rules came close')
    .argument('<module>', module)
    .argument('<request>', 'JSON file with principal, scopes, action, resource and context; - reads the standard input')
    .action(async (file: string, request: string) => explain(file, request, deps));
  command
    .command('matrix')
    .description('list the cases that notice when any rule is missing or weakened')
    .argument('<module>', module)
    .option('--json', 'one case on each line, to be recorded')
    .option('--verify <file>', 'recorded cases: are they answered the same, and do they notice every fault?')
    .action(async (file: string, options: MatrixOptions) => showMatrix(file, options, deps));
  command
    .command('diff')
    .description('say who gains or loses which actions and fields from one version to another')
    .argument('<before>', module)
    .argument('<after>', module)
    .option('--exit-code', 'fail when there are differences')
    .action(async (before: string, after: string, options: { readonly exitCode?: boolean }) =>
      compare([before, after], options, deps),
    );
  return command;
}

async function check(
  file: string,
  { accept }: { readonly accept: readonly string[] },
  deps: PolicyDeps,
): Promise<void> {
  const policy = await loadPolicy(file);
  const findings = findingsOf(policy);
  const open = findings.filter(({ id }) => !accept.includes(id));
  for (const id of accept)
    if (!findings.some((one) => one.id === id)) deps.print(`${id} is accepted, and is not found any more`);
  for (const { id, words } of open) deps.print(`${words}\n    ${id}`);
  const accepted = findings.length - open.length;
  deps.print(
    `${policy.rules.length} rules, ${open.length} findings${accepted === 0 ? '' : ` and ${accepted} that are accepted`}`,
  );
  if (open.length > 0) deps.fail();
}

async function explain(file: string, request: string, { print }: PolicyDeps): Promise<void> {
  const policy = await loadPolicy(file);
  print(policy.explain(await readRequest(request)).text);
}

interface MatrixOptions {
  readonly json?: boolean;
  readonly verify?: string;
}

async function showMatrix(file: string, { json, verify }: MatrixOptions, deps: PolicyDeps): Promise<void> {
  const policy = await loadPolicy(file);
  if (verify !== undefined) return verifyCases(policy, await readRecordedCases(verify), deps);
  const found = matrix(policy);
  deps.print(json === true ? casesAsLines(found) : `${matrixLines(found)}\n\n${matrixSummary(found)}`);
}

/** Recorded cases that are answered differently now, and faults of rules that were written after them. */
function verifyCases(policy: Policy<Vocabulary>, cases: readonly MatrixCase[], { print, fail }: PolicyDeps): void {
  const wrong = wrongAnswers(cases, answerOf(policy));
  const score = scoreOf(policy, cases);
  for (const problem of wrong) print(problem);
  for (const { rule, words } of score.missed) print(`no recorded case notices if ${rule} ${words}`);
  print(`${cases.length - wrong.length} of ${cases.length} recorded cases are answered the same`);
  print(scoreInWords(score));
  if (wrong.length + score.missed.length > 0) fail();
}

async function compare(
  [before, after]: readonly [string, string],
  { exitCode }: { readonly exitCode?: boolean },
  deps: PolicyDeps,
): Promise<void> {
  const differences = differencesBetween(await loadPolicy(before), await loadPolicy(after));
  for (const difference of differences) deps.print(differenceInWords(difference));
  if (differences.length === 0) deps.print('Both decide the same, on every request.');
  else if (exitCode === true) deps.fail();
}
