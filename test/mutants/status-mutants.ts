/** Breaks of status lists and the feed. */
import type { Break, Line } from './protocol-mutants.ts';

const at = (file: string, tests: readonly string[], lines: readonly Line[]): readonly Break[] =>
  lines.map(([row, breaks, find, replace]) => ({ row, file: `packages/${file}`, breaks, find, replace, tests }));

const guards = ['packages/guard/src/status-lists/status-lists.test.ts'];
const stores = ['packages/server/src/store/sqlite.test.ts'];
const flows = ['test/flows/status-lists.test.ts'];
const feeds = ['test/flows/status-feed.test.ts'];

export const statusMutants: readonly Break[] = [
  ...at('server/src/store/operations/revocation.ts', stores, [
    ['R-064', 'an end is not published', 'yield* flipStatuses([authorization.statusIndex], now);', ''],
    [
      'I-3',
      'a logout is not published',
      'yield* flipStatuses([...revoked, ...ofServices].map(readStatusIndex), now);',
      '',
    ],
  ]),
  ...at('server/src/store/operations/revocation.ts', stores, [
    ['R-036', 'what a client got for itself outlives it', "revoke.target.of === 'client' ?", 'false ?'],
  ]),
  ...at('server/src/store/operations/access-tokens.ts', stores, [
    ['R-064', 'a revoked access token is not published', 'yield* flipStatuses([statusIndex], now);', ''],
  ]),
  ...at('server/src/store/operations/status.ts', stores, [
    ['R-064', 'an index is given out twice', 'SET value = value + $1', 'SET value = value + $1 - 1'],
    ['R-064', 'a bit is forgotten while tokens name it', 'const flipKept = 900 + 60 + 60;', 'const flipKept = 300;'],
  ]),
  ...at('server/src/status/status-lists.ts', flows, [
    ['R-064', 'a restored backup revives tokens', 'if (epoch < position.epoch) return allRevoked;', ''],
    [
      'R-064',
      'a list is kept though bits were set',
      'known?.version === position.version && ',
      'known !== undefined && ',
    ],
  ]),
  ...at('server/src/assemble.ts', feeds, [
    [
      'R-064',
      'any client may listen',
      'createAuthenticator<ResourceCaller>({ find: resources.findCaller, checkAssertion })',
      'createAuthenticator({ find: (id) => clients.find(id) ?? resources.findCaller(id), checkAssertion })',
    ],
    ['R-064', 'a commit is told a quarter of a second late', '      parts.statusFeed.nudge();\n', ''],
  ]),
  ...at('server/src/status/status-feed.ts', feeds, [
    [
      'R-064',
      'a restored backup is not told',
      'from.epoch !== epoch || from.version !== version',
      'from.version !== version',
    ],
    ['R-064', 'whoever comes again misses what happened', 'after: from?.version ?? 0', 'after: version'],
    ['R-064', 'a place that never was is taken for one', 'from.epoch === epoch && from.version <= version', 'true'],
    ['R-180', 'one API can hold any number of feeds', ' || ofCaller.length >= mostFeedsOfOne', ''],
  ]),
  ...at(
    'server/src/status/status-feed.ts',
    ['packages/server/src/status/status-feed.test.ts'],
    [
      [
        'R-064',
        'a heartbeat comes though nobody could look',
        'await Promise.allSettled([look(feed)]);',
        'await Promise.allSettled([look(feed)]);\n  say(feed, undefined);',
      ],
      ['R-180', 'a message grows with what was revoked', 'isBehind && flipped.length <= largestChange', 'isBehind'],
    ],
  ),
  ...at(
    'server/src/status/subscriber.ts',
    ['packages/server/src/status/subscriber.test.ts'],
    [
      ['R-195', 'a reader that does not read fills the memory', '> largestQueue', '> Number.POSITIVE_INFINITY'],
      [
        'R-064',
        'a reader that was cut takes it for the end',
        "if (state === 'cut') throw new Error('a reader of the status feed was too slow');",
        '',
      ],
    ],
  ),
  ...at('guard/src/status-lists/status-lists.ts', guards, [
    [
      'R-064',
      'knowledge never ages',
      '> stalenessOf(known.config) * 1000 * share',
      '> Number.POSITIVE_INFINITY * share',
    ],
    [
      'R-064',
      'a change that was missed is not noticed',
      'since !== undefined && since <= held.made.version',
      'since !== undefined',
    ],
    [
      'R-064',
      'a feed that begins anew is taken for one that goes on',
      'since !== undefined && since <= held.made.version',
      '(since ?? 0) <= held.made.version',
    ],
    ['R-064', 'another epoch changes nothing', 'held.made.epoch === epoch && ', ''],
    ['R-064', 'an old copy of a list is used', 'if (isOlder(known, uri, found.made)) continue;', ''],
    ['R-064', 'only revoked counts, not suspended', 'status !== 0', 'status === 1'],
    ['R-064', 'the feed is dead and still vouches for lists', 'known.feed.heardAt = undefined;', ''],
  ]),
  ...at('guard/src/status-lists/read-list.ts', guards, [
    ['R-064', 'any list passes for any other', 'requiredValues: { sub: [uri] }', 'requiredValues: { iss: [issuer] }'],
    ['R-069', 'any address is fetched', 'if (!liesBelow(issuer, uri)) return undefined;', ''],
    ['R-069', 'the issuer is only the beginning of a name', "issuer.endsWith('/') ? issuer : `${issuer}/`", 'issuer'],
    ['R-064', 'an access token passes for a list', "typ: 'statuslist+jwt'", "typ: 'at+jwt'"],
  ]),
  ...at('guard/src/status-lists/follow-feed.ts', guards, [
    ['R-064', 'an event that cannot be read is skipped', 'return change !== undefined;', 'return true;'],
    [
      'R-064',
      'a silent connection is trusted for ever',
      'controller.abort());\n  let cancel',
      'undefined);\n  let cancel',
    ],
    ['R-064', 'it begins anew each time', "place === '' ? {} : { last_event_id: place }", '{}'],
    ['R-180', 'a feed that is away is asked without a pause', 'firstPause * 2 ** Math.min(failures, 20)', 'firstPause'],
  ]),
  ...at('server/src/tokens/issue.ts', flows, [
    [
      'R-064',
      'all services have one bit',
      'const service = { client: client.id, resource: resource.audience };',
      "const service = { client: client.id, resource: '' };",
    ],
  ]),
  ...at(
    'protocol/src/status-list.ts',
    ['packages/protocol/src/status-list.test.ts'],
    [['R-064', 'a few bytes unpack to any size', '{ maxOutputLength: maximumBytes }', '{}']],
  ),
];
