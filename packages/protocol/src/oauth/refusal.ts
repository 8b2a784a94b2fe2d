/**
 * Every way the protocol says no: a closed union of reasons and one exhaustive map to the wire.
 *
 * Adding a reason does not compile until it is mapped. The description on the wire is a constant; what was found
 * goes into `detail`, which only the security event may carry.
 */
import type { OAuthErrorCode } from './error-code.ts';

/** Why a request is refused. Grouped by the specification that defines the answer. */
export type RefusalReason =
  // RFC 6749 §4.1.2.1, §5.2: shape of the request
  | 'malformed_request'
  | 'repeated_parameter'
  | 'missing_parameter'
  | 'invalid_parameter'
  | 'secret_in_url'
  | 'unsupported_response_type'
  | 'unsupported_response_mode'
  | 'unsupported_grant_type'
  | 'scope_malformed'
  | 'scope_not_allowed'
  // RFC 6749 §3.1.2, §4.1.2.1: never redirect
  | 'unknown_client'
  | 'redirect_uri_mismatch'
  | 'parked_request_gone'
  | 'wrong_browser'
  | 'csrf_rejected'
  // RFC 6749 §3.2.1, §5.2: the client
  | 'client_authentication_failed'
  | 'client_authentication_repeated'
  | 'grant_not_allowed'
  | 'token_of_another_client'
  | 'client_disabled'
  // RFC 7636: PKCE
  | 'challenge_required'
  | 'challenge_method_unsupported'
  | 'verifier_mismatch'
  // RFC 6749 §5.2: the grant
  | 'code_invalid'
  | 'code_expired'
  | 'code_replayed'
  | 'refresh_invalid'
  | 'refresh_expired'
  | 'refresh_reused'
  | 'refresh_retry_refused'
  | 'authorization_revoked'
  | 'person_not_active'
  // RFC 8628 §3.5
  | 'device_code_invalid'
  | 'device_code_expired'
  | 'device_code_used'
  | 'device_denied'
  | 'authorization_pending'
  | 'slow_down'
  // RFC 8707
  | 'resource_invalid'
  // OpenID Connect Core §3.1.2.6
  | 'login_required'
  | 'consent_required'
  | 'request_object_unsupported'
  | 'request_uri_unsupported'
  | 'registration_unsupported'
  | 'authentication_requirements_unmet'
  | 'access_denied'
  // OpenID Connect RP-Initiated Logout §2
  | 'id_token_hint_invalid'
  | 'post_logout_redirect_uri_mismatch'
  // RFC 6750 §3.1: at a resource
  | 'credentials_missing'
  | 'credentials_malformed'
  | 'token_invalid'
  | 'insufficient_scope'
  | 'step_up_required'
  | 'forbidden'
  | 'object_not_found'
  | 'input_invalid'
  // GraphQL over HTTP: the operation, not the request that carries it
  | 'operation_malformed'
  | 'operation_invalid'
  | 'operation_too_large'
  | 'operation_not_listed'
  // A web app's backend: its session, the issuer behind it, the API behind it
  | 'session_required'
  | 'session_ended'
  | 'sign_in_refused'
  | 'issuer_answer_refused'
  | 'issuer_unavailable'
  | 'upstream_refused'
  | 'upstream_unavailable'
  // HTTP
  | 'not_found'
  | 'method_not_allowed'
  | 'https_required'
  | 'flow_out_of_order'
  | 'flow_too_fast'
  | 'request_timeout'
  | 'media_type_unsupported'
  | 'body_too_large'
  | 'rate_limited'
  | 'overloaded'
  | 'store_unavailable'
  | 'server_error';

/** What the other side is told. */
export interface WireRefusal {
  readonly error: OAuthErrorCode;
  readonly status: number;
  /** A constant. Characters of RFC 6749 §5.2 only: no quote, no backslash, no line break. */
  readonly description: string;
}

