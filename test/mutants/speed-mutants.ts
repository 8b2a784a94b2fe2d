/** Breaks of what was made fast, and of the checks that are kept on the short way. */
import type { Break } from './protocol-mutants.ts';

const policy = 'packages/policy/src';

export const speedMutants: readonly Break[] = [
  {
    row: 'R-170',
    file: `${policy}/slots.ts`,
    breaks: 'a slot that is missing keeps the value of the request before',
    find: 'if (taken === undefined) return false;',
    replace: 'if (taken === undefined) continue;',
    tests: [`${policy}/decide.test.ts`],
  },
  {
    row: 'R-170',
    file: `${policy}/decide.ts`,
    breaks: 'a decision inside another one uses its place',
    find: '  plan.spare.values = undefined;\n  const decision = fill(',
    replace: '  plan.spare.values = values;\n  const decision = fill(',
    tests: [`${policy}/decide.test.ts`],
  },
  {
    row: 'R-170',
    file: `${policy}/slots.ts`,
    breaks: 'a text is kept as portable before it was looked through',
    find: 'if (!portableText(text)) return false;',
    replace: '',
    tests: [`${policy}/decide.test.ts`],
  },
  {
    row: 'R-162',
    file: `${policy}/decision.ts`,
    breaks: 'only the last of several deciding rules is named',
    find: 'rules: [...outcome.decision.rules, ...own.rules]',
    replace: 'rules: own.rules',
    tests: [`${policy}/decide.test.ts`],
  },
];
