/**
 * The guard of one API: its configuration, checked at the start, made into what the pipeline works with.
 *
 * Owns: everything that is made once. Does not own: what happens to a request (`pipeline`), rules
 * (`@castellan/policy`), verification (`@castellan/protocol`), carrying bytes (`adapters/`), and what handlers do.
 */
import { createRecorder, describeFailure, recordEvents, type Sink } from '@castellan/audit';
import { type LimitStore, surviveOutages } from '@castellan/limits';
import type { Vocabulary } from '@castellan/policy';
import { type HttpRequest, isTrustedProxy, type Runtime, refuse } from '@castellan/protocol';
import { createPlaces } from './at-once.ts';
import { checkGuardConfig, type GuardConfig, GuardConfigError } from './config.ts';
import { createEventBuffer } from './events.ts';
import type { BodyReader } from './input.ts';
import { permitUnknownRevocation } from './insecure.ts';
import { type InventoryEntry, takeInventory } from './inventory.ts';
import { insecureChoices } from './issuer.ts';
import type { Later } from './later.ts';
import { nameLimits } from './limits.ts';
import { answerRequest, type Machinery } from './pipeline.ts';
import type { AskedPolicy } from './require.ts';
import { metadataPath, metadataUrl, resourceMetadata } from './resource-metadata.ts';
import { type GuardAnswer, publicRoute, type Route } from './route.ts';
import { createRouteFinder } from './route-table.ts';
import { createReadAccess } from './verify-token.ts';

export interface Guard {
  /**
   * Answers a request, at once when there is nothing to wait for; never throws or rejects. A `readBody` takes the place of `request.body` and is called at most once, after
   * the caller is verified and the function permitted.
   */
  readonly handle: (request: HttpRequest, readBody?: BodyReader) => Later<GuardAnswer>;
  /** Every route that is served, with what it declares; frozen, and the same for each run of one configuration. */
  readonly inventory: readonly InventoryEntry[];
  /** Delivers the events gathered so far. */
  readonly flush: () => Promise<void>;
  /** Delivers the rest and closes the sinks. */
  readonly close: () => Promise<void>;
}

/**
 * Builds the guard of one API.
 *
 * Does not check revocation of issuers that have no `revocation`, and refuses sender-constrained tokens, whose proof it
 * cannot read.
 *
 * @throws {GuardConfigError} naming each thing that is missing or wrong: an issuer without audience, a route without
 * action, input, output or limit, two routes that clash
 * @example
 * const guard = createGuard({ name: 'notes', resource, issuers, policy, principal, routes, limits }, systemRuntime, sinks);
 * createServer(nodeListener(guard)).listen(4001, '127.0.0.1');
 * @see RFC 6750, RFC 9068 §4, RFC 9728
 */
export function createGuard<V extends Vocabulary>(
  config: GuardConfig<V>,
  runtime: Runtime,
  sinks: readonly Sink[],
): Guard {
  checkGuardConfig(config, sinks);
  const events = createEventBuffer(sinks, runtime);
  const table = tableOf(config);
  const recording: Recording = {
    recorder: createRecorder({ source: config.name }, runtime),
    record: events.record,
  };
  const machinery: Machinery = {
    ...recording,
    runtime,
    trustedProxies: config.trustedProxies ?? [],
    findRoute: createRouteFinder(table),
    readAccess: strictly(() => createReadAccess(config, runtime)),
    policy: config.policy as unknown as AskedPolicy,
    loadPrincipal: config.principal,
    loadContext: config.context ?? (() => ({})),
    limits: nameLimits({ ...config.limits, store: openLimits(config, { ...recording, runtime }) }),
    flows: config.flows,
    bodyLimit: config.bodyLimit ?? 65_536,
    resourceMetadata: metadataUrl(config.resource),
    transport: {
      https: config.resource.startsWith('https:'),
      isTrustedProxy: (address) => isTrustedProxy(address, config.trustedProxies ?? []),
    },
    places: createPlaces(),
  };
  tellInsecureChoices(config, machinery);
  return {
    handle: (request, readBody) => answerRequest(request, readBody ?? wholeBody(request), machinery),
    inventory: takeInventory(table, config.policy.rules),
    flush: events.flush,
    close: events.close,
  };
}

type Recording = Pick<Machinery, 'recorder' | 'record'>;

/** Limits hold without their store: each node then counts for itself, and says so once. */
function openLimits<V extends Vocabulary>(
  { limits }: GuardConfig<V>,
  { recorder, record, runtime }: Recording & Pick<Machinery, 'runtime'>,
): LimitStore {
  return surviveOutages(limits.store, {
    runtime,
    tell: (change) => {
      const event = 'error' in change ? { ...change, error: describeFailure(change.error) } : change;
      record(recordEvents(recorder, 'limits', [event])[0]);
    },
  });
}

/** The declared routes and the one that every API has (RFC 9728 §3). */
function tableOf<V extends Vocabulary>(config: GuardConfig<V>): Readonly<Record<string, Route>> {
  const document = resourceMetadata({ ...config, rules: config.policy.rules, documentation: config.documentation });
  const name = `GET ${metadataPath(config.resource)}`;
  if (Object.hasOwn(config.routes, name)) throw new GuardConfigError([`${name} is served by the guard itself`]);
  return {
    ...config.routes,
    [name]: publicRoute('RFC 9728 §3: clients read it before they have a token', () => document),
  };
}

/** One event for each named exception in use, at every start. */
function tellInsecureChoices<V extends Vocabulary>(config: GuardConfig<V>, { recorder, record }: Machinery): void {
  const choices = [...config.issuers.flatMap(insecureChoices), ...Object.entries(config.routes).flatMap(routeChoices)];
  for (const choice of choices) record(recordEvents(recorder, 'start', [{ type: 'insecure.used', choice }])[0]);
}

function routeChoices([name, route]: [string, Route]): readonly string[] {
  if (route.kind === 'public') return [];
  if (route.kind === 'operations') return route.insecure.map((choice) => `${choice} for ${name}`);
  const isUnknowing = route.whenRevocationUnknown === permitUnknownRevocation;
  return isUnknowing ? [`${permitUnknownRevocation.description} for ${name}`] : [];
}

function strictly<T>(build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (error instanceof TypeError) throw new GuardConfigError([error.message]);
    throw error;
  }
}

function wholeBody(request: HttpRequest): BodyReader {
  return (limit) => (Buffer.byteLength(request.body) > limit ? refuse('body_too_large') : request.body);
}
