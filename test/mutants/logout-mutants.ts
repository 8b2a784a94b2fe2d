/** Breaks in what tells clients that sessions have ended. */
import type { Mutant } from '../mutants.ts';

const delivery = 'packages/server/src/logout/logout-delivery.ts';
const unit = ['packages/server/src/logout/logout-delivery.test.ts'];
const flow = ['test/flows/back-channel-logout.test.ts'];
const store = ['packages/server/src/store/sqlite.test.ts'];

export const logoutMutants: readonly Mutant[] = [
  {
    row: 'R-069',
    file: delivery,
    breaks: 'a logout address is called as if an operator had chosen it',
    find: "uri.startsWith('https:') ? fetchUntrusted : fetch",
    replace: "uri.startsWith('http') ? fetch : fetchUntrusted",
    tests: unit,
  },
  {
    row: 'R-116',
    file: delivery,
    breaks: 'a call may last as long as the client likes',
    find: 'timeout: longestCall,',
    replace: 'timeout: longestCall * 1000,',
    tests: unit,
  },
  {
    row: 'R-116',
    file: delivery,
    breaks: 'a client that never answers is tried for ever',
    find: 'const pause = pauses[notice.attempts - 1];',
    replace: 'const pause = pauses[notice.attempts - 1] ?? (480 as number | undefined);',
    tests: unit,
  },
  {
    row: 'R-116',
    file: 'packages/server/src/store/operations/logout-notices.ts',
    breaks: 'two nodes take up the same notice',
    find: 'WHERE sequence = $1 AND attempts = $2 AND next_at <= $3',
    replace: 'WHERE sequence = $1 AND $2 >= 0 AND $3 >= 0',
    tests: store,
  },
  {
    row: 'R-116',
    file: delivery,
    breaks: 'one client may have every call there is',
    find: 'calls.size < mostCalls && (callsTo.get(client) ?? 0) < mostCallsEach',
    replace: '(callsTo.get(client) ?? 0) < 1000 || calls.size < mostCalls + mostCallsEach',
    tests: unit,
  },
  {
    row: 'R-110',
    file: 'packages/server/src/store/operations/sessions.ts',
    breaks: 'no client is told of a logout',
    find: '  yield* queueLogouts(chain, end.now);\n',
    replace: '',
    tests: flow,
  },
  {
    row: 'R-114',
    file: 'packages/server/src/store/operations/sessions.ts',
    breaks: 'no client is told when all sessions of a person end',
    find: 'yield* queueLogouts(chain, now);',
    replace: '{ void chain; }',
    tests: flow,
  },
  {
    row: 'R-110',
    file: 'packages/server/src/store/operations/purge.ts',
    breaks: 'who has to be told is forgotten before the session ends',
    find: 'AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.chain = a.session_chain) LIMIT $2)',
    replace: 'LIMIT $2)',
    tests: store,
  },
  {
    row: 'R-069',
    file: 'packages/server/src/resolve-config/clients.ts',
    breaks: 'a server on the internet calls addresses of its own machine',
    find: "(uri.startsWith('https:') || isLocal)",
    replace: "(uri.startsWith('http') || isLocal)",
    tests: ['packages/server/src/resolve-config/resolve-config.test.ts'],
  },
  {
    row: 'R-219',
    file: 'packages/server/src/resolve-config/clients.ts',
    breaks: 'people who have lost the way are sent to any address',
    find: "'tosUri', 'initiateLoginUri'] as const",
    replace: "'tosUri'] as const",
    tests: ['packages/server/src/resolve-config/resolve-config.test.ts'],
  },
  {
    row: 'R-111',
    file: 'packages/server/src/tokens/logout-token.ts',
    breaks: 'a logout token passes for an ID token',
    find: "'logout+jwt', {",
    replace: "'JWT', {",
    tests: flow,
  },
  {
    row: 'R-069',
    file: 'packages/server/src/http/private-hosts.ts',
    breaks: 'every port of a named host is reached',
    find: 'named.has(url.host)',
    replace: '(named.has(url.host) || named.has(url.hostname))',
    tests: ['packages/server/src/http/private-hosts.test.ts'],
  },
  {
    row: 'R-069',
    file: 'packages/server/src/http/private-hosts.ts',
    breaks: 'a named host sends a call on to wherever it likes',
    find: "{ ...init, redirect: 'error' }",
    replace: '{ ...init }',
    tests: ['packages/server/src/http/private-hosts.test.ts'],
  },
];
