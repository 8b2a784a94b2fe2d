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

const claims = ['test/flows/claims.test.ts'];
const parameter = ['packages/server/src/requests/claims-parameter.test.ts'];
const steps = ['packages/server/src/requests/next-step.test.ts'];
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
  ...at('requests/claims-parameter.ts', parameter, [
    [
      'R-016',
      'any client may ask for any claim',
      "client.scopes.has(scopeOfClaim(claim) ?? '')",
      'scopeOfClaim(claim) !== undefined',
    ],
    [
      'R-178',
      'claims are read by the lenient parser',
      'readJson(text, limits)',
      '{ value: JSON.parse(text) } as { value: unknown; problem?: string }',
    ],
    ['R-014', 'a sub with a value is a wish', "optional('subject', subjectOf(userinfo, idToken))", '({})'],
    ['R-014', 'an essential acr is a wish', "optional('acr', essentialAcr(idToken))", '({})'],
  ]),
  ...at('requests/check.ts', claims, [
    ['R-014', 'an essential acr that does not exist is asked for by a sign-in', '!isReachable(demand.acr)', 'false'],
  ]),
  ...at('requests/next-step.ts', steps, [
    ['R-014', 'a weaker sign-in will do', 'request.acr === undefined ||', 'request.acr !== null ||'],
    [
      'R-011',
      'a claim that was allowed is its scope',
      'remembered.map(withinScopes)',
      "remembered.map((row) => ({ ...row, scopes: row.scopes.map((one) => one.replace(/^claim:/, '')) }))",
    ],
  ]),
  ...at('requests/next-step.ts', claims, [
    ['R-011', 'nobody is asked about single claims', '...claimsBeside(request),', ''],
  ]),
  ...at(
    'requests/check.ts',
    ['test/flows/authorize-truth.test.ts'],
    [
      ['S-21', 'any response type means code', "if (type !== 'code')", "if (type === '')"],
      ['R-016', 'a scope of nobody is granted', 'if (foreign !== undefined)', 'if (foreign === null)'],
    ],
  ),
  ...at(
    'endpoints/consent/consent.ts',
    ['test/flows/consent-path.test.ts'],
    [['R-014', 'the consent page asks whoever comes', "next.step === 'consent' ?", "next.step !== 'respond' ?"]],
  ),
  ...at(
    'endpoints/token/refresh-token.ts',
    ['test/flows/step-up.test.ts'],
    [
      [
        'R-014',
        'a refresh counts as a recent sign-in',
        '        ...found,\n        askedScope: scope,',
        '        ...found,\n        authorization: { ...found.authorization, authTime: now },\n        askedScope: scope,',
      ],
    ],
  ),
  ...at('tokens/profile-claims.ts', claims, [
    [
      'R-049',
      'a claim of a scope that the client lost is still told',
      "client.scopes.has(scopeOfClaim(name) ?? '')",
      "name !== ''",
    ],
    ['R-103', 'a claim is told whatever its value', 'value === undefined || !isAsked', 'value === undefined'],
  ]),
  ...at('tokens/issue.ts', claims, [
    ['R-103', 'an ID token tells what UserInfo was asked', 'claims?.idToken ?? []', 'claims?.userinfo ?? []'],
  ]),
  ...at(
    'resolve-config/sector.ts',
    ['packages/server/src/resolve-config/sector.test.ts'],
    [['R-103', 'all apps share a sector', "host === '' || isLoopbackHost(host)", "host === ''"]],
  ),
];
