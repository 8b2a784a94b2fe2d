/** The metadata documents of issuers and APIs: their wire form, where they lie, and what an issuer may be called. */
import { hasUriCharacters, isLoopbackHost } from './uri.ts';

/** The discovery document (RFC 8414 §2; OpenID Connect Discovery §3; RFC 9207 §3). */
export interface AuthorizationServerMetadata {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly jwks_uri: string;
  readonly userinfo_endpoint?: string;
  readonly end_session_endpoint?: string;
  readonly introspection_endpoint?: string;
  readonly introspection_endpoint_auth_methods_supported?: readonly string[];
  readonly introspection_endpoint_auth_signing_alg_values_supported?: readonly string[];
  readonly introspection_signing_alg_values_supported?: readonly string[];
  readonly revocation_endpoint?: string;
  readonly revocation_endpoint_auth_methods_supported?: readonly string[];
  readonly revocation_endpoint_auth_signing_alg_values_supported?: readonly string[];
  readonly registration_endpoint?: string;
  readonly pushed_authorization_request_endpoint?: string;
  readonly device_authorization_endpoint?: string;
  readonly scopes_supported?: readonly string[];
  readonly response_types_supported: readonly string[];
  readonly response_modes_supported?: readonly string[];
  readonly grant_types_supported?: readonly string[];
  readonly acr_values_supported?: readonly string[];
  readonly subject_types_supported?: readonly string[];
  readonly userinfo_signing_alg_values_supported?: readonly string[];
  readonly id_token_signing_alg_values_supported?: readonly string[];
  readonly token_endpoint_auth_methods_supported?: readonly string[];
  readonly token_endpoint_auth_signing_alg_values_supported?: readonly string[];
  readonly code_challenge_methods_supported?: readonly string[];
  readonly prompt_values_supported?: readonly string[];
  readonly display_values_supported?: readonly string[];
  readonly claim_types_supported?: readonly string[];
  readonly claims_supported?: readonly string[];
  readonly ui_locales_supported?: readonly string[];
  readonly claims_parameter_supported?: boolean;
  readonly request_parameter_supported?: boolean;
  readonly request_uri_parameter_supported?: boolean;
  readonly require_request_uri_registration?: boolean;
  readonly authorization_response_iss_parameter_supported?: boolean;
  readonly backchannel_logout_supported?: boolean;
  readonly backchannel_logout_session_supported?: boolean;
  readonly service_documentation?: string;
  readonly op_policy_uri?: string;
  readonly op_tos_uri?: string;
}

/** What an API says about itself (RFC 9728 §2). */
export interface ProtectedResourceMetadata {
  readonly resource: string;
  readonly authorization_servers?: readonly string[];
  readonly scopes_supported?: readonly string[];
  readonly bearer_methods_supported?: readonly string[];
  readonly resource_name?: string;
  readonly resource_documentation?: string;
}

const openidDocument = '/.well-known/openid-configuration';
const oauthDocument = '/.well-known/oauth-authorization-server';

/**
 * The paths at which an issuer's documents lie, the one of the specification first.
 *
 * For an issuer with a path, OpenID Connect Discovery §4 appends its document and RFC 8414 §3.1 inserts; RFC 8414 §5
 * lets clients look for the OpenID one at the inserted place too.
 *
 * @throws {TypeError} when the issuer is not a URL
 * @example wellKnownPaths('https://a.example/t').openid[0]; // '/t/.well-known/openid-configuration'
 */
export function wellKnownPaths(issuer: string): {
  readonly openid: readonly string[];
  readonly oauth: readonly string[];
} {
  const url = URL.parse(issuer);
  if (url === null) throw new TypeError('The issuer is not a URL.');
  const path = url.pathname.replace(/\/$/, '');
  if (path === '') return { openid: [openidDocument], oauth: [oauthDocument] };
  return { openid: [path + openidDocument, openidDocument + path], oauth: [oauthDocument + path] };
}

/**
 * Why a text cannot be our issuer identifier; undefined when it can.
 *
 * Stricter than the specifications, which let foreign issuers end with a slash: identifiers are compared as raw
 * strings, so ours has exactly one spelling.
 *
 * @example issuerProblem('http://login.example'); // 'is http on a host that is not loopback'
 * @see RFC 8414 §2
 */
export function issuerProblem(issuer: string): string | undefined {
  if (!hasUriCharacters(issuer)) return 'has characters that a URI may not have, or is longer than 2048 characters';
  const url = /^https?:\/\/[^/?#]/.test(issuer) ? URL.parse(issuer) : null;
  if (url === null) return 'must begin with https:// (http:// for a loopback host) and a host';
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) return 'is http on a host that is not loopback';
  if (/[?#]/.test(issuer)) return 'has a query or a fragment';
  if (url.username !== '' || url.password !== '') return 'has user information';
  if (issuer.endsWith('/')) return 'ends with a slash';
  const canonical = url.href.replace(/\/$/, '');
  return issuer === canonical ? undefined : `is not in canonical form, which is ${canonical}`;
}
