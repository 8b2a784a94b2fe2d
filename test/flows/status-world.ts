/** Access tokens by every grant and in both formats, and where the bit of each is. */
import assert from 'node:assert/strict';
import {
  createJwtVerifier,
  readStatusList,
  remoteKeySource,
  type StatusList,
  statusAt,
  type VerifiedClaims,
} from '@castellan/protocol';
import { assertTokens, audiences, type Browser, decodeJwt, headerValue, type JsonAnswer } from '@castellan/testkit';
import { approved } from './device-world.ts';
import { billsApi, type MachineWorld, notesApi } from './machine-world.ts';

/** An access token, and what its holder can do about it. */
export interface Issued {
  readonly token: string;
  readonly client: string;
  /** Empty for a client that acts for itself. */
  readonly refreshToken: string;
  /** Where the person is signed in, if there is one. */
  readonly browser: Browser | undefined;
  /** Redeems the code again, if there was one whose second use is a replay. */
  readonly replay: (() => Promise<JsonAnswer>) | undefined;
}

export type GrantName = 'code' | 'refresh' | 'device' | 'client-credentials';
export type Format = 'access-jwt' | 'access-opaque';

const resourceOf = { 'access-jwt': audiences.notes, 'access-opaque': audiences.bills } as const;
const resources = Object.values(audiences);
const scope = 'openid notes:read bills:read';

/** Gets a token of a format by a grant; the authorization ends with its session. */
export const issueBy: Readonly<
  Record<GrantName, (machine: MachineWorld, format: Format, person?: 'alice' | 'bob') => Promise<Issued>>
> = {
  code: byCode,
  refresh: async (machine, format, person) => {
    const first = await byCode(machine, format, person);
    const again = await machine.world.client('web').refresh(first.refreshToken, { resource: resourceOf[format] });
    const { accessToken, refreshToken } = assertTokens(again);
    return { ...first, token: accessToken, refreshToken };
  },
  device: async (machine, format) => {
    const { browser, deviceCode, poll } = await approved(machine.world, 'tv', { scope, resource: resources });
    const { accessToken, refreshToken } = assertTokens(await poll(deviceCode, { resource: resourceOf[format] }));
    return { token: accessToken, refreshToken, client: 'tv', browser, replay: undefined };
  },
  'client-credentials': async ({ world }, format) => {
    const asked = { grant_type: 'client_credentials', resource: resourceOf[format] };
    const { accessToken } = assertTokens(await world.client('batch').token(asked));
    return { token: accessToken, refreshToken: '', client: 'batch', browser: undefined, replay: undefined };
  },
};

async function byCode({ world }: MachineWorld, format: Format, person: 'alice' | 'bob' = 'alice'): Promise<Issued> {
  const web = world.client('web');
  const changes = { scope, resource: resources };
  const { attempt, parameters, browser } = await world.authorize(web, { changes, person: world.people[person] });
  const code = parameters.get('code') ?? '';
  const replay = (): Promise<JsonAnswer> => web.redeem(attempt, code, { resource: resourceOf[format] });
  const { accessToken, refreshToken } = assertTokens(await replay());
  return { token: accessToken, refreshToken, client: 'web', browser, replay };
}

/** What a token says of its bit; an opaque one is asked about. */
export async function statusOf(
  machine: MachineWorld,
  token: string,
): Promise<{ readonly idx: number; readonly uri: string }> {
  const api = token.includes('.') ? notesApi : billsApi;
  const claims = token.split('.').length === 3 ? decodeJwt(token).claims : (await machine.introspect(token, api)).json;
  const { status_list: named } = claims['status'] as { status_list: { idx: number; uri: string } };
  assert.deepEqual(Object.keys(named).sort(), ['idx', 'uri']);
  return named;
}

/** The list as anybody gets it, verified. */
export async function readList(
  { world }: MachineWorld,
  uri: string,
): Promise<{ readonly list: StatusList; readonly claims: VerifiedClaims }> {
  const answer = await world.send('GET', uri.slice(world.issuer.length));
  assert.equal(answer.status, 200, uri);
  assert.equal(headerValue(answer, 'content-type'), 'application/statuslist+jwt');
  const verifier = createJwtVerifier({
    issuer: world.issuer,
    audience: null,
    requiredValues: { sub: [uri] },
    algorithms: ['ES256'],
    typ: 'statuslist+jwt',
    keys: remoteKeySource({ url: String(world.metadata['jwks_uri']), runtime: world.runtime }),
    now: world.clock.now,
    maxLifetime: 60,
  });
  const { claims } = await verifier.verify(answer.body);
  const { list, problem } = readStatusList(claims['status_list'], 8192);
  assert.ok(list !== undefined, String(problem));
  return { list, claims };
}

/** Whether the published list says that the bit is set. */
export async function isFlipped(
  machine: MachineWorld,
  { idx, uri }: { readonly idx: number; readonly uri: string },
): Promise<boolean> {
  const { list } = await readList(machine, uri);
  const status = statusAt(list, idx);
  assert.ok(status === 0 || status === 1);
  return status === 1;
}

/** A way in which a token loses its ground, and the grants it can have come by. */
export interface Way {
  readonly by: readonly GrantName[];
  readonly take: (machine: MachineWorld, issued: Issued) => Promise<void>;
}

const ofPeople: readonly GrantName[] = ['code', 'refresh', 'device'];

export const ways: Readonly<Record<string, Way>> = {
  'its revocation': {
    by: [...ofPeople, 'client-credentials'],
    take: async (machine, { token, client }) => {
      assert.equal((await machine.revoke(token, client)).status, 200);
    },
  },
  'revocation of its refresh token': {
    by: ofPeople,
    take: async (machine, { refreshToken, client }) => {
      assert.equal((await machine.revoke(refreshToken, client)).status, 200);
    },
  },
  logout: {
    by: ofPeople,
    take: async ({ world }, { browser }) => {
      assert.ok(browser !== undefined);
      await browser.open(`${world.issuer}/logout`);
      await browser.click('logout-confirm');
    },
  },
  'replay of its code': {
    by: ['code', 'refresh'],
    take: async (_, { replay }) => {
      assert.equal((await replay?.())?.json['error'], 'invalid_grant');
    },
  },
  'reuse of an old refresh token': {
    by: ofPeople,
    take: async ({ world }, { refreshToken, client }) => {
      const party = world.client(client);
      const { json } = await party.refresh(refreshToken);
      assert.equal((await party.refresh(String(json['refresh_token']))).status, 200);
      assert.equal((await party.refresh(refreshToken)).json['error'], 'invalid_grant');
    },
  },
};
