/** A request with a token seen before, through the whole guard with its decision log, without a socket. */

import { createGuard, type Guard, publicRoute, routesUnder } from '@castellan/guard';
import { memoryLimitStore } from '@castellan/limits';
import { definePolicy, eq } from '@castellan/policy';
import { generateSigningKey, type HttpRequest, signJwt, systemRuntime } from '@castellan/protocol';
import { type Line, linesOf, measure, timeOfLane } from './lanes.ts';

const issuer = 'https://login.example';
const api = 'https://api.example';

const words = {
  principals: { person: { id: 'text' } },
  resources: { note: { fields: { id: 'integer', ownerId: 'text', title: 'text' }, actions: ['read'] } },
  context: {},
} as const;

const policy = definePolicy(words, ({ permit }) => [
  permit('owner-reads', {
    who: 'person',
    on: 'note',
    may: ['read'],
    scopes: ['read'],
    when: ({ principal, resource }) => eq(resource.ownerId, principal.id),
    reads: ['id', 'title'],
  }),
]);

export interface MeasuredGuard {
  readonly guard: Guard;
  /** Accepted by it; for `/notes`. */
  readonly token: string;
}

/** An API with one public and one guarded route, whose events go to a sink that drops them. */
export async function measuredGuard(): Promise<MeasuredGuard> {
  const { privateKey, publicJwk } = await generateSigningKey('ES256');
  const now = Math.floor(systemRuntime.now() / 1000);
  const claims = {
    iss: issuer,
    aud: api,
    sub: 'nora',
    client_id: 'web',
    jti: 'j',
    scope: 'read',
    iat: now,
    exp: now + 800,
  };
  const status = { status_list: { idx: 1, uri: `${issuer}/status/1` } };
  const token = await signJwt({ kid: publicJwk.kid, algorithm: 'ES256', privateKey }, 'at+jwt', { ...claims, status });
  const on = routesUnder(policy);
  const note = { id: 1, ownerId: 'nora', title: 'Mine' };
  const limit = { count: 1_000_000_000, period: 60 };
  const guard = createGuard(
    {
      name: 'notes',
      resource: api,
      issuers: [
        {
          issuer,
          audience: api,
          algorithms: ['ES256'],
          typ: 'at+jwt',
          jwksUri: `${issuer}/jwks`,
          revocation: { staleness: 10, isRevoked: () => false },
        },
      ],
      policy,
      principal: ({ kind, subject }) => (kind === 'person' ? { kind, id: subject } : undefined),
      routes: {
        'GET /open': publicRoute('it is compared with', () => ({ id: 1, title: 'Mine' })),
        'GET /notes': on.object({
          action: 'note.read',
          input: {},
          output: { one: 'note' },
          limit,
          load: () => note,
          handle: ({ object }) => object,
        }),
      },
      limits: { store: memoryLimitStore({ capacity: 10_000 }), perAddress: limit },
    },
    { ...systemRuntime, fetch: async () => Response.json({ keys: [publicJwk] }) },
    [{ deliver: async () => {}, close: async () => {} }],
  );
  return { guard, token };
}

const requestOf = (path: string, token?: string): HttpRequest => ({
  method: 'GET',
  path,
  query: '',
  headers: { host: ['api.example'], ...(token === undefined ? {} : { authorization: [`Bearer ${token}`] }) },
  body: '',
  peer: { address: '192.0.2.1' },
});

export async function section(): Promise<readonly Line[]> {
  const { guard, token } = await measuredGuard();
  const lane = (name: string, request: HttpRequest) => ({
    name,
    run: async (count: number) => {
      for (let index = 0; index < count; index += 1) {
        const { status } = await guard.handle(request);
        if (status !== 200) throw new Error(`${name} is answered with ${status}`);
      }
    },
  });
  const measured = await measure([
    lane('a public route', requestOf('/open')),
    lane('a guarded route', requestOf('/notes', token)),
  ]);
  await guard.close();
  const [open, guarded] = [timeOfLane(measured, 'a public route'), timeOfLane(measured, 'a guarded route')];
  const added = guarded - open;
  return [
    ...linesOf('whole', measured),
    {
      row: 'whole',
      name: '→ verification, revocation, decision, mask and limit, logged',
      measured: `${(added / 1000).toFixed(1)} us (all: ${(guarded / 1000).toFixed(1)} us)`,
      goal: '5 us',
      met: added <= 5000,
    },
  ];
}
