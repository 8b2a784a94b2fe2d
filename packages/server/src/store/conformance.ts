/**
 * What every store has to do, as tests: each operation with each verdict, two nodes on one database, and that verdicts
 * and events are one commit.
 *
 * Does not own: durability against crashes, which only the database's own tests and `test/faults` can show.
 */
import { test } from 'node:test';
import { accessTokenConformance } from './conformance/access-tokens.ts';
import { assertionConformance } from './conformance/assertions.ts';
import { authorizationConformance } from './conformance/authorizations.ts';
import { consentConformance } from './conformance/consents.ts';
import { deviceCodeConformance } from './conformance/device-codes.ts';
import { epochConformance } from './conformance/epoch.ts';
import { keyConformance } from './conformance/keys.ts';
import { logoutConformance } from './conformance/logouts.ts';
import { outboxConformance } from './conformance/outbox.ts';
import { parkedRequestConformance } from './conformance/parked-requests.ts';
import { personEndConformance } from './conformance/person-ends.ts';
import { personConformance } from './conformance/persons.ts';
import { purgeConformance } from './conformance/purge.ts';
import { refreshConformance } from './conformance/refresh-families.ts';
import { refreshRaceConformance } from './conformance/refresh-races.ts';
import { registryConformance } from './conformance/registry.ts';
import { sessionConformance } from './conformance/sessions.ts';
import { statusConformance } from './conformance/status.ts';
import type { Store } from './store.ts';

/** Rows to begin with, for other tests and measurements of a store. */
export { effects, presentedRow, refreshEvents, start, startFamily } from './conformance/rows.ts';

/** Two stores that were opened separately on one empty database, as two nodes would. */
export interface ConformanceStores {
  readonly first: Store;
  readonly second: Store;
  /** Closes both and removes the database. */
  readonly close: () => Promise<void>;
}

/** How a part of the suite registers its tests. */
export interface Conformance {
  /** The word for this store in test titles. */
  readonly name: string;
  readonly check: (title: string, body: (stores: ConformanceStores) => Promise<void>) => void;
}

/**
 * Registers the whole suite with `node:test`.
 *
 * @param name the store's word in test titles
 * @param open opens two stores on a new, empty database; called once for each test
 * @example storeConformance('mystore', async () => ({ first: await open(url), second: await open(url), close }));
 */
export function storeConformance(name: string, open: () => Promise<ConformanceStores>): void {
  const check: Conformance['check'] = (title, body) => {
    void test(title, async () => {
      const stores = await open();
      try {
        await body(stores);
      } finally {
        await stores.close();
      }
    });
  };
  const suite: Conformance = { name, check };
  personConformance(suite);
  personEndConformance(suite);
  sessionConformance(suite);
  parkedRequestConformance(suite);
  consentConformance(suite);
  authorizationConformance(suite);
  deviceCodeConformance(suite);
  refreshConformance(suite);
  refreshRaceConformance(suite);
  accessTokenConformance(suite);
  statusConformance(suite);
  assertionConformance(suite);
  keyConformance(suite);
  registryConformance(suite);
  logoutConformance(suite);
  outboxConformance(suite);
  epochConformance(suite);
  purgeConformance(suite);
}
