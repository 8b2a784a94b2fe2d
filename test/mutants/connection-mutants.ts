/** Breaks of what a connection to a guard may be used for, and of what outlives it. */
import type { Mutant } from '../mutants.ts';

const file = 'packages/guard/src/adapters/node.ts';
const tests = ['packages/guard/src/adapters/connection.test.ts'];

export const connectionMutants: readonly Mutant[] = [
  {
    row: 'R-180',
    file,
    breaks: 'what comes after the last answer of a connection is done',
    find: '  if (ending.has(incoming.socket)) return;\n',
    replace: '',
    tests,
  },
  {
    row: 'R-180',
    file,
    breaks: 'a body that was not read is no reason to end the connection',
    find: '!incoming.complete && hasBody(incoming)',
    replace: 'false',
    tests: [...tests, 'packages/guard/src/adapters/adapters.test.ts'],
  },
  {
    row: 'R-183',
    file,
    breaks: 'headers that Node cannot read end the process',
    find: '  try {\n    // INVARIANT',
    replace: '  plainMessage(incoming, target);\n  try {\n    // INVARIANT',
    tests,
  },
];
