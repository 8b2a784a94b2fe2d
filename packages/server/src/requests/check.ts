/**
 * Checks an authorization request whole, before anybody is asked anything.
 *
 * First client and redirect URI: until both are right, a refusal is a page and goes nowhere (RFC 6749 §4.1.2.1). From
 * there on a refusal carries its target, and the client learns what was wrong.
 */
import {
  type AuthorizationErrorTarget,
  isCodeChallenge,
  matchRedirectUri,
  parseScope,
  Refusal,
  type RegisteredRedirectUri,
  type ResponseMode,
  refuse,
} from '@castellan/protocol';
import type { Client, ClientDirectory } from '../clients/client.ts';
import { offlineScope, type ResourceDirectory } from '../resources/resource.ts';
import { isReachable } from '../sessions/authentication-context.ts';
import { type ClaimsDemand, parseClaims } from './claims-parameter.ts';
import type { SentParameters } from './parse.ts';

/** An authorization request that may be granted if the person agrees. Parked as JSON, so plain data only. */
export interface CheckedRequest extends ClaimsDemand {
  readonly client: string;
  /** As sent; it fits a registered one. */
  readonly redirectUri: string;
  readonly responseMode: ResponseMode;
  readonly state?: string;
  readonly scopes: readonly string[];
  /** Audiences: those named, or the client's default; with `openid` the issuer as well. */
  readonly resources: readonly string[];
  /** Absent only for a client whose PKCE is optional. */
  readonly codeChallenge?: string;
  readonly nonce?: string;
  readonly prompt: readonly Prompt[];
  /** Seconds. */
  readonly maxAge?: number;
  readonly loginHint?: string;
  /** Nobody else will do: the subject of a verified `id_token_hint`, or a `sub` asked for by its value. */
  readonly subject?: string;
}

export type Prompt = 'none' | 'login' | 'consent' | 'select_account';

export interface CheckDeps {
  readonly clients: ClientDirectory;
  readonly resources: ResourceDirectory;
  /** The subject of an `id_token_hint` that is ours and was issued to this client. */
  readonly hintedSubject: (hint: string, client: string) => Promise<string | undefined>;
  /** Whether somebody is signed in here: only then may an error redirect by itself (RFC 9700 §4.11.2). */
  readonly signedIn: boolean;
}

export interface CheckedFor {
  readonly client: Client;
  readonly request: CheckedRequest;
}

/** State and nonce are returned whole or refused, never cut. */
const longestEcho = 2048;
const longestLoginHint = 320;
const prompts: ReadonlySet<string> = new Set<Prompt>(['none', 'login', 'consent', 'select_account']);

/**
 * Checks what was sent to the authorization endpoint.
 *
 * Does not check that the person agrees, nor that a session is there.
 *
 * @throws {Refusal} without a target while client, redirect URI or state are wrong, with one from there on
 */
export async function checkRequest(sent: SentParameters, deps: CheckDeps): Promise<CheckedFor> {
  const { client, redirectUri } = checkClient(sent, deps.clients);
  const state = checkEcho(sent, 'state');
  const automatic = deps.signedIn || sent.get('prompt') === 'none';
  try {
    const granted = checkGrant(sent, client, deps.resources);
    const responseMode = checkResponseMode(sent.get('response_mode'), client);
    const asked = await checkInteraction(sent, client, deps);
    const demanded = checkClaims(sent, client, { ...granted, ...asked });
    const request: CheckedRequest = {
      client: client.id,
      redirectUri,
      responseMode,
      ...(state === undefined ? {} : { state }),
      ...granted,
      ...asked,
      ...demanded,
    };
    return { client, request };
  } catch (error) {
    // From here on the refusal has somewhere to go; what is thrown stays what it was.
    if (!(error instanceof Refusal)) throw error;
    const responseMode = errorMode(sent.get('response_mode'), client);
    const target: AuthorizationErrorTarget = { redirectUri, state, responseMode, automatic };
    throw new Refusal(error.reason, { ...error.context, target });
  }
}

/** Where a refusal of an accepted request goes. */
export function errorTarget(request: CheckedRequest, automatic: boolean): AuthorizationErrorTarget {
  return { redirectUri: request.redirectUri, state: request.state, responseMode: request.responseMode, automatic };
}

/**
 * Checks once more that a parked request may be granted: the configuration may have changed since.
 *
 * @throws {Refusal} without a target: the redirect URI itself may have gone
 */
export function recheckRequest(request: CheckedRequest, client: Client, resources: ResourceDirectory): void {
  checkRedirectUri(request.redirectUri, client);
  checkCodeGrant(client);
  checkResponseMode(request.responseMode, client);
  if (request.codeChallenge === undefined && client.pkce !== 'optional') refuse('challenge_required');
  recheckRights(request, client, resources);
}

