/** What an administrator or a person ends, from the commit to the API that follows the lists: each way, by each grant. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type StatusLists, type StatusReference, statusLists } from '@castellan/guard';
import { type Administration, openAdministration } from '@castellan/server';
import { decodeJwt, type HeaderPairs, until, type World } from '@castellan/testkit';
import { createMachineWorld, secrets } from './machine-world.ts';
import { openShop } from './registry-world.ts';
import { type GrantName, type Issued, isFlipped, issueBy } from './status-world.ts';

interface Ending {
  readonly world: World;
  readonly admin: Administration;
  readonly issued: Issued;
}

const setPassword = async ({ world, admin }: Ending, password: string): Promise<void> => {
  const link = await admin.people.issuePasswordLink(world.people.alice.id);
  const browser = world.browser();
  await browser.open(link === 'not_allowed' ? assert.fail() : link.url);
  browser.fill('new-password', password);
  browser.fill('repeated-password', password);
  assert.equal((await browser.click('password-submit')).status, 200);
};

const changeState = async (
  { world, admin }: Ending,
  change: 'lock' | 'unlock' | 'disable' | 'enable',
): Promise<void> => {
  assert.equal(await admin.people.change(world.people.alice.id, change), 'changed');
};

/** Ends it, and answers how the person can sign in again. */
const endings: Readonly<Record<string, (ending: Ending) => Promise<() => Promise<void>>>> = {
  'withdrawal of consent': async ({ world, admin, issued }) => {
    assert.equal(await admin.consents.withdraw(world.people.alice.id, issued.client), 'withdrawn');
    return async () => undefined;
  },
  'the end of all sessions': async ({ world, admin }) => {
    assert.ok((await admin.people.endSessions(world.people.alice.id)) > 0);
    return async () => undefined;
  },
  'a lock': async (ending) => {
    await changeState(ending, 'lock');
    return () => changeState(ending, 'unlock');
  },
  'disabling the person': async (ending) => {
    await changeState(ending, 'disable');
    return () => changeState(ending, 'enable');
  },
  'a new password': async (ending) => {
    await setPassword(ending, 'seven quiet lamps on a hill');
    return () => setPassword(ending, ending.world.people.alice.password);
  },
};

const ofPeople: readonly GrantName[] = ['code', 'refresh', 'device'];

for (const store of ['sqlite', 'postgres'] as const) {
  for (const [way, end] of Object.entries(endings)) {
    test(`R-064[status,guard,code,refresh,device,access-jwt,${store}] S-50[status,guard] I-3 ${way} sets the bit, and an API that listens refuses`, async (t) => {
      const machine = await createMachineWorld(`${way}-${store}`, store);
      const { world } = machine;
      const admin = await openAdministration(world.config, world.runtime);
      const follower = follow(world, 'notes-api', secrets.notes);
      t.after(async () => {
        follower.close();
        await admin.close();
        await machine.close();
      });
      await until(() => follower.isFollowing());
      const bystander = referenceOf(world, (await issueBy.code(machine, 'access-jwt', 'bob')).token);
      for (const grant of ofPeople) {
        const issued = await issueBy[grant](machine, 'access-jwt');
        const own = referenceOf(world, issued.token);
        assert.equal(await follower.isRevoked(own), false);
        const undo = await end({ world, admin, issued });
        assert.equal(await isFlipped(machine, { uri: own.uri, idx: own.index }), true, grant);
        await untilRevoked(world, follower, own);
        await undo();
        assert.equal(await follower.isRevoked(own), true, 'undoing it revives nothing');
        assert.equal(await follower.isRevoked(bystander), false);
      }
    });
  }

  for (const state of ['disabled', 'removed'] as const) {
    test(`R-064[status,guard,code,client-credentials,${store}] S-50[status,guard] I-3 a client that is ${state} loses what people gave it and what it got for itself`, async (t) => {
      await using own = await openShop(store, `shop-${state}-${store}`);
      const { world, client, api } = own;
      const follower = follow(world, 'orders-api', secretOf(api));
      t.after(() => follower.close());
      await until(() => follower.isFollowing());
      const { access } = await own.tokens();
      const { json } = await client.token({ grant_type: 'client_credentials' });
      const references = [access, String(json['access_token'])].map((token) => referenceOf(world, token));
      const bystander = referenceOf(world, String((await world.tokens(world.client('web'))).json['access_token']));
      for (const one of [...references, bystander]) assert.equal(await follower.isRevoked(one), false);
      await own.setClient(state);
      for (const one of references) await untilRevoked(world, follower, one);
      assert.equal(await follower.isRevoked(bystander), false);
      if (state === 'disabled') {
        await own.setClient('active');
        const again = await client.token({ grant_type: 'client_credentials' });
        const fresh = referenceOf(world, String(again.json['access_token']));
        assert.equal(await follower.isRevoked(fresh), false, 'a new bit for a new beginning');
        assert.notDeepEqual(fresh, references[1]);
      }
    });
  }
}

function follow({ issuer, metadata, runtime }: World, client: string, secret: string): StatusLists {
  const feed = { endpoint: `${issuer}/status/feed`, client, secret };
  return statusLists({ issuer, algorithms: ['ES256'], jwksUri: String(metadata['jwks_uri']), feed }, runtime);
}

function referenceOf({ issuer }: World, token: string): StatusReference {
  const { status_list: named } = decodeJwt(token).claims['status'] as { status_list: { idx: number; uri: string } };
  return { issuer, uri: named.uri, index: named.idx };
}

/** An administrator works in a process of their own: the servers look four times a second. */
async function untilRevoked(world: World, follower: StatusLists, status: StatusReference): Promise<void> {
  await world.clock.advance(0.25);
  await until(() => follower.isRevoked(status) === true);
}

function secretOf(basicHeader: HeaderPairs): string {
  const [, value = ''] = basicHeader[0] ?? [];
  return Buffer.from(value.slice('Basic '.length), 'base64').toString().split(':')[1] ?? '';
}
