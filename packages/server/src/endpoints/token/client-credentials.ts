/** The client credentials grant: what is peculiar to it (RFC 6749 §4.4, OAuth 2.1 §4.2). */
import { refuse } from '@castellan/protocol';
import type { Grant } from './token.ts';

/**
 * A client asks for itself: there is no artefact, so its rights are its registration, as it is now.
 *
 * INVARIANT: a public client is refused here too, though none can be registered for the grant: anybody can say its
 * name.
 */
export const clientCredentialsGrant: Grant = {
  invalid: 'grant_not_allowed',
  find: async ({ client, parameters }) => {
    if (client.authentication === 'none') return refuse('grant_not_allowed', { detail: 'a public client' });
    const own = { scopes: [...client.ownScopes], resources: client.resources };
    return { authorization: undefined, own, askedScope: parameters['scope'] };
  },
};
