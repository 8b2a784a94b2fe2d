/**
 * The API of the invoices example: its routes and its data behind the guard.
 *
 * Owns: putting the parts together. Does not own: who may do what (`../policy.ts`), and listening (`main.ts`).
 */
import { join } from 'node:path';
import type { Sink } from '@castellan/audit';
import { createGuard, type Guard, type Revocation } from '@castellan/guard';
import { memoryLimitStore } from '@castellan/limits';
import type { Runtime } from '@castellan/protocol';
import { invoicesPolicy } from '../policy.ts';
import { invoicesGraphql } from './graphql.ts';
import { invoicesRoutes } from './routes.ts';
import { type Subjects, seed } from './seed.ts';
import { createStore, openDatabase } from './store.ts';

export interface InvoicesApiSettings {
  /** Whose tokens are accepted. */
  readonly issuer: string;
  /** Where that issuer's keys lie. */
  readonly jwksUri: string;
  /** Which tokens were revoked before their time. */
  readonly revocation: Revocation;
  /** The API's own address, which is the audience of its tokens too. */
  readonly url: string;
  /** Where `api.sqlite` lies. */
  readonly folder: string;
  /** The issuer's subjects of the demo people, by login name. */
  readonly people: Subjects;
}

export interface InvoicesApi extends Guard {}

/**
 * Starts the API, without listening.
 *
 * @throws {GuardConfigError} when the settings are incomplete or weak
 * @example const api = createInvoicesApi(settings, systemRuntime, [fileSink(path)]);
 */
export function createInvoicesApi(
  settings: InvoicesApiSettings,
  runtime: Runtime,
  sinks: readonly Sink[],
): InvoicesApi {
  const database = openDatabase(join(settings.folder, 'api.sqlite'));
  seed(database, settings.people);
  const store = createStore(database);
  const guard = createGuard(
    {
      name: 'Invoices',
      resource: settings.url,
      issuers: [
        {
          issuer: settings.issuer,
          audience: settings.url,
          algorithms: ['ES256'],
          typ: 'at+jwt',
          jwksUri: settings.jwksUri,
          revocation: settings.revocation,
        },
      ],
      policy: invoicesPolicy,
      // The role is the API's own knowledge: no token carries it, so no issuer can hand it out.
      principal: ({ kind, subject }) => {
        if (kind === 'client') return { kind, id: subject };
        const user = store.findUser(subject);
        return user && { kind, id: user.id, role: user.role };
      },
      routes: { ...invoicesRoutes(store), ...invoicesGraphql(store) },
      limits: { store: memoryLimitStore({ capacity: 50_000 }), perAddress: { count: 600, period: 60 } },
    },
    runtime,
    sinks,
  );
  const close = async (): Promise<void> => {
    await guard.close();
    store.close();
  };
  return { ...guard, close };
}
