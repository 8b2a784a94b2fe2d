/** How a client shows itself on our pages. All of it is text that somebody else wrote. */
import { html } from 'hono/html';
import type { Html } from './page.ts';

/** The part of a client that people see. */
export interface ClientIdentity {
  readonly name: string;
  readonly logoUri?: string;
  readonly policyUri?: string;
  readonly tosUri?: string;
}

export function clientLogo(client: ClientIdentity): Html | '' {
  if (client.logoUri === undefined) return '';
  return html`<img id="client-logo" class="client-logo" src="${client.logoUri}" alt="${client.name}" referrerpolicy="no-referrer">
`;
}

export function clientFooter({ name, policyUri, tosUri }: ClientIdentity): Html | undefined {
  if (policyUri === undefined && tosUri === undefined) return undefined;
  const policy =
    policyUri === undefined
      ? ''
      : html`<a id="client-policy" href="${policyUri}" rel="noreferrer">Privacy policy of <bdi>${name}</bdi></a>`;
  const tos =
    tosUri === undefined
      ? ''
      : html`<a id="client-tos" href="${tosUri}" rel="noreferrer">Terms of <bdi>${name}</bdi></a>`;
  return html`${policy}${tos}`;
}

/** The one origin, besides our own, that a page with the client's logo may load an image from. */
export function logoOrigins({ logoUri }: ClientIdentity): readonly string[] {
  return logoUri === undefined ? [] : [new URL(logoUri).origin];
}

/**
 * Where the chain of redirects after a form may end besides this origin: only an app's own scheme, which phones hand
 * over to on a redirect alone. An http(s) client is reached by a page that navigates.
 */
export function formTargets(redirectUri: string): readonly string[] {
  const { protocol } = new URL(redirectUri);
  return /^https?:$/.test(protocol) ? [] : [protocol];
}
