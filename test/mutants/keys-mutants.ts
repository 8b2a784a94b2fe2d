/** Breaks in how signing keys change: rotation, retirement, removal. */
import type { Mutant } from '../mutants.ts';

const changes = ['packages/server/src/keys/key-changes.test.ts'];

export const keysMutants: readonly Mutant[] = [
  {
    row: 'R-101',
    file: 'packages/server/src/keys/timetable.ts',
    breaks: 'a removed key stays in the key set',
    find: "if (row.removedAt !== undefined) return 'removed';",
    replace: '',
    tests: changes,
  },
  {
    row: 'R-101',
    file: 'packages/server/src/keys/key-ring.ts',
    breaks: 'a hint that a removed key has signed still counts',
    find: '.filter(({ removedAt }) => removedAt === undefined)',
    replace: '',
    tests: changes,
  },
  {
    row: 'R-101',
    file: 'packages/server/src/keys/key-changes.ts',
    breaks: 'nothing takes the place of a removed key',
    find: 'const replacement = leavesPlace(rows, row, moment.now)',
    replace: 'const replacement = !leavesPlace(rows, row, moment.now)',
    tests: changes,
  },
  {
    row: 'R-101',
    file: 'packages/server/src/store/operations/keys.ts',
    breaks: 'two nodes that rotate at once make two successors',
    find: "if (!isDeepStrictEqual(yield* listKeys(), change.seen)) return 'changed_meanwhile';",
    replace: '',
    tests: changes,
  },
  {
    row: 'R-101',
    file: 'packages/server/src/keys/key-changes.ts',
    breaks: 'a key that somebody needs can be retired by hand',
    find: "if (inUse.includes(row.algorithm)) return { verdict: { verdict: 'in_use', algorithm: row.algorithm } };",
    replace: '',
    tests: changes,
  },
  {
    row: 'R-101',
    file: 'packages/server/src/keys/timetable.ts',
    breaks: 'a rotation lets the successor sign before verifiers have seen it',
    find: 'current === undefined ? moment.now : moment.now + announcementLead;',
    replace: 'moment.now;',
    tests: changes,
  },
  {
    row: 'R-102',
    file: 'packages/server/src/keys/timetable.ts',
    breaks: 'the private half of a removed key stays in the store',
    find: 'return { ...row, sealedPrivateKey: undefined, removedAt: now };',
    replace: 'return { ...row, removedAt: now };',
    tests: changes,
  },
  {
    row: 'R-102',
    file: 'packages/server/src/keys/key-changes.ts',
    breaks: 'the private half of a retired key stays in the store',
    find: 'put: over.map((row) => ({ ...row, sealedPrivateKey: undefined })),',
    replace: 'put: over,',
    tests: changes,
  },
  {
    row: 'R-228',
    file: 'packages/server/src/keys/misuse.ts',
    breaks: 'nobody hears of a token that a thief has signed',
    find: "if (error instanceof Refusal && error.reason === 'token_invalid') await refused(token);",
    replace: '',
    tests: ['test/flows/keys.test.ts'],
  },
  {
    row: 'R-228',
    file: 'packages/server/src/keys/misuse.ts',
    breaks: 'every old token of an honest client is an alarm',
    find: 'if (iat <= (row.removedAt ?? row.verifiesFrom) + longestSkew) return undefined;',
    replace: '',
    tests: changes,
  },
];
