/** Breaks in what OpenID Connect adds: response modes, claims, how the person signed in. */
import type { Mutant } from '../mutants.ts';

export const connectMutants: readonly Mutant[] = [
  {
    row: 'R-018',
    file: 'packages/server/src/http/page.ts',
    breaks: 'the form_post page lets its form go anywhere on https',
    find: 'return postsTo;',
    replace: "return 'https:';",
    tests: ['test/flows/form-post.test.ts'],
  },
  {
    row: 'R-018',
    file: 'packages/server/src/http/page.ts',
    breaks: 'what the client sent is markup in the form_post page',
    find: '<input type="hidden" name="${name}" value="${value}">`,\n  );',
    replace: '<input type="hidden" name="${name}" value="${raw(value)}">`,\n  );',
    tests: ['test/flows/form-post.test.ts'],
  },
  {
    row: 'R-018',
    file: 'packages/server/src/http/page.ts',
    breaks: 'any inline script may run on the form_post page',
    find: "`script-src 'sha256-${submitScriptHash}'`",
    replace: '"script-src \'unsafe-inline\'"',
    tests: ['test/flows/form-post.test.ts'],
  },
  {
    row: 'R-065',
    file: 'packages/server/src/endpoints/userinfo/claims.ts',
    breaks: 'the address is told to whoever may sign the person in',
    find: "scopes.includes('address') && ",
    replace: '',
    tests: ['test/flows/standard-claims.test.ts'],
  },
];
