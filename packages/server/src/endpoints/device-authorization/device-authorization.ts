/**
 * The device authorization endpoint: where a device without keyboard or browser begins.
 *
 * Owns: the pair of codes, what the device may ask for, and what is noted of where it asked from. Does not own: client
 * authentication (`clients/`), the page (`endpoints/device`), nor polling (`endpoints/token`).
 */
import {
  createPrefixedToken,
  epochSeconds,
  type HttpRequest,
  hashSecret,
  type Runtime,
  refuse,
  tokenPrefixes,
} from '@castellan/protocol';
import { createUserCode, hashUserCode, showUserCode } from '../../authorizations/user-code.ts';
import type { Authenticate } from '../../clients/authenticate.ts';
import { type Client, deviceGrantType } from '../../clients/client.ts';
import type { Endpoint } from '../../http/exchange.ts';
import { parseBackChannelForm } from '../../requests/back-channel-form.ts';
import { checkRights } from '../../requests/check.ts';
import { parseParameters } from '../../requests/parse.ts';
import type { ResourceDirectory } from '../../resources/resource.ts';
import type { DeviceCodeRow, DeviceCodeStore } from '../../store/device-code-store.ts';

export interface DeviceAuthorizationDeps {
  readonly issuer: string;
  readonly authenticate: Authenticate<Client>;
  readonly resources: ResourceDirectory;
  readonly store: Pick<DeviceCodeStore, 'createDeviceCode'>;
  readonly userCodeKey: Buffer;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
}

/** Seconds: short, since who phishes needs time (RFC 10027 §6.1); RFC 8628 §3.2 gives the interval. */
const lifetime = 600;
const interval = 5;
const longestUserAgent = 200;
/** Of 20^8 codes a few are in use: a second try is rare, and a fifth means that something else is wrong. */
const tries = 5;

/**
 * Answers with a device code and a user code.
 *
 * @see RFC 8628 §3.1, §3.2; RFC 8707 §2
 */
export function createDeviceAuthorizationEndpoint(deps: DeviceAuthorizationDeps): Endpoint {
  return async (request, exchange) => {
    const { parameters } = parseBackChannelForm(request);
    const client = await deps.authenticate(request, parameters, exchange);
    if (!client.grants.has(deviceGrantType)) refuse('grant_not_allowed');
    const rights = checkRights(parseParameters(request.body), client, deps.resources);
    const deviceCode = createPrefixedToken(
      tokenPrefixes.deviceCode,
      deps.runtime.randomBytes(32).toString('base64url'),
    );
    const now = epochSeconds(deps.runtime);
    const userCode = await store(deps, {
      deviceCodeHash: hashSecret(deviceCode),
      client: client.id,
      ...rights,
      address: exchange.address,
      userAgent: userAgentOf(request),
      createdAt: now,
      expiresAt: now + lifetime,
      interval,
      polledAt: undefined,
      claim: undefined,
      session: undefined,
      authorization: undefined,
      deniedAt: undefined,
      redeemedAt: undefined,
    });
    const page = `${deps.issuer}/device`;
    const body = {
      device_code: deviceCode,
      user_code: userCode,
      verification_uri: page,
      verification_uri_complete: `${page}?user_code=${userCode}`,
      expires_in: lifetime,
      interval,
    };
    const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
    return { status: 200, headers, body: JSON.stringify(body) };
  };
}

/** Stores the code under a user code that no other one has, and answers that. */
async function store(deps: DeviceAuthorizationDeps, code: Omit<DeviceCodeRow, 'userCodeHash'>): Promise<string> {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const userCode = createUserCode(deps.runtime);
    const row = { ...code, userCodeHash: hashUserCode(userCode, deps.userCodeKey) };
    if ((await deps.store.createDeviceCode(row)) === 'created') return showUserCode(userCode);
  }
  return refuse('overloaded', { detail: 'every user code tried is taken', retryAfter: 1 });
}

/** Untrusted, for the person's eyes: cut, and without what would hide or turn text around. */
function userAgentOf(request: Pick<HttpRequest, 'headers'>): string {
  const [sent = ''] = request.headers['user-agent'] ?? [];
  return sent
    .replace(/[^\x20-\x7e]/g, ' ')
    .trim()
    .slice(0, longestUserAgent);
}
