/** Breaks of what programs meet without a person: client credentials, assertions, introspection, revocation. */
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

const services = ['test/flows/client-credentials.test.ts'];
const assertions = ['test/flows/private-key-jwt.test.ts'];
const revocations = ['test/flows/revocation.test.ts'];
const introspections = ['test/flows/introspection.test.ts'];
const entitlements = ['packages/server/src/endpoints/token/entitlement.test.ts'];

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
  ...at('clients/assertion.ts', assertions, [
    [
      'R-072',
      'an assertion counts as often as it is sent',
      "(await deps.store.consumeAssertion(use)) === 'consumed' ? undefined : 'the assertion was used before'",
      '(await deps.store.consumeAssertion(use)) && undefined',
    ],
    ['R-072', 'every client is lenient', "party.assertionAudience === 'compatible'", 'party.keys !== undefined'],
  ]),
  ...at(
    'store/operations/assertions.ts',
    ['packages/server/src/store/sqlite.test.ts'],
    [['R-072', 'a name is free while it is in use', ' WHERE used_assertions.expires_at <= $4', '']],
  ),
  ...at('endpoints/token/entitlement.ts', entitlements, [
    ['R-077', 'a secret opens every API', 'if (!admitsAuthentication(resource, request.client))', 'if (!resource)'],
  ]),
  ...at('../../protocol/src/jose/client-assertion.ts', assertions, [
    ['R-072', 'any audience is ours', 'if (!isForUs(', 'if (false && !isForUs('],
    ['R-072', 'an assertion may live for ever', 'if (exp - tolerance > now + longestLife)', 'if (exp < 0)'],
    ['R-072', 'anybody may issue it', 'iss !== rules.client || sub !== rules.client', 'sub !== rules.client'],
  ]),
  ...at(
    '../../protocol/src/http/untrusted-fetch.ts',
    ['packages/protocol/src/http/untrusted-fetch.test.ts'],
    [
      ['R-069', 'a private address among public ones is called', '!addresses.every(', '!addresses.some('],
      [
        'R-069',
        'an address in the URL is not looked at',
        '[{ address: literal, family }]',
        "[{ address: '8.8.8.8', family }]",
      ],
      ['R-069', 'the name is looked up again', '    lookup: pinnedLookup(pinned),\n', ''],
      ['R-069', 'redirects are answers', 'status < 200 || (status >= 300 && status < 400)', 'status < 200'],
    ],
  ),
  ...at(
    'resolve-config/credentials.ts',
    ['packages/server/src/resolve-config/resolve-config.test.ts'],
    [
      ['R-070', 'any key will do', 'if (problem === undefined) return', 'if (problem !== null) return'],
      [
        'R-071',
        'keys and a secret may stand side by side',
        'if (sources.length > 0) problems.add',
        'if (sources.length > 9) problems.add',
      ],
    ],
  ),
  ...at('endpoints/revoke/revoke.ts', revocations, [
    ['R-062', 'any client ends any token', "if (owner !== client.id) refuse('token_of_another_client');", ''],
    ['R-063', 'done is said before it is', '    await revoke(deps, {', '    void revoke(deps, {'],
    [
      'R-062',
      'a refresh token that was given back lives on',
      'if (position !== undefined) return revokeFamily',
      'if (position === null) return revokeFamily',
    ],
  ]),
  ...at('tokens/access-token.ts', revocations, [
    ['R-062', 'a revoked token stands', ' && (await deps.store.accessTokenStands(ground))', ''],
  ]),
  ...at('endpoints/introspect/introspect.ts', introspections, [
    ['R-059', 'every API learns of every token', ' || token.ground.resource !== caller.audience', ''],
    [
      'R-060',
      'an inactive token says more',
      'Object.freeze({ active: false })',
      "Object.freeze({ active: false, why: 'x' })",
    ],
    ['R-059', 'a public client may ask', "caller.authentication === 'none'", "caller.authentication === 'mtls'"],
    ['R-059', 'a refresh token is told to any client', '!isOwn || ', ''],
    ['R-061', 'the answer is for nobody in particular', 'aud: caller.id', 'aud: deps.issuer'],
  ]),
  ...at(
    'store/operations/access-tokens.ts',
    ['packages/server/src/store/sqlite.test.ts'],
    [
      ['R-062', 'a token stands though its authorization has ended', ' AND a.revoked_at IS NULL\n', '\n'],
      ['R-063', 'a revoked token of a person stands', 'a.id = $1 AND a.status_index = $2', 'a.id = $1 AND $2 = $2'],
      [
        'R-063',
        'a revoked token of a client stands',
        'resource = $2 AND status_index = $3 AND ${currentEpoch} = $4`;',
        'resource = $2 AND $3 = $3 AND ${currentEpoch} = $4`;',
      ],
      ['R-034', 'an opaque token survives a restored backup', ' AND epoch = ${currentEpoch}`', '`'],
    ],
  ),
  ...at('endpoints/token/token.ts', services, [
    [
      'R-030',
      'any client may use any grant',
      "request.client.grants.has(name) ? grant : refuse('grant_not_allowed')",
      'grant',
    ],
  ]),
];