/** The wire form of each reason. */
export const wireRefusals: Readonly<Record<RefusalReason, WireRefusal>> = Object.freeze({
  malformed_request: wire('invalid_request', 400, 'The request is malformed.'),
  repeated_parameter: wire('invalid_request', 400, 'A parameter is sent more than once.'),
  missing_parameter: wire('invalid_request', 400, 'A required parameter is missing.'),
  invalid_parameter: wire('invalid_request', 400, 'A parameter has a value that is not allowed.'),
  secret_in_url: wire('invalid_request', 400, 'Credentials and tokens are not accepted in the URL.'),
  unsupported_response_type: wire('unsupported_response_type', 400, 'Only the response type code is supported.'),
  unsupported_response_mode: wire('invalid_request', 400, 'This response mode is not supported.'),
  unsupported_grant_type: wire('unsupported_grant_type', 400, 'This grant type is not supported.'),
  scope_malformed: wire('invalid_scope', 400, 'The scope is missing or malformed.'),
  scope_not_allowed: wire('invalid_scope', 400, 'The scope is not allowed for this client.'),
  unknown_client: wire('invalid_client', 400, 'The client is not known here.'),
  redirect_uri_mismatch: wire('invalid_redirect_uri', 400, 'The redirect URI is not registered for this client.'),
  parked_request_gone: wire('invalid_request', 400, 'This sign-in has expired or is already finished.'),
  wrong_browser: wire('invalid_request', 400, 'This sign-in was started in another browser.'),
  csrf_rejected: wire('invalid_request', 403, 'The form was not sent from this site.'),
  client_authentication_failed: wire('invalid_client', 401, 'Client authentication failed.'),
  client_authentication_repeated: wire('invalid_request', 400, 'Use exactly one client authentication method.'),
  grant_not_allowed: wire('unauthorized_client', 400, 'This grant type is not allowed for this client.'),
  token_of_another_client: wire('invalid_grant', 400, 'The token belongs to another client.'),
  client_disabled: wire('invalid_client', 401, 'Client authentication failed.'),
  challenge_required: wire('invalid_request', 400, 'A PKCE code_challenge is required.'),
  challenge_method_unsupported: wire('invalid_request', 400, 'Only the code_challenge_method S256 is supported.'),
  verifier_mismatch: wire('invalid_grant', 400, 'The code_verifier does not fit the code.'),
  code_invalid: wire('invalid_grant', 400, 'The code is not valid.'),
  code_expired: wire('invalid_grant', 400, 'The code is not valid.'),
  code_replayed: wire('invalid_grant', 400, 'The code is not valid.'),
  refresh_invalid: wire('invalid_grant', 400, 'The refresh token is not valid.'),
  refresh_expired: wire('invalid_grant', 400, 'The refresh token is not valid.'),
  refresh_reused: wire('invalid_grant', 400, 'The refresh token is not valid.'),
  refresh_retry_refused: wire('invalid_grant', 400, 'The refresh token is not valid.'),
  authorization_revoked: wire('invalid_grant', 400, 'The authorization has ended.'),
  person_not_active: wire('invalid_grant', 400, 'The authorization has ended.'),
  device_code_invalid: wire('invalid_grant', 400, 'The device code is not valid.'),
  device_code_expired: wire('expired_token', 400, 'The device code has expired.'),
  device_code_used: wire('invalid_grant', 400, 'The device code is not valid.'),
  device_denied: wire('access_denied', 400, 'The request was denied.'),
  authorization_pending: wire('authorization_pending', 400, 'Nobody has decided yet.'),
  slow_down: wire('slow_down', 400, 'Ask less often.'),
  resource_invalid: wire('invalid_target', 400, 'The resource is not allowed here.'),
  login_required: wire('login_required', 400, 'The person must sign in.'),
  consent_required: wire('consent_required', 400, 'The person must consent.'),
  authentication_requirements_unmet: wire(
    'unmet_authentication_requirements',
    400,
    'The sign-in that is asked for is not possible here.',
  ),
  request_object_unsupported: wire('request_not_supported', 400, 'Request objects are not supported.'),
  request_uri_unsupported: wire('request_uri_not_supported', 400, 'The request_uri parameter is not supported.'),
  registration_unsupported: wire('registration_not_supported', 400, 'The registration parameter is not supported.'),
  access_denied: wire('access_denied', 403, 'The request was denied.'),
  id_token_hint_invalid: wire('invalid_id_token_hint', 400, 'The id_token_hint is not valid.'),
  post_logout_redirect_uri_mismatch: wire(
    'invalid_post_logout_redirect_uri',
    400,
    'The post_logout_redirect_uri is not registered for this client.',
  ),
  credentials_missing: wire('invalid_token', 401, 'An access token is required.'),
  credentials_malformed: wire('invalid_request', 400, 'The credentials are malformed.'),
  token_invalid: wire('invalid_token', 401, 'The access token is not valid here.'),
  insufficient_scope: wire('insufficient_scope', 403, 'The access token lacks a scope.'),
  step_up_required: wire('insufficient_user_authentication', 401, 'A stronger or more recent sign-in is required.'),
  forbidden: wire('access_denied', 403, 'This is not allowed.'),
  object_not_found: wire('not_found', 404, 'There is nothing here.'),
  input_invalid: wire('invalid_request', 400, 'The input is not valid.'),
  operation_malformed: wire('invalid_request', 400, 'The document is not GraphQL.'),
  operation_invalid: wire('invalid_request', 400, 'The operation does not fit the schema.'),
  operation_too_large: wire('invalid_request', 400, 'The operation exceeds a bound of this API.'),
  operation_not_listed: wire('invalid_request', 400, 'The operation is not one of those that this API lists.'),
  session_required: wire('login_required', 401, 'Sign in first.'),
  session_ended: wire('login_required', 401, 'The session has ended. Sign in again.'),
  sign_in_refused: wire('access_denied', 403, 'The sign-in was not completed.'),
  issuer_answer_refused: wire('server_error', 502, 'The answer of the sign-in service was not accepted.'),
  issuer_unavailable: wire('temporarily_unavailable', 503, 'The sign-in service cannot be reached. Try again later.'),
  upstream_refused: wire('server_error', 502, 'The answer of the service behind was not accepted.'),
  upstream_unavailable: wire('temporarily_unavailable', 503, 'The service behind cannot be reached. Try again later.'),
  not_found: wire('not_found', 404, 'There is nothing here.'),
  method_not_allowed: wire('invalid_request', 405, 'This method is not allowed here.'),
  https_required: wire('invalid_request', 403, 'This API is reached by https only.'),
  flow_out_of_order: wire('invalid_request', 409, 'This step is not the next one. Begin again.'),
  flow_too_fast: wire('temporarily_unavailable', 429, 'Too fast. Try again later.'),
  request_timeout: wire('invalid_request', 408, 'The request took too long to arrive.'),
  media_type_unsupported: wire('invalid_request', 415, 'This media type is not accepted here.'),
  body_too_large: wire('invalid_request', 413, 'The body is too large.'),
  rate_limited: wire('temporarily_unavailable', 429, 'Too many requests. Try again later.'),
  overloaded: wire('temporarily_unavailable', 503, 'The server is busy. Try again later.'),
  store_unavailable: wire('temporarily_unavailable', 503, 'The server is not available. Try again later.'),
  server_error: wire('server_error', 500, 'Something went wrong here.'),
});

