/** Breaks of the guard and the API of the example. */
import type { Break, Line } from './protocol-mutants.ts';

/** Breaks of one file, which the named tests beside it must notice. */
function at(folder: string, file: string, lines: readonly Line[], tests: readonly string[]): readonly Break[] {
  return lines.map(([row, breaks, find, replace]) => ({
    row,
    file: `${folder}/${file}`,
    breaks,
    find,
    replace,
    tests: tests.map((test) => `${folder}/${test}`),
  }));
}

const guard = 'packages/guard/src';

export const guardMutants: readonly Break[] = [
  ...at(
    guard,
    'require.ts',
    [
      ['R-163', 'no object is decided on', "if (decision.effect === 'permit') return;", 'return;'],
      ['R-173', 'a foreign object is admitted to exist', '.length > 0;', '.length >= 0;'],
      ['R-165', 'no function is decided on', "if (decision.effect !== 'permit') throw refusalOf(decision);", ''],
      ['S-58', 'any declared field is written', '!open.includes(name)', 'false'],
    ],
    ['guard.test.ts'],
  ),
  ...at(
    guard,
    'output.ts',
    [
      [
        'S-59',
        'the whole row leaves',
        'policy.readable({ principal, scopes, context, action, type, resource: row })',
        'Object.keys(row as object)',
      ],
      [
        'R-163',
        'a list is believed',
        "if (!mayActOn(row, type, deps)) refuse('server_error'",
        "if (false) refuse('server_error'",
      ],
    ],
    ['guard.test.ts'],
  ),
  ...at(
    guard,
    'headers.ts',
    [
      ['R-165', 'override headers pass', 'if (headers[name] !== undefined) refuse', 'if (false) refuse'],
      ['R-177', 'headers that frame or authorize may come twice', 'values === undefined || values.length < 2', 'true'],
      ['R-184', 'answers may be sniffed', "'x-content-type-options': 'nosniff',", ''],
    ],
    ['guard.test.ts'],
  ),
  ...at(
    guard,
    'pipeline.ts',
    [
      ['R-168', 'a client is loaded as a person', '.kind !== access.kind', '.kind === undefined'],
      ['R-138', 'a caller who is unknown goes on', 'if (principal === undefined || principal === null)', 'if (false)'],
    ],
    ['guard.test.ts'],
  ),
  ...at(
    guard,
    'patch.ts',
    [
      ['R-176', 'an operation reads what it may not', "if (!sets && op !== 'remove') return", 'if (false) return'],
      ['R-178', 'a pointer names a prototype', '(?!constructor$|prototype$)', ''],
    ],
    ['patch.test.ts'],
  ),
  ...at(
    guard,
    'limits.ts',
    [
      ['R-188', 'limits are counted and not kept', 'if (admitted) return;', 'return;'],
      ['R-188', 'a client is not limited', '(access.client === undefined ? undefined : client)', 'undefined'],
      ['R-188', 'of a token the key of each route is kept', '  if (keys.size >= mostKeys) keys.clear();\n', ''],
      ['R-193', 'nobody is told when to come back', '{ retryAfter }', '{}'],
      ['R-191', 'all routes share one limit', 'of === undefined ? `${name} ` : `${name} ${of} `', '`${name} `'],
    ],
    ['guard.test.ts', 'limits.test.ts'],
  ),
  ...at(
    guard,
    'adapters/express.ts',
    [['R-165', 'the path loses its prefix', 'target: incoming.originalUrl', "target: incoming.url ?? '/'"]],
    ['adapters/adapters.test.ts'],
  ),
  ...at(
    guard,
    'problem.ts',
    [
      [
        'R-158',
        'a request without credentials is told of an error',
        'return { resourceMetadata };',
        "return { error: 'invalid_token', resourceMetadata };",
      ],
      ['R-158', 'the scope is not named', '...(scope === undefined ? {} : { scope })', ''],
    ],
    ['guard.test.ts'],
  ),
  ...at(
    guard,
    'claims.ts',
    [
      ['R-092', 'a bound token passes as a bearer', "if (claims['cnf'] !== undefined)", 'if (false)'],
      ['S-27', 'an ID token passes', 'claimsOfOtherTokens.some(', '[].some('],
    ],
    ['verify-token.test.ts'],
  ),
  ...at(
    guard,
    'issuer.ts',
    [
      ['S-32', 'every audience is ours', ': config.audience,', ": 'https://other.example',"],
      ['R-160', 'rules on values are not kept', '...required, ...clients', '...clients'],
      ['S-9', 'tokens of any client pass', '...required, ...clients', '...required'],
      ['R-155', 'no audience needs no other rule', 'isList(issuer.clients) && hasEntries(issuer.require)', 'true'],
    ],
    ['verify-token.test.ts', 'issuers.test.ts', 'config.test.ts'],
  ),
  ...at(
    guard,
    'verify-token.ts',
    [
      ['R-160', 'all issuers share the rules of the first', 'judges.get(claimedIssuer(token))', 'only'],
      ['R-064', 'revocation is not asked for', 'bit && requireNotRevoked', 'false && requireNotRevoked'],
      ['R-161', 'the moment of a subject is not asked for', 'requireAfter?.(claims, access)', 'undefined'],
    ],
    ['issuers.test.ts', 'revocation.test.ts', 'not-before.test.ts'],
  ),
  ...at(
    guard,
    'introspect.ts',
    [
      [
        'R-060',
        'inactive tokens pass',
        "if (active === false) return refuse('token_invalid', { detail: 'not active' });",
        '',
      ],
      [
        'R-061',
        'a plain answer passes for a signed one',
        'if (mediaType !== accept) return unusable',
        'if (false) return unusable',
      ],
      [
        'S-51',
        'answers are remembered for ever',
        'known !== undefined && runtime.monotonic() < known.until',
        'known !== undefined',
      ],
      ['S-51', 'claims of an answer are not checked', 'return deps.check(answer);', 'return answer as never;'],
      ['S-51', 'a refresh token passes', 'if (!isBearer && !(type === undefined && deps.kindIsRuled))', 'if (false)'],
    ],
    ['introspect.test.ts'],
  ),
  ...at(
    guard,
    'revocation.ts',
    [
      [
        'R-064',
        'revoked tokens pass',
        "if (revoked === true) throw invalid('revoked');",
        'if (revoked === true) return;',
      ],
      ['R-064', 'what is not known passes', 'if (permitUnknown && revoked === undefined) return;', 'return;'],
      ['R-064', 'a token without a bit passes', "throw invalid('a token that cannot be revoked');", ''],
    ],
    ['revocation.test.ts'],
  ),
  ...at(
    guard,
    'not-before.ts',
    [
      [
        'R-161',
        'a moment that is no number lets all pass',
        "typeof moment === 'number' && iat !== undefined && iat >= moment",
        '!(iat !== undefined && iat < moment)',
      ],
      ['R-161', 'a moment is remembered for ever', '< port.staleness * 1000', '< Number.POSITIVE_INFINITY'],
    ],
    ['not-before.test.ts'],
  ),
  ...at(
    guard,
    'step-up.ts',
    [
      ['R-158', 'any sign-in is strong', 'need.acr === undefined || (acr', 'true || (acr'],
      ['R-158', 'a token that says nothing is recent', '?? Number.NaN', '?? now / 1000'],
    ],
    ['challenges.test.ts'],
  ),
  ...at(
    'packages/protocol/src/jose',
    'remote-key-source.ts',
    [
      ['R-098', 'metadata of another issuer is believed', "if (value['issuer'] !== issuer)", 'if (false)'],
      ['R-098', 'metadata leads to keys without https', 'return downgraded ?', 'return false ?'],
    ],
    ['discovered-key-source.test.ts'],
  ),
  ...at(
    'packages/protocol/src/jose',
    'jwt-claims.ts',
    [
      [
        'R-151',
        'a missing audience is any audience',
        'if (audience === null) return aud === undefined;',
        'if (aud === undefined) return true;',
      ],
      ['R-150', 'a signed answer never ages', 'rules.maxAge > 0 ? Math.min(exp, iat + rules.maxAge) : exp', 'exp'],
    ],
    ['jwt.test.ts', 'jwt-claims.test.ts'],
  ),
  ...at(
    guard,
    'input.ts',
    [
      [
        'R-176',
        'all requests without a query share one object',
        "if (text === '') return {};",
        "if (text === '') return nothing;",
      ],
      ['R-176', 'what a schema lets fall is not told', 'refuseProblems(leftOver(source, value, checked));', ''],
      ['R-177', 'a repeated parameter is taken once', 'if (repeated !== undefined)', 'if (false)'],
      ['R-179', 'any media type is read', 'if (more.length > 0 || !accepts(type))', 'if (false)'],
      ['R-179', 'encoded bodies are read', "if (request.headers['content-encoding'] !== undefined)", 'if (false)'],
      ['R-157', 'a token in the query passes', "if (parameters.has('access_token'))", 'if (false)'],
      ['R-225', 'any name enters an event', "? name : '(unusual name)'", '? name : name'],
    ],
    ['input.test.ts', 'guard.test.ts'],
  ),
  ...at(
    guard,
    'path.ts',
    [
      ['R-164', 'encoded slashes pass', '/[/\\\\%\\p{Cc}]/u.test(text)', 'false'],
      ['R-164', 'letters may be encoded', 'if (needless) return undefined;', ''],
      ['R-164', 'dot segments pass', "if (segment === '.' || segment === '..')", 'if (false)'],
    ],
    ['path.test.ts'],
  ),
  ...at(
    guard,
    'route-table.ts',
    [
      ['S-67', 'a route needs no action', "if (typeof action !== 'string') return ['action is missing'];", ''],
      ['R-162', 'a route that no rule permits starts', 'return permitted ? []', 'return true ? []'],
      ['R-164', 'an empty segment is an id', "segments[index] !== ''", 'true'],
    ],
    ['config.test.ts', 'guard.test.ts', 'adapters/adapters.test.ts'],
  ),
  ...at(
    guard,
    'adapters/node.ts',
    [
      ['R-179', 'a body of any size is read', "if (length > limit) refuse('body_too_large');", ''],
      [
        'R-176',
        'a body that others have read is taken for none',
        "if (incoming.readableDidRead) refuse('server_error', { detail: bodyTaken });",
        '',
      ],
    ],
    ['adapters/adapters.test.ts'],
  ),
  ...at(
    guard,
    'adapters/fetch.ts',
    [
      ['R-179', 'a body of any size is read', "if (length > limit) refuse('body_too_large');", ''],
      [
        'R-176',
        'a body that others have read is taken for none',
        "if (request.bodyUsed) refuse('server_error', { detail: bodyTaken });",
        '',
      ],
    ],
    ['adapters/adapters.test.ts'],
  ),
  ...at(
    'examples/invoices/api',
    'store.ts',
    [
      [
        'R-172',
        'an invoice is written without its rule',
        'WHERE id = ? AND ${filter.sql} RETURNING *`,\n        [',
        'WHERE id = ? AND (${filter.sql} OR TRUE) RETURNING *`,\n        [',
      ],
      [
        'R-163',
        'a list is selected without the policy',
        '${invoices} ${filter.sql} AND id > ?',
        '${invoices} (${filter.sql} OR TRUE) AND id > ?',
      ],
    ],
    ['store.test.ts'],
  ),
];
