/** What a client asks to do, API by API, in the words that the API was registered with. */
import { html } from 'hono/html';
import type { Html } from './page.ts';

/** Rights at one API; the words of all its scopes are known. */
interface AskedAt {
  readonly resource: {
    readonly audience: string;
    readonly name: string;
    readonly scopes: ReadonlyMap<string, string>;
    readonly parts?: ReadonlyMap<string, string>;
  };
  readonly scopes: readonly string[];
}

/** `below` is the level of the heading that the list stands under: 1 unless it is part of a longer page. */
export function grantList(id: string, asked: readonly AskedAt[], below: 1 | 3 = 1): Html | '' {
  const title = (name: string): Html => (below === 1 ? html`<h2>${name}</h2>` : html`<h4>${name}</h4>`);
  return asked.length === 0
    ? ''
    : html`<ul class="grants" id="${id}">${asked.map((one) => grantOf(one, title(one.resource.name)))}</ul>`;
}

function grantOf({ resource, scopes }: AskedAt, title: Html): Html {
  const words = scopes.map(
    (scope) => html`<li>${resource.scopes.get(scope) ?? resource.parts?.get(scope) ?? scope}</li>`,
  );
  const list = words.length === 0 ? html`<li>Be recognised there</li>` : words;
  return html`<li>${title}<p>${placeOf(resource.audience)}</p><ul>${list}</ul></li>
`;
}

/** Below the question: where to undo it. */
export function takeBackHint(accountAddress: string): Html {
  return html`<p class="small">You can take this back at any time: on <a id="account" href="${accountAddress}">your account page</a>.</p>`;
}

/** Where the API is: its host, or its whole name when that is no address. */
function placeOf(audience: string): string {
  return /^https?:/.test(audience) ? new URL(audience).host : audience;
}
