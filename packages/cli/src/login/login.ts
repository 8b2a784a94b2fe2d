/**
 * `castellan login` and `castellan logout`: signs a person in at any issuer by its device flow, and forgets them again.
 *
 * Owns: the order, and what the person reads. Does not own: what the issuer's metadata must look like (`discover.ts`),
 * the protocol (`openid-client`), where tokens lie (`token-file.ts`).
 */
import { secureUrl } from '@castellan/protocol';
import {
  type Configuration,
  initiateDeviceAuthorization,
  pollDeviceAuthorizationGrant,
  tokenRevocation,
} from 'openid-client';
import { CommandError } from '../failure.ts';
import { type DiscoverDeps, discover } from './discover.ts';
import { describeIssuerError } from './issuer-error.ts';
import { renderPrompt } from './prompt.ts';
import { forgetTokens, readTokens, saveTokens, type TokenPlace } from './token-file.ts';

export interface LoginOptions extends TokenPlace {
  readonly scope: string;
  readonly resources: readonly string[];
  /** Writes the access token, and nothing else, to the output. */
  readonly printToken: boolean;
}

export interface LoginDeps extends DiscoverDeps {
  /** Lines for a person; not the output that another program reads. */
  readonly tell: (text: string) => void;
  /** The output that another program reads. */
  readonly output: (text: string) => void;
  /** The folder of all token files. */
  readonly folder: string;
}

/**
 * Shows a code, waits for the person's answer, and keeps the tokens.
 *
 * @throws {CommandError} when the issuer cannot be used, or says no
 * @see RFC 8628
 */
export async function login(options: LoginOptions, deps: LoginDeps): Promise<void> {
  const configuration = await discover(options, deps);
  try {
    const tokens = await signIn(configuration, options, deps);
    const { access_token: accessToken, expires_in: lifetime, ...rest } = tokens;
    const expiresAt = lifetime === undefined ? undefined : Math.floor(deps.runtime.now() / 1000) + lifetime;
    const file = saveTokens(
      options,
      { accessToken, expiresAt, refreshToken: rest.refresh_token, scope: rest.scope },
      deps,
    );
    deps.tell(`You are signed in. The tokens are in ${file}, for your eyes alone.`);
    if (options.printToken) deps.output(accessToken);
  } catch (error) {
    throw describeIssuerError(error);
  }
}

async function signIn(configuration: Configuration, options: LoginOptions, deps: LoginDeps) {
  const parameters = new URLSearchParams({ scope: options.scope });
  for (const resource of options.resources) parameters.append('resource', resource);
  const response = await initiateDeviceAuthorization(configuration, parameters);
  const prompt = checkPrompt(response);
  deps.tell(renderPrompt(prompt));
  return pollDeviceAuthorizationGrant(configuration, response);
}

/**
 * What is about to be printed comes from outside: a terminal does what control characters say.
 *
 * @throws {CommandError} when it is no address or no code
 */
function checkPrompt(response: {
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete?: string;
  readonly expires_in: number;
}): Parameters<typeof renderPrompt>[0] {
  const { user_code: userCode, verification_uri: page, verification_uri_complete: complete = page } = response;
  const isSound = /^[\x21-\x7e]{1,64}$/.test(userCode) && [page, complete].every(isPrintableUrl);
  if (!isSound) throw new CommandError('The issuer answered with a code or an address that cannot be shown.');
  return { userCode, page, complete, minutes: Math.floor(response.expires_in / 60) };
}

function isPrintableUrl(text: string): boolean {
  return /^[\x21-\x7e]{1,500}$/.test(text) && secureUrl(text) !== undefined;
}

/** Removes the tokens here, after asking the issuer to end them, if it can. */
export async function logout(place: TokenPlace, deps: LoginDeps): Promise<void> {
  const tokens = readTokens(place, deps);
  if (tokens === undefined) {
    deps.tell('There was nobody signed in.');
    return;
  }
  const ended = await revoke(place, tokens.refreshToken ?? tokens.accessToken, deps);
  forgetTokens(place, deps);
  deps.tell(ended ? 'You are signed out, and the issuer has ended the tokens.' : 'You are signed out here.');
}

async function revoke(place: TokenPlace, token: string, deps: LoginDeps): Promise<boolean> {
  try {
    const configuration = await discover(place, deps);
    if (configuration.serverMetadata().revocation_endpoint === undefined) return false;
    await tokenRevocation(configuration, token);
    return true;
  } catch {
    return false;
  }
}