function wire(error: OAuthErrorCode, status: number, description: string): WireRefusal {
  return Object.freeze({ error, status, description });
}

/** How an authorization response travels: in the redirect URI, or as a form the browser posts there. */
export type ResponseMode = 'query' | 'form_post';

/** Where and how an authorization error is delivered once the redirect URI has been checked. */
export interface AuthorizationErrorTarget {
  readonly redirectUri: string;
  readonly state: string | undefined;
  readonly responseMode: ResponseMode;
  /** Whether the answer may redirect by itself; otherwise the person follows a link (RFC 9700 §4.11.2). */
  readonly automatic: boolean;
  /** The chain began with a form of ours: a page goes on to the client, since `form-action` governs redirects. */
  readonly afterForm?: boolean;
}

/** What some refusals add for the one place that answers them. */
export interface RefusalContext {
  /** Private: what was found. Goes to the security event only, and must never hold a secret or a token. */
  readonly detail?: string;
  /** Seconds until a retry makes sense. */
  readonly retryAfter?: number;
  /** All scopes needed at once, for a challenge. */
  readonly scope?: string;
  /** For `step_up_required`: how the person must have signed in, parted by spaces. */
  readonly acrValues?: string;
  /** For `step_up_required`: seconds since the person signed in at most. */
  readonly maxAge?: number;
  /** The authentication scheme the client tried, echoed as a challenge (RFC 6749 §5.2). */
  readonly challenge?: 'Basic' | 'Bearer';
  /** Set when the error may go back to the client. */
  readonly target?: AuthorizationErrorTarget;
  /** For `input_invalid` and `operation_…` at a resource: what is wrong, by name. Never values. */
  readonly problems?: readonly { readonly path: string; readonly message: string }[];
  /** For `method_not_allowed`: the methods that are. */
  readonly allow?: string;
}

/** The one error that means «the protocol says no»; thrown anywhere, answered in one place. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reason: RefusalReason;
  readonly context: RefusalContext;

  constructor(reason: RefusalReason, context: RefusalContext = {}) {
    super(reason);
    this.reason = reason;
    this.context = context;
  }
}

/**
 * Refuses the request.
 *
 * @throws {Refusal} always
 * @example if (client === undefined) refuse('unknown_client', { detail: 'no such client_id' });
 */
export function refuse(reason: RefusalReason, context: RefusalContext = {}): never {
  throw new Refusal(reason, context);
}
