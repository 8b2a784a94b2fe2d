/** Breaks of status lists and the feed. */
import type { Break, Line } from './protocol-mutants.ts';

const at = (file: string, tests: readonly string[], lines: readonly Line[]): readonly Break[] =>
  lines.map(([row, breaks, find, replace]) => ({ row, file: `packages/${file}`, breaks, find, replace, tests }));

const stores = ['packages/server/src/store/sqlite.test.ts'];
const flows = ['test/flows/status-lists.test.ts'];

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
