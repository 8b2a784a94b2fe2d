/**
 * Discovery: the metadata documents and the key set, which anybody may read.
 *
 * Owns: what this server says about itself, and only what is true today (R-099).
 * Does not own: the routes' paths under the issuer (handed in), how long a document may be cached, CORS, keys.
 */
import {
  type AuthorizationServerMetadata,
  assertionAlgorithms,
  type JwkSet,
  signatureAlgorithms,
} from '@castellan/protocol';
import type { Endpoint } from '../../http/exchange.ts';
import type { KeyRing } from '../../keys/key-ring.ts';
import type { ResourceDirectory } from '../../resources/resource.ts';
import { authenticationContexts } from '../../sessions/authentication-context.ts';
import { documentAnswer, type PublicDocument, publicDocument } from './document.ts';

/** For the routes of this folder: long enough to spare requests, far shorter than a key is announced (`keys/`). */
export const documentCacheControl = 'public, max-age=300';

/** Paths below the issuer, each beginning with a slash. */
export interface EndpointPaths {
  readonly authorize: string;
  readonly deviceAuthorization: string;
  readonly token: string;
  readonly userinfo: string;
  readonly revoke: string;
  readonly introspect: string;
  readonly logout: string;
  readonly jwks: string;
}

export interface DiscoveryDeps {
  readonly issuer: string;
  readonly resources: ResourceDirectory;
  readonly paths: EndpointPaths;
  /** Another object whenever clients or resources have changed. */
  readonly edition: () => object;
  /** Claims of UserInfo. */
  readonly profileClaims: readonly string[];
}

const clientMethods: readonly string[] = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'];

/**
 * The metadata of this server. Every URL comes from the configured issuer, never from the request.
 *
 * @see RFC 8414 §2, OpenID Connect Discovery §3, RFC 9207 §3, OpenID Connect RP-Initiated Logout §2.1
 */
function serverMetadata(deps: DiscoveryDeps): AuthorizationServerMetadata {
  const { issuer, paths } = deps;
  return {
    issuer,
    authorization_endpoint: issuer + paths.authorize,
    device_authorization_endpoint: issuer + paths.deviceAuthorization,
    token_endpoint: issuer + paths.token,
    userinfo_endpoint: issuer + paths.userinfo,
    revocation_endpoint: issuer + paths.revoke,
    revocation_endpoint_auth_methods_supported: clientMethods,
    revocation_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    introspection_endpoint: issuer + paths.introspect,
    introspection_endpoint_auth_methods_supported: clientMethods.filter((method) => method !== 'none'),
    introspection_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    introspection_signing_alg_values_supported: signatureAlgorithms,
    end_session_endpoint: issuer + paths.logout,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    jwks_uri: issuer + paths.jwks,
    scopes_supported: deps.resources.all().flatMap((resource) => [...resource.scopes.keys()]),
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'form_post'],
    // Said because the default would include the implicit grant (RFC 8414 §2).
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'urn:ietf:params:oauth:grant-type:device_code',
    ],
    subject_types_supported: ['public', 'pairwise'],
    id_token_signing_alg_values_supported: signatureAlgorithms,
    userinfo_signing_alg_values_supported: signatureAlgorithms,
    token_endpoint_auth_methods_supported: clientMethods,
    token_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    code_challenge_methods_supported: ['S256'],
    acr_values_supported: authenticationContexts,
    claim_types_supported: ['normal'],
    claims_supported: [
      'iss',
      'sub',
      'aud',
      'exp',
      'iat',
      'auth_time',
      'nonce',
      'acr',
      'amr',
      'sid',
      ...deps.profileClaims,
    ],
    claims_parameter_supported: true,
    request_parameter_supported: false,
    // Said because the default is true (OpenID Connect Discovery §3).
    request_uri_parameter_supported: false,
    authorization_response_iss_parameter_supported: true,
  };
}

/** One document for both well-known names; its bytes are made anew only when somebody was registered or changed. */
export function createDiscoveryEndpoint(deps: DiscoveryDeps): Endpoint {
  const documents = new WeakMap<object, PublicDocument>();
  return async (request) => {
    const edition = deps.edition();
    const document = documents.get(edition) ?? publicDocument(serverMetadata(deps));
    documents.set(edition, document);
    return documentAnswer(document, request);
  };
}

/** The key set (RFC 7517 §5); its bytes are made anew only when a key comes or goes. */
export function createJwksEndpoint(deps: { readonly keys: Pick<KeyRing, 'jwks'> }): Endpoint {
  const documents = new WeakMap<JwkSet, PublicDocument>();
  return async (request) => {
    const jwks = await deps.keys.jwks();
    const document = documents.get(jwks) ?? publicDocument(jwks);
    documents.set(jwks, document);
    return documentAnswer(document, request);
  };
}