/** {@link checkRights} once more, for what was asked earlier. */
export function recheckRights(
  request: Pick<CheckedRequest, 'scopes' | 'resources'>,
  client: Client,
  resources: ResourceDirectory,
): void {
  checkScopes(request.scopes, client);
  checkResources(request.resources, client, resources);
}

function checkClient(
  sent: SentParameters,
  clients: ClientDirectory,
): { readonly client: Client; readonly redirectUri: RegisteredRedirectUri } {
  for (const name of ['client_id', 'redirect_uri']) {
    if (sent.repeated.has(name)) refuse('repeated_parameter', { detail: `repeated: ${name}` });
  }
  const id = sent.get('client_id') ?? refuse('missing_parameter', { detail: 'no client_id' });
  const client = clients.find(id) ?? refuse('unknown_client', { detail: 'no such client_id' });
  return { client, redirectUri: checkRedirectUri(sent.get('redirect_uri'), client) };
}

function checkRedirectUri(sent: string | undefined, client: Client): RegisteredRedirectUri {
  if (sent === undefined) return refuse('redirect_uri_mismatch', { detail: 'no redirect_uri' });
  const matched = matchRedirectUri(sent, client.redirectUris, client.kind);
  return matched ?? refuse('redirect_uri_mismatch', { detail: 'not a registered redirect_uri' });
}

function checkEcho(sent: SentParameters, name: 'state' | 'nonce'): string | undefined {
  if (sent.repeated.has(name)) refuse('repeated_parameter', { detail: `repeated: ${name}` });
  const value = sent.get(name);
  if (value === undefined) return undefined;
  if (value.length > longestEcho) refuse('invalid_parameter', { detail: `${name} is longer than ${longestEcho}` });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\x00-\x1f\x7f]/.test(value)) refuse('invalid_parameter', { detail: `${name} has control characters` });
  return value;
}

type GrantPart = Pick<CheckedRequest, 'scopes' | 'resources' | 'codeChallenge'>;

function checkGrant(sent: SentParameters, client: Client, resources: ResourceDirectory): GrantPart {
  checkKnownForms(sent);
  checkCodeGrant(client);
  const codeChallenge = checkChallenge(sent, client);
  const challenge = codeChallenge === undefined ? {} : { codeChallenge };
  return { ...challenge, ...checkRights(sent, client, resources) };
}

/** Nobody is asked to sign in or to allow anything for a code that the token endpoint would refuse. */
function checkCodeGrant(client: Client): void {
  if (!client.grants.has('authorization_code')) refuse('grant_not_allowed', { detail: 'authorization_code' });
}

/**
 * What a client asks for: scopes it may ask for, and the resources that have them.
 *
 * @throws {Refusal} `scope_malformed`, `scope_not_allowed`, `resource_invalid`
 */
export function checkRights(
  sent: SentParameters,
  client: Client,
  resources: ResourceDirectory,
): Pick<CheckedRequest, 'scopes' | 'resources'> {
  const scope = sent.get('scope') ?? refuse('scope_malformed', { detail: 'no scope' });
  const scopes = checkScopes(parseScope(scope), client);
  const named = sent.resources.length > 0 ? sent.resources : [client.defaultResource];
  const issuer = scopes.includes('openid') ? [resources.issuer.audience] : [];
  const audiences = checkResources([...new Set([...named, ...issuer])], client, resources);
  checkScopesHaveResource(scopes, audiences, resources);
  return { scopes, resources: audiences };
}

/** What this server does not do is refused by the code that says so, never left out silently. */
function checkKnownForms(sent: SentParameters): void {
  if (sent.repeated.size > 0) refuse('repeated_parameter');
  if (sent.get('request') !== undefined) refuse('request_object_unsupported');
  if (sent.get('request_uri') !== undefined) refuse('request_uri_unsupported');
  if (sent.get('registration') !== undefined) refuse('registration_unsupported');
  const type = sent.get('response_type') ?? refuse('missing_parameter', { detail: 'no response_type' });
  if (type !== 'code') refuse('unsupported_response_type');
}

/** one that this client is registered for. */
function checkResponseMode(asked: string | undefined, client: Client): ResponseMode {
  const mode = responseModesOf(client).find((one) => one === (asked ?? 'query'));
  return mode ?? refuse('unsupported_response_mode');
}

/** How an error reaches the client: as it asked, and if it may not ask so, by the first mode it is registered for. */
function errorMode(asked: string | undefined, client: Client): ResponseMode {
  const modes = responseModesOf(client);
  return modes.find((one) => one === asked) ?? modes[0];
}

function responseModesOf({ responseModes = ['query'] }: Client): readonly [ResponseMode, ...ResponseMode[]] {
  return responseModes;
}

