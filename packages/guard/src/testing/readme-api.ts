/** The API of this package's README, which shows this file from the first import on. */
import { type Sink, terminalSink } from '@castellan/audit';
import { createGuard, type Guard, type JwtIssuer, routesUnder } from '@castellan/guard';
import { memoryLimitStore } from '@castellan/limits';
import { definePolicy, eq } from '@castellan/policy';
import { type Runtime, systemRuntime } from '@castellan/protocol';

const words = {
  principals: { person: { id: 'text' } },
  resources: { note: { fields: { id: 'integer', ownerId: 'text', title: 'text' }, actions: ['list'] } },
  context: {},
} as const;

// Who may do what: in one place, and nothing else is allowed.
const policy = definePolicy(words, ({ permit }) => [
  permit('owner-lists', {
    who: 'person',
    on: 'note',
    may: ['list'],
    scopes: ['read:notes'],
    when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
    reads: ['id', 'title'],
  }),
]);

export const auth0: JwtIssuer = {
  issuer: 'https://acme.eu.auth0.com/', // your tenant, with the slash at its end
  audience: 'https://api.example', // the identifier of your API at Auth0
  algorithms: ['RS256'],
  typ: 'JWT',
  discovery: 'openid',
  maxLifetime: 86_400,
  claims: { client: 'azp' },
};

const notes = [{ id: 1, ownerId: 'auth0|5f7c8ec7c33c6c004bbafe82', title: 'Mine' }];
const on = routesUnder(policy);

const terminal = terminalSink((line) => process.stdout.write(line));

export const startNotes = (runtime: Runtime = systemRuntime, sinks: readonly Sink[] = [terminal]): Guard =>
  createGuard(
    {
      name: 'Notes',
      resource: 'https://api.example',
      issuers: [auth0],
      policy,
      principal: ({ kind, subject }) => (kind === 'person' ? { kind, id: subject } : undefined),
      routes: {
        'GET /notes': on.collection({
          action: 'note.list',
          input: {},
          output: { many: 'note' },
          limit: { count: 60, period: 60 },
          handle: ({ principal }) => notes.filter((note) => note.ownerId === principal.id),
        }),
      },
      limits: { store: memoryLimitStore({ capacity: 10_000 }), perAddress: { count: 600, period: 60 } },
    },
    runtime,
    sinks,
  );
