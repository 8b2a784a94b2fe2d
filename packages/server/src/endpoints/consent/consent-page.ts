/** What the consent page says: who asks, who is asked, for which APIs and rights, for how long, and where to. */
import { html } from 'hono/html';
import type { Client } from '../../clients/client.ts';
import { clientFooter, clientLogo, formTargets, logoOrigins } from '../../http/client-identity.ts';
import { grantList, takeBackHint } from '../../http/grant-list.ts';
import { type Html, hostOf, type PageContent } from '../../http/page.ts';
import { notYou, personIdentity } from '../../http/person-identity.ts';
import type { CheckedRequest } from '../../requests/check.ts';
import { accessDuration, type KeptFor } from '../../requests/duration.ts';
import type { Resource } from '../../resources/resource.ts';
import type { PersonRow } from '../../store/store.ts';

export interface ConsentView {
  readonly client: Client;
  readonly request: CheckedRequest;
  readonly person: PersonRow;
  /** At least one, or there would be nothing to ask. */
  readonly asked: readonly { readonly resource: Resource; readonly scopes: readonly string[] }[];
  readonly lifetimes: Omit<KeptFor, 'accessToken'>;
  readonly action: string;
  readonly otherAccount: string;
  /** Address of the account page. */
  readonly account: string;
  readonly formToken: string;
}

export function consentPage(view: ConsentView): PageContent {
  const { client, request } = view;
  const footer = clientFooter(client);
  return {
    status: 200,
    title: `Allow ${client.name}`,
    main: consentMain(view),
    hasForm: true,
    formTargets: formTargets(request.redirectUri),
    imageOrigins: logoOrigins(client),
    ...(footer === undefined ? {} : { footer }),
  };
}

function consentMain(view: ConsentView): Html {
  const { client, request } = view;
  return html`${clientLogo(client)}<h1>Allow <bdi id="client-name">${client.name}</bdi>?</h1>
<p class="lead">It asks to do this with your account:</p>
${grantList('consent-grants', view.asked)}
<dl class="facts">
<div><dt>How long</dt><dd id="consent-duration">${durationOf(view)}</dd></div>
<div><dt>Afterwards you go to</dt><dd id="consent-destination">${hostOf(request.redirectUri)}</dd></div>
</dl>
${personIdentity({ person: view.person, id: 'consent-person', aside: notYou(view.otherAccount) })}
<form method="post" action="${view.action}">
<input type="hidden" name="form_token" value="${view.formToken}">
<div class="actions pair">
<button id="consent-allow" type="submit" name="decision" value="allow">Allow</button>
<button id="consent-deny" class="plain" type="submit" name="decision" value="deny">Deny</button>
</div>
</form>
${takeBackHint(view.account)}`;
}

function durationOf({ client, request, asked, lifetimes }: ConsentView): string {
  const accessToken = Math.max(...asked.map(({ resource }) => resource.accessTokenLifetime));
  return accessDuration({ scopes: request.scopes, grants: client.grants }, { ...lifetimes, accessToken });
}