/**
 * PKCE for every client, but for those that an administrator has excepted, and with S256 alone; without a method the
 * default would be plain (RFC 7636 §4.3).
 */
function checkChallenge(sent: SentParameters, client: Client): string | undefined {
  const challenge = sent.get('code_challenge');
  const sentMethod = sent.get('code_challenge_method');
  if (challenge === undefined && sentMethod === undefined && client.pkce === 'optional') return undefined;
  if (challenge === undefined) return refuse('challenge_required');
  const method = sentMethod ?? 'plain';
  if (method !== 'S256') refuse('challenge_method_unsupported');
  if (!isCodeChallenge(challenge)) refuse('invalid_parameter', { detail: 'code_challenge is not one of S256' });
  return challenge;
}

function checkScopes(scopes: readonly string[], client: Client): readonly string[] {
  const foreign = scopes.find((scope) => !client.scopes.has(scope));
  if (foreign !== undefined) refuse('scope_not_allowed', { detail: 'a scope that the client may not ask for' });
  return scopes;
}

function checkResources(audiences: readonly string[], client: Client, resources: ResourceDirectory): readonly string[] {
  for (const audience of audiences) {
    // INVARIANT: compared as raw strings with what is registered, so no parser decides what an audience is.
    if (resources.find(audience) === undefined) refuse('resource_invalid', { detail: 'not a registered resource' });
    if (!client.resources.includes(audience)) refuse('resource_invalid', { detail: 'not a resource of this client' });
  }
  return audiences;
}

/** A scope without its API could be granted and never used; the client hears of it now. */
function checkScopesHaveResource(
  scopes: readonly string[],
  audiences: readonly string[],
  resources: ResourceDirectory,
): void {
  const asked = audiences.map((audience) => resources.find(audience));
  for (const scope of scopes) {
    if (scope === offlineScope || asked.some((resource) => resource?.scopes.has(scope))) continue;
    refuse('scope_not_allowed', { detail: 'a scope of a resource that is not asked for' });
  }
}

type InteractionPart = Pick<CheckedRequest, 'prompt' | 'maxAge' | 'nonce' | 'loginHint' | 'subject'>;

async function checkInteraction(sent: SentParameters, client: Client, deps: CheckDeps): Promise<InteractionPart> {
  const nonce = checkEcho(sent, 'nonce');
  const maxAge = checkMaxAge(sent);
  const loginHint = sent.get('login_hint');
  const subject = await checkHint(sent, client, deps);
  return {
    prompt: checkPrompt(sent),
    ...(nonce === undefined ? {} : { nonce }),
    ...(maxAge === undefined ? {} : { maxAge }),
    // A hint only: one that is too long to be a login name is dropped.
    ...(loginHint === undefined || loginHint.length > longestLoginHint ? {} : { loginHint }),
    ...(subject === undefined ? {} : { subject }),
  };
}

/**
 * What `claims` asks for. Claims about a person are told by UserInfo and the ID token, which only `openid` opens.
 *
 * @throws {Refusal} `authentication_requirements_unmet` for a sign-in that this server does not have
 */
function checkClaims(
  sent: SentParameters,
  client: Client,
  { scopes, subject: hinted }: Pick<CheckedRequest, 'scopes' | 'subject'>,
): ClaimsDemand {
  const text = sent.get('claims');
  if (text === undefined) return {};
  const { claims, ...demand } = parseClaims(text, client);
  if (hinted !== undefined && demand.subject !== undefined && demand.subject !== hinted) {
    refuse('invalid_parameter', { detail: 'claims and id_token_hint name two people' });
  }
  if (demand.acr !== undefined && !isReachable(demand.acr)) {
    refuse('authentication_requirements_unmet', { detail: 'an essential acr that no sign-in here has' });
  }
  return claims === undefined || !scopes.includes('openid') ? demand : { ...demand, claims };
}

/** @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest */
function checkPrompt(sent: SentParameters): readonly Prompt[] {
  const values = sent.get('prompt')?.split(' ') ?? [];
  const known = values.filter((value): value is Prompt => prompts.has(value));
  if (known.length < values.length) refuse('invalid_parameter', { detail: 'an unknown prompt' });
  if (known.includes('none') && known.length > 1) refuse('invalid_parameter', { detail: 'prompt none with others' });
  return known;
}

function checkMaxAge(sent: SentParameters): number | undefined {
  const text = sent.get('max_age');
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) refuse('invalid_parameter', { detail: 'max_age is not whole seconds' });
  return Number(text);
}

async function checkHint(sent: SentParameters, client: Client, deps: CheckDeps): Promise<string | undefined> {
  const hint = sent.get('id_token_hint');
  if (hint === undefined) return undefined;
  const subject = await deps.hintedSubject(hint, client.id);
  return subject ?? refuse('invalid_parameter', { detail: 'id_token_hint is not an ID token of this client' });
}
