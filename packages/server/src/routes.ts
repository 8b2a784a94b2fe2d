/**
 * THE table of routes: every path this server answers, what stands behind it, and what holds for it. Newcomers start
 * here.
 */
import { wellKnownPaths } from '@castellan/protocol';
import { passwordLinkPath } from './accounts/password-link.ts';
import { documentCacheControl, type EndpointPaths } from './endpoints/discovery/discovery.ts';
import { type Asset, assets } from './http/assets.ts';
import type { Endpoint } from './http/exchange.ts';
import type { Route } from './http/route.ts';
import { accountPath } from './requests/park.ts';
import { listFolder } from './status/status-claim.ts';

/** The endpoints, ready to be called. */
export interface Endpoints {
  readonly authorize: Endpoint;
  readonly login: Endpoint;
  readonly consent: Endpoint;
  readonly logout: Endpoint;
  readonly logoutConfirm: Endpoint;
  readonly device: Endpoint;
  readonly setPassword: Endpoint;
  readonly account: Endpoint;
  readonly deviceAuthorization: Endpoint;
  readonly token: Endpoint;
  readonly userinfo: Endpoint;
  readonly revoke: Endpoint;
  readonly introspect: Endpoint;
  readonly statusList: Endpoint;
  readonly statusFeed: Endpoint;
  readonly discovery: Endpoint;
  readonly jwks: Endpoint;
}

/** Paths below the issuer that metadata tells of. */
export const endpointPaths: EndpointPaths = Object.freeze({
  authorize: '/authorize',
  deviceAuthorization: '/device_authorization',
  token: '/token',
  userinfo: '/userinfo',
  revoke: '/revoke',
  introspect: '/introspect',
  logout: '/logout',
  jwks: '/jwks',
});

/** A page for a person: never readable by another origin, never stored. */
const page = {
  cors: 'none',
  cache: 'no-store',
  limit: 'authorizePerAddress',
  channel: 'page',
  form: 'required',
} as const;
/** For programs, also those that run in the browser as a public client. */
const api = { cors: 'clients', cache: 'no-store', limit: 'tokenPerAddress', channel: 'json' } as const;
/** Public documents. */
const open = {
  cors: 'any',
  cache: documentCacheControl,
  limit: undefined,
  channel: 'json',
  form: 'none',
  effect: 'read',
  method: 'GET',
  outage: 'serve',
} as const;

/** The table, for an issuer that may have a path of its own. */
export function createRoutes(issuer: string, endpoints: Endpoints): readonly Route[] {
  const { pathname } = new URL(issuer);
  const base = pathname === '/' ? '' : pathname;
  const { authorize, login, consent, logout, logoutConfirm, token, userinfo, discovery, jwks } = endpoints;
  const { device, deviceAuthorization, setPassword, account } = endpoints;
  const own: readonly Route[] = [
    { method: 'GET', path: endpointPaths.authorize, name: 'authorize', endpoint: authorize, effect: 'act', ...page },
    { method: 'POST', path: endpointPaths.authorize, name: 'authorize', endpoint: authorize, effect: 'read', ...page },
    { method: 'GET', path: '/login', name: 'login', endpoint: login, effect: 'read', ...page },
    { method: 'POST', path: '/login', name: 'login', endpoint: login, effect: 'act', ...page },
    { method: 'GET', path: '/consent', name: 'consent', endpoint: consent, effect: 'read', ...page },
    { method: 'POST', path: '/consent', name: 'consent', endpoint: consent, effect: 'act', ...page },
    { method: 'GET', path: endpointPaths.logout, name: 'logout', endpoint: logout, effect: 'act', ...page },
    { method: 'POST', path: endpointPaths.logout, name: 'logout', endpoint: logout, effect: 'act', ...page },
    { method: 'POST', path: '/logout/confirm', name: 'logout', endpoint: logoutConfirm, effect: 'act', ...page },
    { method: 'GET', path: '/device', name: 'device', endpoint: device, effect: 'act', ...page },
    { method: 'POST', path: '/device', name: 'device', endpoint: device, effect: 'act', ...page },
    { method: 'GET', path: accountPath, name: 'account', endpoint: account, effect: 'act', ...page },
    { method: 'POST', path: accountPath, name: 'account', endpoint: account, effect: 'act', ...page },
    { method: 'GET', path: passwordLinkPath, name: 'set_password', endpoint: setPassword, effect: 'act', ...page },
    {
      ...page,
      method: 'POST',
      path: passwordLinkPath,
      name: 'set_password',
      endpoint: setPassword,
      effect: 'act',
      // Hashing costs; and a password is typed a few times at most.
      limit: 'signInPerAddress',
    },
    {
      ...api,
      method: 'POST',
      path: endpointPaths.deviceAuthorization,
      name: 'device_authorization',
      endpoint: deviceAuthorization,
      effect: 'act',
      form: 'required',
      // What shows a code to a person is no script in a browser.
      cors: 'none',
      limit: 'deviceCodePerAddress',
    },
    {
      method: 'POST',
      path: endpointPaths.token,
      name: 'token',
      endpoint: token,
      effect: 'act',
      form: 'required',
      ...api,
    },
    ...tokenRoutes(endpoints),
    ...statusRoutes(endpoints),
    {
      method: 'GET',
      path: endpointPaths.userinfo,
      name: 'userinfo',
      endpoint: userinfo,
      effect: 'read',
      form: 'none',
      ...api,
    },
    {
      method: 'POST',
      path: endpointPaths.userinfo,
      name: 'userinfo',
      endpoint: userinfo,
      effect: 'read',
      form: 'optional',
      ...api,
    },
    { path: endpointPaths.jwks, name: 'jwks', endpoint: jwks, ...open },
    ...Object.values(assets).map(assetRoute),
  ];
  const { openid, oauth } = wellKnownPaths(issuer);
  return [
    ...own.map((route) => ({ ...route, path: base + route.path })),
    ...[...openid, ...oauth].map((path) => ({ path, name: 'discovery', endpoint: discovery, ...open })),
  ];
}

/** Tokens that come back. */
function tokenRoutes({ revoke, introspect }: Endpoints): readonly Route[] {
  return [
    {
      method: 'POST',
      path: endpointPaths.revoke,
      name: 'revoke',
      endpoint: revoke,
      effect: 'act',
      form: 'required',
      ...api,
    },
    {
      method: 'POST',
      path: endpointPaths.introspect,
      name: 'introspect',
      endpoint: introspect,
      effect: 'read',
      form: 'required',
      ...api,
      // An API asks from a server of its own, never from a page.
      cors: 'none',
    },
  ];
}

/** What became of tokens. */
function statusRoutes({ statusList, statusFeed }: Endpoints): readonly Route[] {
  return [
    {
      ...open,
      path: `${listFolder}*`,
      name: 'status_list',
      endpoint: statusList,
      // Kept by nobody without asking: a copy of before would hide what was revoked since.
      cache: 'public, no-cache',
      limit: 'tokenPerAddress',
    },
    {
      ...api,
      method: 'POST',
      path: `${listFolder}feed`,
      name: 'status_feed',
      endpoint: statusFeed,
      effect: 'read',
      form: 'required',
      // An API listens from a server of its own, never from a page.
      cors: 'none',
    },
  ];
}

function assetRoute(asset: Asset): Route {
  const answer = { status: 200, headers: { 'content-type': asset.contentType }, body: asset.body };
  return {
    ...open,
    cors: 'none',
    cache: 'public, max-age=31536000, immutable',
    path: asset.path,
    name: 'asset',
    endpoint: async () => answer,
  };
}
