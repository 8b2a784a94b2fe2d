/** What this API says about itself to clients that look for it (RFC 9728). */
import type { Rule } from '@castellan/policy';
import type { ProtectedResourceMetadata } from '@castellan/protocol';

const wellKnown = '/.well-known/oauth-protected-resource';

/** The path of the document: inserted between host and path of the resource identifier (RFC 9728 §3.1). */
export function metadataPath(resource: string): string {
  return wellKnown + new URL(resource).pathname.replace(/\/$/, '');
}

/** The address of the document, for challenges. */
export function metadataUrl(resource: string): string {
  return new URL(resource).origin + metadataPath(resource);
}

/**
 * The document. `resource` is the configured identifier, character for character (RFC 9728 §3.3); the scopes are
 * those that the rules of the policy ask for.
 */
export function resourceMetadata(settings: {
  readonly resource: string;
  readonly name: string;
  readonly issuers: readonly { readonly issuer: string }[];
  readonly rules: readonly Rule[];
  readonly documentation?: string | undefined;
}): ProtectedResourceMetadata {
  const scopes = [...new Set(settings.rules.flatMap((rule) => rule.scopes))].sort();
  return {
    resource: settings.resource,
    authorization_servers: settings.issuers.map(({ issuer }) => issuer),
    ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
    resource_name: settings.name,
    ...(settings.documentation === undefined ? {} : { resource_documentation: settings.documentation }),
  };
}
