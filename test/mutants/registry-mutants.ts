/** Breaks of the registry: who counts, by whose rules, until when, and what may be written. */
import type { Break, Line } from './protocol-mutants.ts';

const server = 'packages/server/src';
const registry = `${server}/registry/registry.test.ts`;
const administration = `${server}/administration/registrations.test.ts`;
const sqlite = `${server}/store/sqlite.test.ts`;

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

export const registryMutants: readonly Break[] = [
  ...at('http/handle.ts', `${server}/http/handle.test.ts`, [
    ['R-036', 'no request looks who is registered', '    await deps.refresh();\n', ''],
    ['R-036', 'everything is answered while the store is away', " || found.route.outage !== 'serve'", ''],
  ]),
  ...at('registry/registry.ts', registry, [
    [
      'R-036',
      'what was read once counts for ever',
      'while (state.readAt <= oldest)',
      'while (state.readAt === -Infinity)',
    ],
    [
      'R-036',
      'a read that began long ago is good enough',
      'while (state.readAt <= oldest)',
      'if (state.readAt <= oldest)',
    ],
    [
      'R-036',
      'a second is a minute',
      'runtime.monotonic() - store.registryMaxAge',
      'runtime.monotonic() - 60 * store.registryMaxAge',
    ],
    [
      'R-076',
      'a configuration takes clients of the store over',
      'check(`clients[${index}].id`, id, callers.get(id))',
      'undefined',
    ],
    [
      'R-076',
      'a configuration takes APIs of the store over',
      'check(`resources[${index}].audience`, audience, entries.resource.get(audience)?.row);',
      '',
    ],
    [
      'S-104',
      'an older database in the place of this one is not noticed',
      'revision < edition.revision ? firstEdition(foundation) : edition',
      'edition',
    ],
    ['R-038', 'scripts of clients with a secret may read answers', "client.authentication === 'none'", 'true'],
  ]),
  ...at('registry/edition.ts', registry, [
    ['R-036', 'the disabled count', "row.state === 'active' ? (party ?? []) : []", 'party ?? []'],
    ['R-068', 'what does not hold counts all the same', 'party: problems.length === 0 ? party : undefined', 'party'],
    [
      'R-068',
      'clients are not judged again when an API has changed',
      '!hasNewResources && known?.row === row',
      'known?.row === row',
    ],
    [
      'R-076',
      'an id of the configuration is free',
      "for (const { id } of clients) owners.set(id, 'configuration');",
      '',
    ],
  ]),
  ...at('registry/change.ts', administration, [
    ['R-068', 'a change is not judged', 'if (problems.length > 0) return', 'if (false) return'],
    ['R-068', 'nobody looks whom a change breaks', 'return [...own, ...broken];', 'return own;'],
    [
      'R-076',
      'the configuration is changed in the store',
      "if (isConfigured(foundation, party)) return { verdict: 'configured' };",
      '',
    ],
    ['R-076', 'an id changes', 'if (read.id !== row.id) return', 'if (false) return'],
    ['R-073', 'a secret has 64 bits', 'runtime.randomBytes(32)', 'runtime.randomBytes(8)'],
    ['R-033', 'a secret is stored as it is', 'hash: hashSecret(text)', 'hash: text'],
    ['R-073', 'a third secret is drawn', "if (row.secrets.length > 1) return { verdict: 'has_two_secrets' };", ''],
    ['S-98', 'the newer secret ends', 'row.secrets.slice(1)', 'row.secrets.slice(0, 1)'],
    [
      'S-104',
      'the removed come back',
      "row === undefined || row.state === 'removed') return { verdict",
      'row === undefined) return { verdict',
    ],
    ['R-073', 'the removed keep their secrets', '{ ...row, state, secrets: [] }', '{ ...row, state }'],
  ]),
  ...at('resolve-config/schema.ts', administration, [
    [
      'R-068',
      'a stored registration says where its secret is',
      'object(clientFields)',
      'object({ ...clientFields, ...secretPlaces })',
    ],
  ]),
  ...at('resolve-config/credentials.ts', registry, [
    [
      'R-073',
      'a client without a secret has one',
      "if (hashes.length === 0) problems.add({ key: place, found: 'nothing', allowed: 'a secret that was generated' });",
      '',
    ],
  ]),
  ...at('store/operations/registry.ts', sqlite, [
    [
      'R-068',
      'a change that was judged by an older registry is made',
      "if (moved === 0) return 'changed_meanwhile';",
      '',
    ],
    [
      'R-036',
      'a client that is switched off keeps what it was given',
      "written.kind === 'client' && written.state !== 'active'",
      'false',
    ],
    [
      'R-036',
      'a client loses what it was given whatever is changed',
      "written.kind === 'client' && written.state !== 'active'",
      'true',
    ],
  ]),
  ...at('store/operations/authorizations.ts', sqlite, [
    [
      'R-036',
      'a client that was switched off is granted more',
      "if (!(yield* holdIfSwitchedOn(client))) return 'parked_request_gone';",
      '',
    ],
  ]),
  ...at('store/operations/device-codes.ts', sqlite, [
    [
      'R-036',
      'a device of a client that was switched off is approved',
      "if (!(yield* holdIfSwitchedOn(authorization.client))) return 'gone';",
      '',
    ],
  ]),
  ...at('store/operations/status.ts', sqlite, [
    [
      'R-036',
      'a client that was switched off gets an index',
      'if (!(yield* holdIfSwitchedOn(client))) return undefined;',
      '',
    ],
  ]),
  ...at('store/operations/switched-off.ts', sqlite, [
    ['R-036', 'the removed are not switched off', "held['state'] === 'active'", "held['state'] !== 'disabled'"],
  ]),
  ...at('routes.ts', 'test/flows/store-away.test.ts', [
    ['R-036', 'documents go when the store does', "  outage: 'serve',\n", ''],
  ]),
  ...at('endpoints/token/entitlement.ts', 'test/flows/registry.test.ts', [
    ['R-017', 'a disabled API gets tokens', 'directory.find(audience) ?? []', 'directory.findKnown(audience) ?? []'],
  ]),
];
