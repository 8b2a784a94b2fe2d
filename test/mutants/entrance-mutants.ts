/** Breaks of what stands at the door: configuration, the way in, requests, and the pages a person meets. */
import type { Break, Line } from './protocol-mutants.ts';

const source = 'packages/server/src';

/** Breaks of one file, which the named test must notice. */
function at(file: string, test: string, lines: readonly Line[]): readonly Break[] {
  return lines.map(([row, breaks, find, replace]) => ({
    row,
    file: `${source}/${file}`,
    breaks,
    find,
    replace,
    tests: [`${source}/${test}`],
  }));
}

export const entranceMutants: readonly Break[] = [
  ...at('requests/check.ts', 'requests/check.test.ts', [
    [
      'R-001',
      'any redirect URI counts as registered',
      "  return matched ?? refuse('redirect_uri_mismatch', { detail: 'not a registered redirect_uri' });",
      '  return matched ?? (sent as RegisteredRedirectUri);',
    ],
    [
      'R-002',
      'a refusal about the state goes to the client',
      "refuse('invalid_parameter', { detail: `${name} is longer than ${longestEcho}` })",
      "refuse('invalid_parameter', { target: { redirectUri: '', state: undefined, responseMode: 'query', automatic: true } })",
    ],
    ['R-003', 'a challenge without method passes', "sentMethod ?? 'plain'", "sentMethod ?? 'S256'"],
    ['R-004', 'any response type with code in it passes', "if (type !== 'code')", "if (!type.includes('code'))"],
    ['R-006', 'repeats of other parameters pass', "  if (sent.repeated.size > 0) refuse('repeated_parameter');\n", ''],
    [
      'R-015',
      'an error always redirects',
      "const automatic = deps.signedIn || sent.get('prompt') === 'none';",
      'const automatic = true;',
    ],
    ['R-016', 'scopes of other clients pass', '!client.scopes.has(scope)', 'false && client.scopes.has(scope)'],
    [
      'R-017',
      'resources of other clients pass',
      "    if (!client.resources.includes(audience)) refuse('resource_invalid', { detail: 'not a resource of this client' });\n",
      '',
    ],
    [
      'R-018',
      'any response mode passes',
      "return mode ?? refuse('unsupported_response_mode');",
      "return mode ?? 'query';",
    ],
  ]),
  ...at('http/refusal-answer.ts', 'http/handle.test.ts', [
    ['R-005', 'errors at the client do not name the issuer', ', state, iss: issuer };', ", state, iss: '' };"],
    ['R-015', 'nobody has to follow a link', 'if (target.afterForm === true || target.automatic) return', 'return'],
  ]),
  ...at('requests/parse.ts', 'requests/parse.test.ts', [
    [
      'R-006',
      'the first of two values counts',
      "values?.length === 1 && values[0] !== ''",
      "values !== undefined && values[0] !== ''",
    ],
  ]),
  ...at('http/page.ts', 'http/handle.test.ts', [
    [
      'R-008',
      'redirects repeat the post',
      'return { status: 303, headers: { location: address',
      'return { status: 307, headers: { location: address',
    ],
  ]),
  ...at('http/headers.ts', 'http/handle.test.ts', [
    ['R-009', 'every route names the asking origin', "  if (route.cors === 'none') return undefined;\n", ''],
    ['R-010', 'answers may be framed by old browsers', "    'x-frame-options': 'DENY',\n", ''],
    [
      'R-038',
      'any origin may read the token endpoint',
      'origin === undefined || !deps.clientOrigins.has(origin)',
      'origin === undefined',
    ],
    ['R-184', 'answers may be sniffed', "    'x-content-type-options': 'nosniff',\n", ''],
    [
      'R-213',
      'pages may be stored',
      "route !== undefined && isSuccess ? route.cache : 'no-store'",
      "route !== undefined && isSuccess ? route.cache : 'private'",
    ],
  ]),
  ...at('http/page.ts', 'http/page.test.ts', [
    ['R-010', 'pages may be framed', '    "frame-ancestors \'none\'",\n', ''],
  ]),
  ...at('requests/next-step.ts', 'requests/next-step.test.ts', [
    [
      'R-011',
      'a new scope is not asked for',
      'missingConsent(client, wanted, remembered.map(withinScopes));',
      'missingConsent(client, [], remembered.map(withinScopes));',
    ],
    ['R-014', 'prompt=login takes the session that was there', "request.prompt.includes('login') || ", ''],
    ['R-011', 'a native app that was allowed before is never asked about', ' || mayBeImpersonated(situation)', ''],
    ['R-014', 'max_age=0 takes a sign-in of the same second', 'if (request.maxAge === 0) return undefined;', ''],
    ['R-014', 'max_age is not looked at', 'now - session.authTime > request.maxAge', 'false'],
    [
      'R-014',
      'prompt=none may lead to consent',
      "  if (request.prompt.includes('none')) return { step: 'refuse', reason: 'consent_required' };\n",
      '',
    ],
  ]),
  ...at('endpoints/consent/consent-page.ts', 'endpoints/consent/consent-page.test.ts', [
    ['R-011', 'the page does not say how long', '${durationOf(view)}', ''],
    [
      'R-019',
      'the client name is markup',
      '<bdi id="client-name">${client.name}</bdi>',
      '<bdi id="client-name">${Object.assign(new String(client.name), { isEscaped: true as const })}</bdi>',
    ],
  ]),
  ...at('requests/park.ts', 'requests/park.test.ts', [
    [
      'R-013',
      'any browser may go on with a parked request',
      'browser === undefined || hashSecret(browser) !== row.browserHash',
      'browser === undefined',
    ],
  ]),
  ...at('requests/id-token-hint.ts', 'requests/id-token-hint.test.ts', [
    ['R-014', 'another kind of token is a hint', "typ: 'JWT',", "typ: 'at+jwt',"],
  ]),
  ...at('endpoints/login/login-page.ts', 'endpoints/login/login-page.test.ts', [
    [
      'R-019',
      'the client name is markup',
      '<bdi id="client-name">${client.name}</bdi>',
      '<bdi id="client-name">${Object.assign(new String(client.name), { isEscaped: true as const })}</bdi>',
    ],
    [
      'R-123',
      'a wrong password is answered as a success',
      "verdict.verdict === 'refused' ? 403 : 429",
      "verdict.verdict === 'refused' ? 200 : 429",
    ],
  ]),
  ...at('store/operations/sessions.ts', 'server.test.ts', [
    ['R-021', 'a locked person who is signed in gets codes', " AND ${mayAct('s.person_id')}", ''],
  ]),
  ...at('requests/repeats.ts', 'requests/repeats.test.ts', [
    ['R-022', 'repeats are not noticed', 'return before !== undefined && before !== browserHash;', 'return false;'],
  ]),
  ...at('endpoints/logout/check-logout.ts', 'endpoints/logout/check-logout.test.ts', [
    [
      'R-111',
      'without a hint the browser is sent on',
      'hint === undefined || redirectUri === undefined',
      'redirectUri === undefined',
    ],
    [
      'R-111',
      'any address to return to passes',
      "client.postLogoutRedirectUris.includes(uri) ? uri : refuse('post_logout_redirect_uri_mismatch')",
      'uri',
    ],
  ]),
  ...at('endpoints/logout/logout.ts', 'server.test.ts', [
    [
      'R-111',
      'a cookie that did not come along is cleared',
      'setCookies(hasCookie ? deps.cookies.session.clear() : [])',
      'setCookies(hasCookie || true ? deps.cookies.session.clear() : [])',
    ],
  ]),
  ...at('http/handle.ts', 'http/handle.test.ts', [
    [
      'R-179',
      'a form may be any media type',
      "  if (!formMediaType(request.headers)) refuse('media_type_unsupported', { detail: 'not a form' });\n",
      '',
    ],
    [
      'R-180',
      'headers that frame a message may come twice',
      'if ((request.headers[name]?.length ?? 0) > 1)',
      'if ((request.headers[name]?.length ?? 0) > 2)',
    ],
    ['R-188', 'the limit of a route is not looked at', '  if (take.admitted) return;\n', '  return;\n'],
    ['I-7', 'a request without route has no outcome', '  trace.end({', '  if (route !== undefined) trace.end({'],
  ]),
  ...at('http/node.ts', 'http/node.test.ts', [
    [
      'R-179',
      'the body has no bound',
      'export const largestBody: number = 64 * 1024;',
      'export const largestBody: number = 64 * 1024 * 1024;',
    ],
    [
      'R-195',
      'closing waits for stuck clients',
      'if (waited >= closingPatience) node.closeAllConnections();',
      'if (waited >= closingPatience * 1000) node.closeAllConnections();',
    ],
  ]),
  ...at('http/fetch.ts', 'http/fetch.test.ts', [
    ['R-179', 'the body has no bound', '    if (size > largestBody) return undefined;\n', ''],
  ]),
  ...at('http/route.ts', 'http/handle.test.ts', [
    [
      'R-180',
      'HEAD reaches routes that act',
      "method === 'HEAD' && get?.effect === 'read' ? get : undefined",
      "method === 'HEAD' ? get : undefined",
    ],
  ]),
  ...at('http/cookies.ts', 'http/cookies.test.ts', [
    [
      'R-204',
      'the plain name is read on https too',
      "const hasTwin = protocol === 'http:';",
      "const hasTwin = protocol !== '';",
    ],
  ]),
  ...at('http/csrf.ts', 'http/csrf.test.ts', [
    [
      'R-205',
      'any form token passes',
      "    if (!secretsEqual(sent, issue(purpose, bindings))) refuse('csrf_rejected', { detail: 'the form token is wrong' });\n",
      '',
    ],
    [
      'R-205',
      'a token of one purpose passes for another',
      'JSON.stringify([purpose, ...bindings])',
      'JSON.stringify([...bindings])',
    ],
  ]),
  ...at('resolve-config/secret.ts', 'resolve-config/resolve-config.test.ts', [
    ['R-218', 'others may read the master key', '(mode & 0o077) !== 0', '(mode & 0o002) !== 0'],
  ]),
  ...at('resolve-config/problems.ts', 'resolve-config/resolve-config.test.ts', [
    [
      'R-218',
      'a wrong value is shown though it may be a secret',
      'if (secretKey.test(key) || carriesCredentials(value))',
      'if (carriesCredentials(value))',
    ],
  ]),
  ...at('resolve-config/schema.ts', 'resolve-config/resolve-config.test.ts', [
    ['R-219', 'access tokens of an hour pass', 'accessToken: whole(60, 900)', 'accessToken: whole(60, 3600)'],
  ]),
  ...at('resolve-config/schema.ts', 'resolve-config/schema.test.ts', [
    ['R-074', 'an id may mean another once it is decoded', '[!-$&-*,-9;-~]', '[!-~]'],
  ]),
  ...at('events/events.ts', 'events/events.test.ts', [
    [
      'I-7',
      'a flood pushes out what went before',
      'if (flow.buffer.length % promptBatch === 0 && !flow.isFailing) deliverAgain(flow);',
      '',
    ],
    [
      'R-226',
      'events leave the outbox before the sinks have them',
      '    await deliver(\n      batch',
      '    void deliver(\n      batch',
    ],
  ]),
  ...at('endpoints/discovery/discovery.ts', 'endpoints/discovery/discovery.test.ts', [
    [
      'R-020',
      'the token endpoint is somewhere else',
      'token_endpoint: issuer + paths.token',
      'token_endpoint: paths.token',
    ],
    [
      'R-099',
      'request objects are offered, which are not there',
      'request_parameter_supported: false',
      'request_parameter_supported: true',
    ],
    ['R-099', 'plain PKCE is offered', "supported: ['S256']", "supported: ['S256', 'plain']"],
  ]),
  {
    row: 'R-113',
    file: `${source}/endpoints/logout/logout.ts`,
    breaks: 'the session that a hint names lives on',
    find: 'new Set([session?.id, asked.hint?.session])',
    replace: 'new Set([session?.id])',
    tests: ['test/flows/logout.test.ts'],
  },
  {
    row: 'R-125',
    file: `${source}/endpoints/login/login.ts`,
    breaks: 'a sign-in may come from another site',
    find: '  checkOrigin(request, new URL(deps.issuer).origin);',
    replace: '',
    tests: ['test/flows/csrf.test.ts'],
  },
  ...at('endpoints/discovery/discovery.ts', 'endpoints/discovery/discovery.test.ts', [
    ['R-029', 'a password grant is offered', 'grant_types_supported: [', "grant_types_supported: [\n      'password',"],
  ]),
  ...at('http/node.ts', 'http/tls.test.ts', [
    ['R-215', 'an older TLS is spoken', "minVersion: 'TLSv1.3'", "minVersion: 'TLSv1.2'"],
  ]),
  {
    row: 'R-105',
    file: 'packages/guard/src/resource-metadata.ts',
    breaks: 'the metadata names another resource',
    find: 'resource: settings.resource,',
    replace: 'resource: `${settings.resource}/`,',
    tests: ['packages/guard/src/guard.test.ts'],
  },
];
