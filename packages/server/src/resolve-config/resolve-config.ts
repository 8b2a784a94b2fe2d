/**
 * From what an operator wrote to what the server works with.
 *
 * Owns: every rule about configuration, and reading secrets from their places. Tells all that is wrong at once.
 * Does not own: the types (`config.ts`), nor what redirect URIs and resources must look like (`protocol`).
 */
import { issuerProblem, trustedProxyProblem } from '@castellan/protocol';
import type { Config, Lifetimes, ResolvedConfig } from '../config.ts';
import { resolveClients } from './clients.ts';
import { ConfigError, describeValue, type ProblemList, problemList } from './problems.ts';
import { resolveResources } from './resources.ts';
import {
  clientSchema,
  issuerSchema,
  lifetimesSchema,
  limitsSchema,
  privateHostsSchema,
  readPart,
  refreshRetrySchema,
  resourceSchema,
  secretSourceSchema,
  storeSchema,
  trustedProxiesSchema,
} from './schema.ts';
import { type Environment, readMasterKey } from './secret.ts';

const keys = [
  'issuer',
  'store',
  'masterKey',
  'resources',
  'clients',
  'lifetimes',
  'refreshRetry',
  'limits',
  'limitStore',
  'trustedProxies',
  'privateHosts',
] as const satisfies readonly (keyof Config)[];

/**
 * Checks a configuration whole and fills the defaults in. Reads the secrets it points to; writes nothing.
 *
 * Does not check that the store can be reached.
 *
 * @throws {ConfigError} with every problem at once; none of its texts holds a secret
 * @example const resolved = resolveConfig({ issuer: 'https://id.example', store: { sqlite: 'id.sqlite' }, masterKey: { file: 'master-key' } });
 */
export function resolveConfig(config: Config, environment: Environment = process.env): ResolvedConfig {
  const problems = problemList();
  const parts = readKeys(config, problems);
  const issuer = resolveIssuer(parts, problems);
  const store = readPart({ key: 'store', schema: storeSchema, value: parts.store }, problems);
  const masterKey = resolveMasterKey(parts, environment, problems);
  const lifetimes = resolveLifetimes(parts, problems);
  const refreshRetry = readPart(
    { key: 'refreshRetry', schema: refreshRetrySchema, value: parts.refreshRetry ?? {} },
    problems,
  );
  const limits = readPart({ key: 'limits', schema: limitsSchema, value: parts.limits ?? {} }, problems);
  const limitStore = resolveLimitStore(parts, problems);
  const trustedProxies = resolveProxies(parts, problems);
  const privateHosts = readPart(
    { key: 'privateHosts', schema: privateHostsSchema, value: parts.privateHosts ?? [] },
    problems,
  );
  const resources = resolveResources(
    readList({ key: 'resources', schema: resourceSchema, value: parts.resources }, problems),
    // A stand-in for what is wrong itself, so that the rest can still be checked; it never gets further than here.
    { issuer: issuer ?? 'https://issuer.invalid', accessToken: lifetimes?.accessToken ?? 300, environment, problems },
  );
  const clientShapes = readList({ key: 'clients', schema: clientSchema, value: parts.clients }, problems);
  const clients = resolveClients(clientShapes, { resources, environment, problems });
  if (
    problems.all().length > 0 ||
    issuer === undefined ||
    store === undefined ||
    masterKey === undefined ||
    lifetimes === undefined ||
    refreshRetry === undefined ||
    limits === undefined ||
    trustedProxies === undefined ||
    privateHosts === undefined
  ) {
    throw new ConfigError(problems.all());
  }
  return freeze({
    issuer,
    store,
    masterKey,
    clients,
    resources,
    lifetimes,
    refreshRetry,
    limits,
    limitStore,
    trustedProxies,
    privateHosts,
  });
}

type Parts = Readonly<Record<(typeof keys)[number], unknown>>;

