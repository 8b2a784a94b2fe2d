/** Breaks of the backend for web apps: sign-in, sessions, refresh, proxy and sign-out. */
import type { Break, Line } from './protocol-mutants.ts';

const source = 'packages/bff/src';

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

const signIn: readonly Break[] = [
  ...at('issuer/issuer.ts', 'sign-in.test.ts', [
    ['S-29', 'any nonce will do', 'expectedNonce: secrets.nonce,', ''],
    ['R-203', 'the code is redeemed without its verifier', 'pkceCodeVerifier: secrets.verifier,', ''],
  ]),
  ...at('issuer/discovery.ts', 'sign-in.test.ts', [
    ['R-095', 'the signature of an ID token is not verified', 'client.enableNonRepudiationChecks(configuration);', ''],
    [
      'R-098',
      'metadata may name another issuer',
      'if (metadata.issuer !== issuer)',
      'if (metadata.issuer === undefined)',
    ],
    [
      'R-185',
      'an answer of the issuer has no end',
      'await readWhole(response, maximumBody)',
      'await readWhole(response, 1e9)',
    ],
  ]),
  ...at('issuer/tokens.ts', 'sign-in.test.ts', [
    [
      'R-094',
      'an ID token may be for another party',
      'claims.azp !== undefined && claims.azp !== registered.id',
      'false',
    ],
    ['R-095', 'at_hash is not compared', "claims['at_hash'] !== undefined && ", 'false && '],
    [
      'R-096',
      'the person is whom the mail address names',
      'subject: claims.sub,',
      "subject: String(claims['email'] ?? ''),",
    ],
  ]),
  ...at('callback.ts', 'sign-in.test.ts', [
    ['R-207', 'any browser may finish a sign-in', 'browserHash: seal.secretHash', "browserHash: 'x'"],
    ['R-205', 'a frame may finish a sign-in', 'if (!isTopLevel(request))', 'if (request.method === undefined)'],
    ['R-106', 'the session before lives on', 'replaces: login.replaces }', 'replaces: undefined }'],
  ]),
  ...at('sqlite-sessions.ts', 'sqlite-sessions.test.ts', [
    [
      'R-207',
      'any browser may finish a sign-in',
      'state_hash = ? AND browser_hash = ?',
      'state_hash = ? AND browser_hash <> ?',
    ],
    ['R-108', 'the idle limit is not looked at', 'idle_expires_at > ? AND absolute', '0 < ? AND absolute'],
    ['R-108', 'the absolute limit is not looked at', 'min(?, absolute_expires_at)', 'max(?, 0)'],
    ['R-211', 'two nodes may refresh at once', ' AND refresh_until <= ?', ' AND 0 < ?'],
    ['R-107', 'the file is for everybody', 'chmodSync(file, 0o600);', 'chmodSync(file, 0o644);'],
  ]),
  ...at('login.ts', 'sign-in.test.ts', [
    ['R-205', 'another site begins a sign-in', 'if (isFromElsewhere(request))', 'if (request.method === undefined)'],
    ['R-188', 'sign-ins are not limited', 'await checkLimit(deps, exchange);', ''],
  ]),
  ...at('return-to.ts', 'return-to.test.ts', [
    ['R-126', 'a person lands on another site', " || url.pathname.startsWith('//')", ''],
  ]),
];

const sessions: readonly Break[] = [
  ...at('cookies.ts', 'cookies.test.ts', [
    ['R-204', 'the session cookie travels from other sites', "sameSite: 'Strict', hasTwin", "sameSite: 'Lax', hasTwin"],
    ['R-208', 'the plain name is read on https', '(hasTwin ? cookies.get(name) : undefined)', 'cookies.get(name)'],
  ]),
  ...at('seal.ts', 'seal.test.ts', [
    [
      'R-209',
      'what is too short to be sealed is opened',
      'if (sealed.length < nonceBytes + tagBytes) return undefined;',
      '',
    ],
  ]),
  ...at('session.ts', 'session.test.ts', [
    [
      'R-115',
      'a session that is over still counts',
      'port.findSession(seal.secretHash, epochSeconds(runtime))',
      'port.findSession(seal.secretHash, 0)',
    ],
    ['R-108', 'using a session does not keep it', 'await touch(deps, live.row);', ''],
  ]),
  ...at('refresh.ts', 'refresh.test.ts', [
    ['R-211', 'each request refreshes for itself', 'running.set(secretHash, refreshing);', ''],
    ['R-211', 'a refused refresh keeps the session', "await sessions.end(live, 'refresh_refused', exchange);", ''],
  ]),
  ...at('logout.ts', 'logout.test.ts', [
    ['R-212', 'the session lives on', "await sessions.end(live, 'logout', exchange);", ''],
    ['R-205', 'any page signs a person out', 'checkWriter(request, config.origin);', ''],
  ]),
  ...at('issuer/sign-out.ts', 'logout.test.ts', [
    ['R-212', 'any redirect counts as signed out', '&& location?.href ===', '|| location?.href ==='],
  ]),
];

const proxy: readonly Break[] = [
  ...at('proxy.ts', 'proxy.test.ts', [
    ['R-205', 'any page calls the API', 'checkOwnPage(request, deps.config.origin);', ''],
    ['R-210', 'cookies reach the API', "  'prefer',\n", "  'prefer',\n  'cookie',\n"],
    [
      'R-206',
      'the API sets cookies and opens origins',
      "  'etag',\n",
      "  'etag',\n  'set-cookie',\n  'access-control-allow-origin',\n",
    ],
    ['R-210', 'redirects of the API are passed on', '(status >= 300 && status < 400 && status !== 304) ||', ''],
    ['R-189', 'the page says whose address it is', "'x-forwarded-for': address", "'x-forwarded-for': '127.0.0.1'"],
  ]),
  ...at('proxy-path.ts', 'proxy-path.test.ts', [
    ['R-210', 'dot segments pass', ' || dotSegment.test(segment)', ''],
    ['R-210', 'disguised slashes and dots pass', ' || disguised.test(segment)', ''],
    ['R-186', 'every method is in the map', 'if (!allowed.includes(method))', 'if (method === undefined)'],
  ]),
  ...at('origin.ts', 'proxy.test.ts', [
    ['R-205', 'the origin of a write is not looked at', '  checkOrigin(request, origin);\n', ''],
    [
      'S-49',
      'a form may write',
      "if (singleHeader(request, csrfHeader) !== '1') refuse(",
      "if (request.method === '') refuse(",
    ],
  ]),
  ...at('answer.ts', 'proxy.test.ts', [
    ['R-213', 'answers of the API may be stored', "source === 'app' && answer.status < 400", 'answer.status < 400'],
    ['R-184', 'answers may be sniffed', "'x-content-type-options': 'nosniff',", ''],
  ]),
  ...at('bff.ts', 'bff.test.ts', [
    ['I-7', 'a request without its event', 'exchange.finish({ endpoint', 'void ({ endpoint'],
    ['R-225', 'what an app throws stands in an event', 'error: nameOf(error) }', 'error: String(error) }'],
  ]),
  ...at('carrier.ts', 'carrier.test.ts', [
    ['R-223', 'events that a sink did not take are lost', 'waiting.events = [...events, ...waiting.events];', ''],
  ]),
  ...at('config.ts', 'bff.test.ts', [
    [
      'R-219',
      'production takes http',
      "if (production && config[key].startsWith('http:'))",
      'if (production && config[key] === key)',
    ],
  ]),
];

export const bffMutants: readonly Break[] = [...signIn, ...sessions, ...proxy];
