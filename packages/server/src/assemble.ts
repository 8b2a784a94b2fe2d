/** Puts the rooms together: which part gets which. The only file, with `routes.ts`, that sees every endpoint. */
import { describeFailure, recordEvents } from '@castellan/audit';
import { type LimitStore, memoryLimitStore, surviveOutages } from '@castellan/limits';
import { type Accounts, createAccounts } from './accounts/accounts.ts';
import { createPasswordHasher } from './accounts/password.ts';
import { createPasswordLinks } from './accounts/password-link.ts';
import { grantAuthorization } from './authorizations/authorization.ts';
import { createAssertionCheck } from './clients/assertion.ts';
import { createAuthenticator } from './clients/authenticate.ts';
import { deviceGrantType } from './clients/client.ts';
import { createAccountEndpoint } from './endpoints/account/account.ts';
import { createAuthorizeEndpoint } from './endpoints/authorize/authorize.ts';
import { createConsentEndpoint } from './endpoints/consent/consent.ts';
import { createDeviceEndpoint } from './endpoints/device/device.ts';
import { createDeviceAuthorizationEndpoint } from './endpoints/device-authorization/device-authorization.ts';
import { createDiscoveryEndpoint, createJwksEndpoint } from './endpoints/discovery/discovery.ts';
import { createIntrospectEndpoint, type IntrospectionCaller } from './endpoints/introspect/introspect.ts';
import { createLoginEndpoint } from './endpoints/login/login.ts';
import { createLogoutConfirmEndpoint, createLogoutEndpoint } from './endpoints/logout/logout.ts';
import { createRevokeEndpoint } from './endpoints/revoke/revoke.ts';
import { createSetPasswordEndpoint } from './endpoints/set-password/set-password.ts';
import { createStatusFeedEndpoint } from './endpoints/status-feed/status-feed.ts';
import { createStatusListEndpoint } from './endpoints/status-list/status-list.ts';
import { authorizationCodeGrant } from './endpoints/token/authorization-code.ts';
import { clientCredentialsGrant } from './endpoints/token/client-credentials.ts';
import { deviceCodeGrant } from './endpoints/token/device-code.ts';
import { refreshTokenGrant } from './endpoints/token/refresh-token.ts';
import { createTokenEndpoint } from './endpoints/token/token.ts';
import { createUserinfoEndpoint } from './endpoints/userinfo/userinfo.ts';
import { createServerCookies } from './http/cookies.ts';
import { createFormTokens } from './http/csrf.ts';
import { createHandle, type Handle } from './http/handle.ts';
import { createPages } from './http/page.ts';
import { deriveKey } from './keys/master-key.ts';
import { createHintVerifier } from './requests/id-token-hint.ts';
import { createParkingLot } from './requests/park.ts';
import { createRepeatWatch } from './requests/repeats.ts';
import { createStartAgain } from './requests/start-again.ts';
import { profileClaims } from './resources/claims.ts';
import type { ResourceCaller } from './resources/resource.ts';
import { createRoutes, type Endpoints, endpointPaths } from './routes.ts';
import type { Opened } from './server.ts';
import { createSessions } from './sessions/session.ts';
import { createStatusFeed, type StatusFeed } from './status/status-feed.ts';
import { createStatusIndexes } from './status/status-indexes.ts';
import { createStatusLists } from './status/status-lists.ts';
import { createAccessTokens } from './tokens/access-token.ts';
import { createMint } from './tokens/issue.ts';

/** Keys the limits of one node are kept for at most. */
const limitCapacity = 100_000;
/** Values of requests that one node remembers to notice repeats. */
const repeatCapacity = 50_000;

/** The way in, the accounts, and what goes on after an answer has begun. */
export interface Assembled {
  readonly handle: Handle;
  readonly accounts: Accounts;
  readonly statusFeed: StatusFeed;
}

export function assemble(opened: Opened): Assembled {
  const parts = assembleParts(opened);
  const { config, runtime, recorder, events } = opened;
  const { issuer, limits, trustedProxies } = config;
  const endpoints: Endpoints = { ...pageEndpoints(opened, parts), ...apiEndpoints(opened, parts) };
  const handle = createHandle({
    issuer,
    routes: createRoutes(issuer, endpoints),
    pages: parts.pages,
    runtime,
    recorder,
    limitStore: parts.limitStore,
    limits,
    trustedProxies,
    clientOrigins: opened.registry.clientOrigins,
    refresh: opened.registry.refresh,
    startAgain: createStartAgain({ issuer, clients: parts.clients }),
    record: events.record,
    committed: () => {
      events.nudge();
      parts.statusFeed.nudge();
    },
  });
  return { handle, accounts: parts.accounts, statusFeed: parts.statusFeed };
}

type Parts = ReturnType<typeof assembleParts>;

