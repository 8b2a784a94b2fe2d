/** Breaks of what OpenID Connect adds: names of people, claims, and how strong and recent a sign-in is. */
import { join } from 'node:path/posix';
import type { Break, Line } from './protocol-mutants.ts';

const source = 'packages/server/src';

/** Breaks of one file, which the named tests must notice. */
function at(file: string, tests: readonly string[], lines: readonly Line[]): readonly Break[] {
  return lines.map(([row, breaks, find, replace]) => ({
    row,
    file: join(source, file),
    breaks,
    find,
    replace,
    tests,
  }));
}

const pairwise = ['test/flows/pairwise.test.ts'];

export const oidcMutants: readonly Break[] = [
  ...at('accounts/subject.ts', pairwise, [
    ['R-103', 'all sectors have the same names', '[sector, person]', '[person]'],
    ['R-103', 'a pairwise name is the id', 'sector === undefined', 'sector !== null'],
  ]),
  ...at('authorizations/authorization.ts', pairwise, [
    ['R-103', 'an authorization has no sector', 'sector: client.sector', 'sector: undefined'],
  ]),
  ...at('tokens/issue.ts', pairwise, [
    ['R-103', 'tokens name people by their ids', 'deps.subjectOf(person, authorization)', 'person'],
  ]),
  ...at('endpoints/introspect/introspect.ts', pairwise, [
    [
      'R-103',
      'introspection of a refresh token tells the id',
      'deps.subjectOf(authorization.person, authorization)',
      'authorization.person',
    ],
  ]),
  ...at(
    'endpoints/userinfo/userinfo.ts',
    ['packages/server/src/endpoints/userinfo/userinfo.test.ts'],
    [
      [
        'R-103',
        'UserInfo does not look whose token it is',
        '!person || deps.subjectOf(person.id, authorization) !== subject',
        '!person',
      ],
    ],
  ),
  ...at('endpoints/logout/logout.ts', pairwise, [
    [
      'R-111',
      'any hint signs anybody out',
      'session === undefined || subjectOf(session.person, client) === hint.subject',
      'true',
    ],
  ]),
  ...at(
    'resolve-config/sector.ts',
    ['packages/server/src/resolve-config/sector.test.ts'],
    [['R-103', 'all apps share a sector', "host === '' || isLoopbackHost(host)", "host === ''"]],
  ),
];
