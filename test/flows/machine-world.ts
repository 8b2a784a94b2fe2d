/** A world whose APIs ask about tokens: Notes takes JWTs, Bills opaque ones. Both have credentials of their own. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  audiences,
  basic,
  createWorld,
  type HeaderPairs,
  type JsonAnswer,
  post,
  type RelyingParty,
  type World,
  type WorldOptions,
} from '@castellan/testkit';

export const secrets = {
  notes: 'notes-api-0123456789abcdefghijklmnopqrstuvw',
  bills: 'bills-api-0123456789abcdefghijklmnopqrstuvw',
  billsNext: 'bills-new-0123456789abcdefghijklmnopqrstuvw',
} as const;

export interface MachineWorld {
  readonly world: World;
  /** Asks about a token as an API, or with other headers. */
  readonly introspect: (token: string, as?: HeaderPairs, more?: HeaderPairs) => Promise<JsonAnswer>;
  /** Revokes a token as a client of the world. */
  readonly revoke: (token: string, client: string) => Promise<JsonAnswer>;
  readonly close: () => Promise<void>;
}

export const notesApi: HeaderPairs = basic('notes-api', secrets.notes);
export const billsApi: HeaderPairs = basic('bills-api', secrets.bills);

export async function createMachineWorld(
  seed: string,
  store: WorldOptions['store'] = 'sqlite',
  change: NonNullable<WorldOptions['config']> = (same) => same,
): Promise<MachineWorld> {
  const world = await createWorld({
    seed,
    store,
    config: (config) => {
      const folder = 'file' in config.masterKey ? join(config.masterKey.file, '..') : '';
      const file = (name: keyof typeof secrets) => {
        writeFileSync(join(folder, `${name}-api`), secrets[name], { mode: 0o600 });
        return { file: join(folder, `${name}-api`) };
      };
      const method = { authentication: 'client_secret_basic' } as const;
      const notes = { id: 'notes-api', ...method, secret: file('notes') };
      const bills = { id: 'bills-api', ...method, secrets: [file('bills'), file('billsNext')] };
      const resources = (config.resources ?? []).map((one) =>
        one.audience === audiences.notes
          ? { ...one, credentials: notes }
          : { ...one, tokenFormat: 'reference' as const, credentials: bills },
      );
      return change({ ...config, resources });
    },
  });
  const from = world.network.from('198.51.100.30');
  return {
    world,
    introspect: (token, as = notesApi, more = []) =>
      post(from, `${world.issuer}/introspect`, { token }, [...as, ...more]),
    revoke: async (token, client) => {
      const { authentication, id, secret = '' } = world.client(client);
      const headers = authentication === 'client_secret_basic' ? basic(id, secret) : [];
      const form = authentication === 'client_secret_post' ? { client_secret: secret } : {};
      return post(from, `${world.issuer}/revoke`, { token, client_id: id, ...form }, headers);
    },
    close: world.close,
  };
}

/** Tokens of a person for the client `web`: of Notes, or of Bills. */
export async function personTokens(
  { world }: MachineWorld,
  resource: string = audiences.notes,
): Promise<{ readonly accessToken: string; readonly refreshToken: string; readonly web: RelyingParty }> {
  const web = world.client('web');
  const scope = 'openid profile notes:read bills:read offline_access';
  const changes = { scope, prompt: 'consent', resource: [audiences.notes, audiences.bills] };
  const { attempt, parameters } = await world.authorize(web, { changes });
  const { json } = await web.redeem(attempt, parameters.get('code') ?? '', { resource });
  const { access_token: accessToken, refresh_token: refreshToken } = json;
  assert.ok(typeof accessToken === 'string' && typeof refreshToken === 'string', JSON.stringify(json));
  return { accessToken, refreshToken, web };
}

export function assertInactive(answer: JsonAnswer): void {
  assert.deepEqual([answer.status, answer.body], [200, '{"active":false}']);
}