function readKeys(config: unknown, problems: ProblemList): Parts {
  const isObject = typeof config === 'object' && config !== null && !Array.isArray(config);
  if (!isObject) {
    problems.add({ key: 'config', found: describeValue('config', config), allowed: 'an object' });
  }
  const given = (isObject ? config : {}) as Record<string, unknown>;
  for (const key of Object.keys(given)) {
    if ((keys as readonly string[]).includes(key)) continue;
    problems.add({ key, found: 'a key that does not exist', allowed: `one of the keys ${keys.join(', ')}` });
  }
  return Object.fromEntries(keys.map((key) => [key, given[key]])) as Parts;
}

function resolveIssuer(parts: Parts, problems: ProblemList): string | undefined {
  const issuer = readPart({ key: 'issuer', schema: issuerSchema, value: parts.issuer }, problems);
  const problem = issuer === undefined ? undefined : issuerProblem(issuer);
  if (problem === undefined) return issuer;
  const allowed = `an https URL, or http on a loopback host, without query, fragment or trailing slash (${problem})`;
  problems.add({ key: 'issuer', found: describeValue('issuer', issuer), allowed });
  return undefined;
}

function resolveMasterKey(parts: Parts, environment: Environment, problems: ProblemList): Buffer | undefined {
  const source = readPart({ key: 'masterKey', schema: secretSourceSchema, value: parts.masterKey }, problems);
  return source && readMasterKey({ key: 'masterKey', source, environment, problems });
}

function resolveLimitStore({ limitStore }: Parts, problems: ProblemList): Config['limitStore'] {
  const { take, reach } = (limitStore ?? {}) as Partial<NonNullable<Config['limitStore']>>;
  const sound = typeof take === 'function' && (reach === 'node' || reach === 'shared');
  if (limitStore !== undefined && !sound) {
    problems.add({
      key: 'limitStore',
      found: describeValue('limitStore', limitStore),
      allowed: 'a LimitStore of @castellan/limits',
    });
  }
  return limitStore as Config['limitStore'];
}

function resolveLifetimes(parts: Parts, problems: ProblemList): Lifetimes | undefined {
  const lifetimes = readPart({ key: 'lifetimes', schema: lifetimesSchema, value: parts.lifetimes ?? {} }, problems);
  if (lifetimes === undefined) return undefined;
  for (const [idle, absolute] of [
    ['refreshIdle', 'refreshAbsolute'],
    ['sessionIdle', 'sessionAbsolute'],
  ] as const) {
    if (lifetimes[idle] <= lifetimes[absolute]) continue;
    const allowed = `at most lifetimes.${absolute} (${lifetimes[absolute]})`;
    problems.add({ key: `lifetimes.${idle}`, found: String(lifetimes[idle]), allowed });
  }
  return lifetimes;
}

function resolveProxies(parts: Parts, problems: ProblemList): readonly string[] | undefined {
  const part = { key: 'trustedProxies', schema: trustedProxiesSchema, value: parts.trustedProxies ?? [] };
  const proxies = readPart(part, problems);
  for (const [index, proxy] of (proxies ?? []).entries()) {
    const problem = trustedProxyProblem(proxy);
    if (problem === undefined) continue;
    const key = `trustedProxies[${index}]`;
    const allowed = `an IP address or a CIDR range such as 10.0.0.0/8 (${problem})`;
    problems.add({ key, found: describeValue(key, proxy), allowed });
  }
  return proxies;
}

type ListPart<T> = Parameters<typeof readPart<T>>[0];

/** Reads a list item by item, so that one bad item does not hide what is wrong with the others. */
function readList<T>(part: ListPart<T>, problems: ProblemList): readonly (T | undefined)[] {
  if (part.value === undefined) return [];
  if (!Array.isArray(part.value)) {
    problems.add({ key: part.key, found: describeValue(part.key, part.value), allowed: 'a list' });
    return [];
  }
  return part.value.map((value, index) => readPart({ ...part, key: `${part.key}[${index}]`, value }, problems));
}

/** Freezes what it is given and everything plain in it. Buffers, sets and maps have no frozen form. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return value;
  for (const member of Object.values(value)) freeze(member);
  return Object.freeze(value);
}