/** What several endpoints share. */
function assembleParts(opened: Opened) {
  const { config, runtime, store, keys, registry } = opened;
  const { clients, resources } = registry;
  const { issuer, masterKey, lifetimes, limits } = config;
  const limitStore = openLimits(opened);
  const cookies = createServerCookies(issuer);
  const passwords = createPasswordHasher({ runtime });
  const endpoints = [issuer + endpointPaths.token];
  const refused = watchRefused(opened);
  const checkAssertion = createAssertionCheck({ issuer, endpoints, store, runtime });
  return {
    limitStore,
    clients,
    authenticate: createAuthenticator({ find: clients.find, checkAssertion }),
    authenticateCaller: createAuthenticator<IntrospectionCaller>({
      find: (id) => clients.find(id) ?? resources.findCaller(id),
      checkAssertion,
    }),
    statusFeed: createStatusFeed({ issuer, store, runtime }),
    authenticateResource: createAuthenticator<ResourceCaller>({ find: resources.findCaller, checkAssertion }),
    resources,
    cookies,
    pages: createPages(issuer),
    sessions: createSessions({ store, runtime, lifetimes }),
    subjectOf: opened.subjectOf,
    userCodeKey: deriveKey(masterKey, 'user-code'),
    formTokens: createFormTokens(deriveKey(masterKey, 'form-token')),
    parking: createParkingLot({ store, clients, resources, runtime, lifetimes, browserCookie: cookies.browser }),
    statusIndexes: createStatusIndexes({ store, runtime }),
    repeats: createRepeatWatch(repeatCapacity),
    refused,
    verifyHint: createHintVerifier({
      issuer,
      clients,
      keys: keys.lastingSource,
      now: runtime.now,
      sessionOf: opened.sessionNames.sessionOf,
      refused,
    }),
    accounts: createAccounts({
      store,
      runtime,
      limitStore,
      limits,
      passwords,
    }),
    passwordLinks: createPasswordLinks({ store, runtime, passwords }),
  };
}

/** Limits hold without their store: each node then counts for itself, and says so once. */
function openLimits({ config, runtime, recorder, events }: Opened): LimitStore {
  const store = config.limitStore ?? memoryLimitStore({ capacity: limitCapacity });
  return surviveOutages(store, {
    runtime,
    capacity: limitCapacity,
    tell: (change) => {
      const event = 'error' in change ? { ...change, error: describeFailure(change.error) } : change;
      events.record(recordEvents(recorder, 'limits', [event])[0]);
    },
  });
}

/** Alarms when a token that is refused shows that somebody else has a key of ours. */
function watchRefused({ keys, recorder, events }: Opened): (token: string) => Promise<void> {
  return async (token) => {
    const misused = await keys.misuseOf(token);
    if (misused === undefined) return;
    events.record(recordEvents(recorder, recorder.newCorrelation(), [{ type: 'key.misused', ...misused }])[0]);
  };
}

type PageEndpoints = Pick<
  Endpoints,
  'authorize' | 'login' | 'consent' | 'device' | 'setPassword' | 'account' | 'logout' | 'logoutConfirm'
>;

/** What a person meets. */
function pageEndpoints({ config, runtime, store }: Opened, parts: Parts): PageEndpoints {
  const { issuer, lifetimes, limits } = config;
  const deps = { ...parts, issuer, store, runtime, lifetimes, limits };
  return {
    authorize: createAuthorizeEndpoint({ ...deps, grant: grantAuthorization(deps) }),
    login: createLoginEndpoint(deps),
    consent: createConsentEndpoint(deps),
    device: createDeviceEndpoint(deps),
    setPassword: createSetPasswordEndpoint(deps),
    account: createAccountEndpoint(deps),
    logout: createLogoutEndpoint(deps),
    logoutConfirm: createLogoutConfirmEndpoint(deps),
  };
}

/** What programs call. */
function apiEndpoints(opened: Opened, parts: Parts): Omit<Endpoints, keyof PageEndpoints> {
  const { config, runtime, store, keys, registry } = opened;
  const { issuer, lifetimes, limits, refreshRetry, masterKey } = config;
  const { authenticate, clients, resources, limitStore, subjectOf, statusIndexes } = parts;
  const tagKey = deriveKey(masterKey, 'refresh-tag');
  const grants = new Map([
    ['client_credentials', clientCredentialsGrant],
    ['authorization_code', authorizationCodeGrant({ store, runtime, tagKey, lifetimes })],
    [deviceGrantType, deviceCodeGrant({ store, runtime, tagKey, lifetimes })],
    ['refresh_token', refreshTokenGrant({ store, runtime, tagKey, lifetimes, refreshRetry })],
  ]);
  const nameKey = deriveKey(masterKey, 'access-token-name');
  const { sessionNames } = opened;
  const issue = createMint({
    issuer,
    keys,
    store,
    subjectOf,
    sessionNames,
    statusIndexes,
    nameKey,
    runtime,
    lifetimes,
  });
  const accessTokens = createAccessTokens({
    issuer,
    clients,
    resources,
    keys,
    store,
    runtime,
    nameKey,
    refused: parts.refused,
  });
  return {
    token: createTokenEndpoint({ authenticate, resources, grants, issue, limitStore, limits, runtime }),
    userinfo: createUserinfoEndpoint({
      resource: resources.issuer,
      clients,
      accessTokens,
      subjectOf,
      keys,
      store,
      runtime,
      refused: parts.refused,
    }),
    revoke: createRevokeEndpoint({ authenticate, accessTokens, store, statusIndexes, runtime, tagKey }),
    introspect: createIntrospectEndpoint({
      issuer,
      authenticate: parts.authenticateCaller,
      accessTokens,
      resources,
      keys,
      store,
      runtime,
      subjectOf,
      tagKey,
    }),
    statusList: createStatusListEndpoint({ lists: createStatusLists({ issuer, keys, store, runtime }) }),
    statusFeed: createStatusFeedEndpoint({ authenticate: parts.authenticateResource, feed: parts.statusFeed }),
    deviceAuthorization: createDeviceAuthorizationEndpoint({
      issuer,
      authenticate,
      resources,
      store,
      userCodeKey: parts.userCodeKey,
      runtime,
    }),
    discovery: createDiscoveryEndpoint({
      issuer,
      resources,
      paths: endpointPaths,
      edition: registry.edition,
      profileClaims,
    }),
    jwks: createJwksEndpoint({ keys }),
  };
}
