/**
 * In which order operations hold rows: two that overlap wait for each other at most once, in one direction.
 *
 * PostgreSQL notices a circle after a second and has one of the two run again, so nothing is lost; but whoever is to be
 * kept out, and everybody behind, would wait for that second, and under load for many.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { systemRuntime } from '@castellan/protocol';
import { availablePostgres, type PostgresCluster } from '@castellan/testkit/postgres';
import { claimed } from '../conformance/device-codes.ts';
import {
  authorizationRow,
  authorize,
  codeRow,
  effects,
  newId,
  parkedRow,
  sessionRow,
  start,
  startOf,
} from '../conformance/rows.ts';
import type { Operation } from '../database.ts';
import { createAuthorization } from '../operations/authorizations.ts';
import { giveConsent, withdrawConsent } from '../operations/consents.ts';
import { approveDeviceCode } from '../operations/device-codes.ts';
import { changePersonState } from '../operations/persons.ts';
import { endSession, endSessionsOf, startSession } from '../operations/sessions.ts';
import type { Store } from '../store.ts';
import { openPostgresDatabase, openPostgresStore } from './postgres.ts';

const available = await availablePostgres('durable');

if ('missing' in available) {
  test('PostgreSQL as a store', { skip: available.missing }, () => undefined);
} else {
  const { cluster } = available;
  after(() => cluster.close());
  circles(cluster);
}

/** The same operation, with the time in between for another to hold what comes next. */
function* slowly<V>(operation: Operation<V>): Operation<V> {
  let step = operation.next();
  while (!step.done) {
    const result = yield step.value;
    yield { sql: 'SELECT pg_sleep(0.02)', parameters: [], expects: 'rows' };
    step = operation.next(result);
  }
  return step.value;
}

/** What may happen at the same moment to one person who is signed in and before a page of ours. */
async function operationsOf(store: Store): Promise<Readonly<Record<string, () => Operation<unknown>>>> {
  const { claim, session, code } = await claimed(store);
  const { person, id } = session;
  for (const offline of [true, false]) await authorize(store, { person, session: id, offline, client: code.client });
  const parked = parkedRow();
  await store.parkRequest(parked);
  const consents = [{ person, client: code.client, resource: 'https://api.example', scopes: ['a'], givenAt: start }];
  const granted = (): ReturnType<typeof authorizationRow> =>
    authorizationRow({ person, session: id, client: code.client });
  const now = start + 9;
  return {
    grant: () => {
      const authorization = granted();
      const create = { authorization, code: codeRow(authorization.id), parked: parked.idHash, relied: [] };
      return createAuthorization(create, effects('granted'));
    },
    approval: () => approveDeviceCode({ claim, authorization: granted(), consents }, effects('approved')),
    consent: () => giveConsent({ consents, parked: parked.idHash, now: start }, effects('given')),
    withdrawal: () => withdrawConsent({ person, client: code.client, now }, effects('withdrawn')),
    'sign-in': () => startSession(startOf(sessionRow(person), { replaces: id }), effects('started')),
    logout: () => endSession({ id, reason: 'logout', now }, effects('ended')),
    'the end of all sessions': () => endSessionsOf({ person, now }, effects('ended')),
    locking: () => changePersonState({ person, from: ['active'], to: 'locked', now }, effects(newId('locked'))),
  };
}

function circles({ database }: PostgresCluster): void {
  test('I-3[postgres] I-11 no two operations on one person wait for each other in a circle', async () => {
    const url = await database();
    const [opened, store] = [
      await openPostgresDatabase(url, systemRuntime),
      await openPostgresStore(url, systemRuntime),
    ];
    const names = Object.keys(await operationsOf(store));
    const pairs = names.flatMap((one, at) => names.slice(at + 1).map((other) => [one, other] as const));
    const runs = async ([one, other]: readonly [string, string]): Promise<void> => {
      const operations = await operationsOf(store);
      let begun = 0;
      const run = (name: string) =>
        opened.transact(() => {
          begun += 1;
          return slowly((operations[name] ?? assert.fail())());
        });
      await Promise.all([run(one), run(other)]);
      assert.equal(begun, 2, `${one} and ${other} locked each other out`);
    };
    for (let at = 0; at < pairs.length; at += 4) await Promise.all(pairs.slice(at, at + 4).map(runs));
    await Promise.all([opened.close(), store.close()]);
  });
}
