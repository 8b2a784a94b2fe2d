/** A world with two nodes on one database, an administrator beside them, and APIs whose guards fetch the key set. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRecorder } from '@castellan/audit';
import { createGuard, type Guard, routesUnder } from '@castellan/guard';
import { memoryLimitStore } from '@castellan/limits';
import { definePolicy, eq } from '@castellan/policy';
import type { SigningKey } from '@castellan/protocol';
import { type Administration, createServer, openAdministration, openSqliteStore, type Server } from '@castellan/server';
import { audiences, basic, type JsonAnswer, plainRequest, post, type World } from '@castellan/testkit';
import { createKeyRing } from '../../packages/server/src/keys/key-ring.ts';
import { createMachineWorld, type MachineWorld, notesApi } from './machine-world.ts';

interface Api {
  /** The status that a call with this token gets. */
  readonly call: (token: string) => Promise<number>;
  /** How often the key set was fetched since this was last asked. */
  readonly fetches: () => number;
}

export interface KeysWorld extends MachineWorld {
  /** The world's own server, and another on its database. */
  readonly nodes: readonly [Server, Server];
  readonly administration: Administration;
  /** A token of the client `batch` for Notes, from a node. */
  readonly token: (node: Server) => Promise<string>;
  /** Whether a node says that the token is good. */
  readonly isActive: (node: Server, token: string) => Promise<boolean>;
  readonly publishedAt: (node: Server, algorithm?: string) => Promise<readonly string[]>;
  /** The key of ES256 that signs now, in the hands of somebody with the database and the master key. */
  readonly thief: () => Promise<SigningKey>;
  /** A guard with nothing cached. */
  readonly api: () => Api;
}

export async function createKeysWorld(seed: string, store: 'sqlite' | 'postgres'): Promise<KeysWorld> {
  const machine = await createMachineWorld(seed, store);
  const { world } = machine;
  const second = await createServer(world.config, world.runtime);
  const administration = await openAdministration(world.config, world.runtime);
  const { secret = '' } = world.client('batch');
  const ask = (node: Server, path: string, form: Readonly<Record<string, string>>, headers = notesApi) =>
    post(via(node), world.issuer + path, form, headers);
  return {
    ...machine,
    nodes: [world.server(), second],
    administration,
    token: async (node) => {
      const form = { grant_type: 'client_credentials', resource: audiences.notes };
      const answer = await ask(node, '/token', form, basic('batch', secret));
      assert.equal(answer.status, 200, answer.body);
      return String(answer.json['access_token']);
    },
    isActive: async (node, token) => (await ask(node, '/introspect', { token })).json['active'] === true,
    publishedAt: async (node, algorithm = 'ES256') => {
      const { body } = await via(node)({ method: 'GET', url: new URL(`${world.issuer}/jwks`), headers: [], body: '' });
      const { keys } = JSON.parse(body) as { keys: readonly { readonly kid: string; readonly alg: string }[] };
      return keys.filter(({ alg }) => alg === algorithm).map(({ kid }) => kid);
    },
    thief: () => steal(world),
    api: () => openApi(machine),
    close: async () => {
      await administration.close();
      await second.close();
      await machine.close();
    },
  };
}

async function steal({ config, runtime }: World): Promise<SigningKey> {
  assert.ok('sqlite' in config.store && 'file' in config.masterKey);
  const store = await openSqliteStore(config.store.sqlite, runtime);
  const masterKey = Buffer.from(readFileSync(config.masterKey.file, 'utf8'), 'base64url');
  const recorder = createRecorder({ source: 'thief' }, runtime);
  const ring = await createKeyRing({
    store,
    masterKey,
    runtime,
    recorder,
    algorithms: async () => [],
    longestToken: 900,
  });
  const key = await ring.signer('ES256');
  await store.close();
  return key;
}

type Via = (
  request: Parameters<typeof plainRequest>[0],
) => Promise<Omit<JsonAnswer, 'json'> & { readonly body: string }>;

/** The way to one node, around the network. */
function via(node: Server): Via {
  return async (request) => {
    const { status, headers, body } = await node.handle(plainRequest(request, '198.51.100.40'));
    const pairs = Object.entries(headers).flatMap(([name, values]) =>
      [values].flat().map((value) => [name, String(value)] as const),
    );
    return { status, headers: pairs, body: Buffer.from(body).toString() };
  };
}

const policy = definePolicy(
  {
    principals: { client: { id: 'text' } },
    resources: { note: { fields: { id: 'text' }, actions: ['list'] } },
    context: {},
  },
  ({ permit }) => [
    permit('lists', {
      who: 'client',
      on: 'note',
      may: ['list'],
      scopes: ['notes:read'],
      when: ({ principal }) => eq(principal.id, principal.id),
      reads: ['id'],
    }),
  ],
);

function openApi({ world }: MachineWorld): Api {
  let fetches = 0;
  const fetch: typeof world.runtime.fetch = (url, init) => {
    if (String(url).endsWith('/jwks')) fetches += 1;
    return world.runtime.fetch(url, init);
  };
  const issuer = { issuer: world.issuer, audience: audiences.notes, algorithms: ['ES256'], typ: 'at+jwt' } as const;
  const guard: Guard = createGuard(
    {
      name: 'Notes',
      resource: audiences.notes,
      issuers: [{ ...issuer, discovery: 'openid', maxLifetime: 900 }],
      policy,
      principal: ({ subject }) => ({ kind: 'client', id: subject }),
      routes: {
        'GET /notes': routesUnder(policy).collection({
          action: 'note.list',
          input: {},
          output: { many: 'note' },
          limit: { count: 100_000, period: 60 },
          handle: () => [],
        }),
      },
      limits: { store: memoryLimitStore({ capacity: 1000 }), perAddress: { count: 100_000, period: 60 } },
    },
    { ...world.runtime, fetch },
    [],
  );
  return {
    call: async (token) => {
      const headers = { host: ['notes.example'], authorization: [`Bearer ${token}`] };
      const request = { method: 'GET', path: '/notes', query: '', headers, body: '', peer: { address: '203.0.113.9' } };
      return (await guard.handle(request)).status;
    },
    fetches: () => {
      const count = fetches;
      fetches = 0;
      return count;
    },
  };
}
