/** Breaks of what programs meet without a person: client credentials, assertions, introspection, revocation. */
import type { Break, Line } from './protocol-mutants.ts';

const source = 'packages/server/src';

/** Breaks of one file, which the named tests must notice. */
function at(file: string, tests: readonly string[], lines: readonly Line[]): readonly Break[] {
  return lines.map(([row, breaks, find, replace]) => ({
    row,
    file: `${source}/${file}`,
    breaks,
    find,
    replace,
    tests,
  }));
}

const services = ['test/flows/client-credentials.test.ts'];

export const machineMutants: readonly Break[] = [
  ...at('clients/client.ts', services, [['R-076', 'a service has a person’s kind of subject', '`client:${id}`', 'id']]),
  ...at('endpoints/token/client-credentials.ts', services, [
    [
      'R-031',
      'a service gets the scopes people gave it',
      '...client.ownScopes',
      '...client.scopes, ...client.ownScopes',
    ],
  ]),
  ...at('endpoints/token/token.ts', services, [
    [
      'R-030',
      'any client may use any grant',
      "request.client.grants.has(name) ? grant : refuse('grant_not_allowed')",
      'grant',
    ],
  ]),
];
