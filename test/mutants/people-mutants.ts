/** Breaks of what ends with a person's state, password, sessions and consents. */
import type { Break, Line } from './protocol-mutants.ts';

const server = 'packages/server/src';
const sqlite = 'packages/server/src/store/sqlite.test.ts';
const endings = 'test/flows/person-endings.test.ts';
const accountPage = 'test/flows/account.test.ts';
const passwordPage = 'test/flows/set-password.test.ts';

/** Breaks of one file, which the named test file must notice. */
function at(file: string, test: string, lines: readonly Line[]): readonly Break[] {
  return lines.map(([row, breaks, find, replace]) => ({
    row,
    file: `${server}/${file}`,
    breaks,
    find,
    replace,
    tests: [test],
  }));
}

export const peopleMutants: readonly Break[] = [
  ...at('store/operations/standing.ts', 'test/flows/device.test.ts', [
    ['R-122', 'whatever the state, everybody may act', "`${row}.state = 'active'`", "`${row}.state <> ''`"],
  ]),
  ...at('store/operations/persons.ts', sqlite, [
    [
      'R-104',
      'a new person takes the subject of another over',
      'ON CONFLICT (login_name) DO NOTHING',
      'ON CONFLICT (id) DO UPDATE SET login_name = excluded.login_name',
    ],
    ['R-114', 'a lock ends nothing', "if (to !== 'active') {", "if (to === 'disabled') {"],
    [
      'R-127',
      'a lock leaves the link to set a password',
      "yield* changes('DELETE FROM password_links WHERE person_id = $1', [person]);",
      '',
    ],
    [
      'R-048',
      'what was allowed outlives the account',
      "yield* revokeMatching({ target: { of: 'person', person }, reason, now }, envelope);",
      '',
    ],
    ['R-114', 'sessions outlive the account', 'yield* endAllSessions(end, envelope);', ''],
  ]),
  ...at('store/operations/sessions.ts', sqlite, [
    [
      'R-122',
      'a sign-in goes on though everything was ended meanwhile',
      'AND p.sign_in_epoch = $2',
      'AND p.sign_in_epoch <= $2 + 99',
    ],
    [
      'R-109',
      'the end of all sessions ends those of everybody',
      'WHERE person_id = $1 AND ${unended}',
      "WHERE $1 <> '' AND ${unended}",
    ],
  ]),
  ...at('store/operations/revocation.ts', sqlite, [
    [
      'R-048',
      'disabling spares offline access',
      'return `person_id = $${at}`;',
      'return `person_id = $${at} AND offline = 0`;',
    ],
    [
      'R-109',
      'signing out everywhere takes offline access along',
      'return `person_id = $${at} AND offline = 0`;',
      'return `person_id = $${at} AND 1 = 1`;',
    ],
  ]),
  ...at('store/operations/password-links.ts', sqlite, [
    ['R-127', 'a link works twice', "if (used === 0) return 'link_gone';", ''],
    [
      'R-127',
      'a link works for anybody',
      'WHERE person_id = $1 AND token_hash = $2 AND expires_at > $3',
      'WHERE $1 = $1 AND token_hash = $2 AND expires_at > $3',
    ],
    [
      'R-127',
      'a link is set up for a disabled person',
      "sign_in_epoch + 1 WHERE id = $1 AND state <> 'disabled'`",
      'sign_in_epoch + 1 WHERE id = $1`',
    ],
    ['R-127', 'the old password goes on', "SET password_hash = '',", 'SET password_hash = password_hash,'],
    [
      'R-122',
      'who typed the old password before a link was made comes in after',
      "password_hash = '', sign_in_epoch = sign_in_epoch + 1",
      "password_hash = '', sign_in_epoch = sign_in_epoch",
    ],
    [
      'R-048',
      'a new password ends nothing',
      "yield* endEverything({ person, reason: 'password_changed', now }, events[0]);",
      '',
    ],
  ]),
  ...at('accounts/password-link.ts', passwordPage, [
    ['R-127', 'a link never ends', 'const lifetime = 3600;', 'const lifetime = 360_000;'],
    ['R-117', 'any password will do', "if (problem !== undefined) return { verdict: 'refused', problem };", ''],
  ]),
  ...at('endpoints/set-password/set-password.ts', passwordPage, [
    [
      'R-127',
      'the token stays in the address',
      "if (named !== undefined && request.method === 'GET') return takeToken(named, deps);",
      '',
    ],
    ['R-125', 'any site may set a password', 'checkOrigin(request, new URL(deps.issuer).origin);', ''],
    [
      'R-125',
      'no form token is needed',
      "deps.formTokens.check('set-password', bindings(browser, held), fields['form_token']);",
      '',
    ],
  ]),
  ...at('store/operations/consents.ts', sqlite, [
    [
      'R-012',
      'a withdrawal leaves the tokens',
      "const revoked = yield* revokeMatching({ target, reason: 'consent_withdrawn', now }, events[0]);",
      'const revoked = 0;',
    ],
    [
      'R-012',
      'a withdrawal is of all apps',
      'DELETE FROM consents WHERE person_id = $1 AND client_id = $2',
      'DELETE FROM consents WHERE person_id = $1 AND $2 = $2',
    ],
    [
      'R-012',
      'a code is granted on a consent that is gone',
      'return relied.every(({ resource, scopes }) => {',
      'return true || relied.every(({ resource, scopes }) => {',
    ],
  ]),
  ...at('endpoints/account/account.ts', accountPage, [
    [
      'R-109',
      'anybody ends any session',
      "{ id, person, reason: 'ended_elsewhere' }",
      "{ id, reason: 'ended_elsewhere' }",
    ],
    [
      'R-138',
      'a form says who it is',
      'withdrawConsent(deps, { person, client }, exchange)',
      "withdrawConsent(deps, { person: fields['person'] ?? person, client }, exchange)",
    ],
    ['R-125', 'any site may take consents back', 'checkOrigin(request, new URL(deps.issuer).origin);', ''],
    [
      'R-125',
      'no form token is needed',
      "deps.formTokens.check('account', [browser, changing.session.id], fields['form_token']);",
      '',
    ],
  ]),
  ...at('administration/people.ts', 'packages/cli/src/admin/user.test.ts', [
    [
      'R-104',
      'a login name is taken for the id of somebody else',
      'const person = (await store.findPerson(name)) ?? byLogin;',
      'const person = byLogin ?? (await store.findPerson(name));',
    ],
    [
      'R-137',
      'an administrator sees hashes',
      'hasPassword: passwordHash !== undefined, profile, createdAt',
      'hasPassword: passwordHash !== undefined, passwordHash, profile, createdAt',
    ],
  ]),
  ...at('administration/administration.ts', endings, [
    ['R-109', 'nobody knows that an administrator did it', ", actor: 'administrator' }", ' }'],
  ]),
];
