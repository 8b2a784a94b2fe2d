/** Breaks of what was made fast, and of the checks that are kept on the short way. */
import type { Break } from './protocol-mutants.ts';

const policy = 'packages/policy/src';

const kit = 'packages/guard/src/kit';

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
  {
    row: 'S-108',
    file: `${kit}/try.ts`,
    breaks: 'an answer that believed the token counts as a refusal',
    find: 'const refusals = [400, 401, 431];',
    replace: 'const refusals = [200, 400, 401, 431];',
    tests: [`${kit}/guard-test.test.ts`],
  },
  {
    row: 'S-108',
    file: `${kit}/try.ts`,
    breaks: 'refusals count where a good token is refused too',
    find: 'answer !== undefined && answer.status >= 200 && answer.status < 300',
    replace: 'answer !== undefined',
    tests: [`${kit}/guard-test.test.ts`],
  },
  {
    row: 'S-108',
    file: `${kit}/address-test.ts`,
    breaks: 'any host is tried',
    find: 'if (!isLoopbackHost(url.hostname) && url.hostname !== test.permittedHost) {',
    replace: 'if (false) {',
    tests: [`${kit}/guard-test.test.ts`],
  },
  {
    row: 'S-96',
    file: `${kit}/adapt.ts`,
    breaks: 'every foreign audience is left out as genuine',
    find: 'own !== undefined && value === own',
    replace: 'own !== undefined',
    tests: [`${kit}/guard-test.test.ts`],
  },
  {
    row: 'S-82',
    file: `${kit}/policy-cases.ts`,
    breaks: 'fields that leave are not looked at',
    find: 'names.filter((name) => !open.includes(name))',
    replace: 'names.filter(() => false)',
    tests: [`${kit}/guard-test.test.ts`],
  },
  {
    row: 'R-153',
    file: 'packages/protocol/src/jose/jwt.ts',
    breaks: 'a remembered token outlives its key',
    find: 'key === known.key && timeProblem',
    replace: 'timeProblem',
    tests: ['packages/guard/src/pitfalls.test.ts'],
  },
  {
    row: 'R-101',
    file: 'packages/protocol/src/jose/remote-key-source.ts',
    breaks: 'a set is never fetched again',
    find: 'maxAge = 300,',
    replace: 'maxAge = 300_000,',
    tests: ['packages/guard/src/pitfalls.test.ts'],
  },
  {
    row: 'R-145',
    file: 'packages/protocol/src/jose/jws.ts',
    breaks: 'headers with keys pass the strict form',
    find: "'jku', ",
    replace: '',
    tests: ['packages/guard/src/pitfalls.test.ts'],
  },
];
