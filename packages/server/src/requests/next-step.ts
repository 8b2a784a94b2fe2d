/**
 * The one place that decides what comes next for an authorization request: a pure function, so that every way through
 * sign-in and consent can be tested as a table. No step calls another; each comes back here.
 */
import type { RefusalReason } from '@castellan/protocol';
import { missingConsent, type WantedConsent } from '../authorizations/consent.ts';
import type { Client } from '../clients/client.ts';
import { claimRight, claimsOfScopes, widerRight, withClaimRights } from '../resources/claims.ts';
import { offlineScope, type ResourceDirectory, scopesAt } from '../resources/resource.ts';
import type { ConsentRow } from '../store/consent-store.ts';
import type { ParkedRequestRow, SessionRow } from '../store/store.ts';
import type { CheckedRequest } from './check.ts';

export interface Situation {
  readonly request: CheckedRequest;
  readonly client: Pick<Client, 'consent' | 'kind'>;
  /** Undefined while the request has just arrived. */
  readonly parked: Pick<ParkedRequestRow, 'session' | 'consentedAt' | 'deniedAt' | 'createdAt'> | undefined;
  /** The live session of a person who is active; undefined otherwise. */
  readonly session: SessionRow | undefined;
  /** By what name the client knows the person of the session. */
  readonly subject: string | undefined;
  readonly wanted: readonly WantedConsent[];
  readonly remembered: readonly ConsentRow[];
  /** Seconds since the epoch. */
  readonly now: number;
}

export type NextStep =
  | { readonly step: 'login' }
  | { readonly step: 'consent'; readonly session: SessionRow; readonly asked: readonly WantedConsent[] }
  /** `relied` is what the person allows and has to allow still when it is granted. */
  | { readonly step: 'respond'; readonly session: SessionRow; readonly relied: readonly WantedConsent[] }
  | { readonly step: 'refuse'; readonly reason: RefusalReason };

/**
 * What comes next: sign-in, consent, the answer, or a refusal.
 *
 * INVARIANT: `prompt=none` never leads to a page (OpenID Connect Core §3.1.2.1).
 */
export function nextStep(situation: Situation): NextStep {
  const { request, parked } = situation;
  if (parked?.deniedAt !== undefined) return { step: 'refuse', reason: 'access_denied' };
  const session = sessionThatCounts(situation);
  if (session === undefined) return loginStep(situation);
  const asked = askedConsent(situation);
  if (asked.length === 0) return { step: 'respond', session, relied: reliedOn(situation) };
  if (request.prompt.includes('none')) return { step: 'refuse', reason: 'consent_required' };
  return { step: 'consent', session, asked };
}

function loginStep(situation: Situation): NextStep {
  const { request, parked, session } = situation;
  if (request.prompt.includes('none')) return { step: 'refuse', reason: 'login_required' };
  // Somebody signed in for this request, and it is not enough: asking again would go round in circles.
  const hasJustSignedIn = session !== undefined && session.id === parked?.session;
  if (hasJustSignedIn && !isMeant(situation)) return { step: 'refuse', reason: 'login_required' };
  if (hasJustSignedIn && !isStrong(situation)) return { step: 'refuse', reason: 'authentication_requirements_unmet' };
  return { step: 'login' };
}

/** The session, if it is enough for what the request asks of it. */
function sessionThatCounts(situation: Situation): SessionRow | undefined {
  const { request, parked, session, now } = situation;
  if (session === undefined || !isMeant(situation) || !isStrong(situation)) return undefined;
  // INVARIANT: only a sign-in made for this very request is fresh, whatever the clocks say.
  if (parked?.session === session.id) return session;
  if (request.prompt.includes('login') || request.prompt.includes('select_account')) return undefined;
  // OpenID Connect Core §3.1.2.1: the same as `prompt=login`, also within the second of the sign-in.
  if (request.maxAge === 0) return undefined;
  if (request.maxAge !== undefined && now - session.authTime > request.maxAge) return undefined;
  // The clock went back past the sign-in: how old it is cannot be told.
  if (request.maxAge !== undefined && session.authTime > now) return undefined;
  return session;
}

/** Whether the person is whom the client named, if it named anybody. */
function isMeant({ request, subject }: Situation): boolean {
  return request.subject === undefined || request.subject === subject;
}

/** Whether the sign-in is one that the client takes, if it insists on any (OpenID Connect Core §5.5.1.1). */
function isStrong({ request, session }: Situation): boolean {
  return request.acr === undefined || (session !== undefined && request.acr.includes(session.acr));
}

/**
 * What the person must still be asked; everything, once for this request, with `prompt=consent` and for a client that
 * another program could stand in for.
 */
function askedConsent(situation: Situation): readonly WantedConsent[] {
  const { request, client, wanted, remembered } = situation;
  const isForced = request.prompt.includes('consent') || mayBeImpersonated(situation);
  return isForced && !hasJustConsented(situation)
    ? wanted
    : missingConsent(client, wanted, remembered.map(withinScopes));
}

/** Whoever allowed a scope allowed each claim of it, and nobody who allowed a claim allowed its scope. */
function withinScopes(consent: ConsentRow): ConsentRow {
  return { ...consent, scopes: withClaimRights(consent.scopes) };
}

/**
 * INVARIANT: any program on the device can take a loopback port or an app's scheme, so neither a remembered consent
 * nor an administrator's trust says who receives the code of a public client there; only the person, who has just
 * started the app or has not, can tell (RFC 8252 §8.6, RFC 6749 §10.2). A confidential client proves itself later.
 */
function mayBeImpersonated({ client, request }: Situation): boolean {
  return client.kind !== 'web' && !request.redirectUri.startsWith('https:');
}

/**
 * What is granted only because the person allows it, in the words in which they did: a claim within a scope that they
 * allowed stands or falls with that scope. An administrator's trust needs nobody's consent, and nobody can withdraw it.
 */
function reliedOn({ client, wanted, remembered }: Situation): readonly WantedConsent[] {
  if (client.consent === 'trusted') return [];
  return wanted.map(({ resource, scopes }) => {
    const allowed = remembered.find((consent) => consent.resource === resource)?.scopes ?? [];
    return { resource, scopes: scopes.map((scope) => (allowed.includes(scope) ? scope : widerRight(scope))) };
  });
}

/** Whether this very person said yes on the page of this very request: another one may have signed in since. */
function hasJustConsented({ parked, wanted, remembered }: Situation): boolean {
  if (parked?.consentedAt === undefined) return false;
  return wanted.every(({ resource }) =>
    remembered.some((consent) => consent.resource === resource && consent.givenAt >= parked.createdAt),
  );
}

/**
 * What a request wants, by resource; `offline_access` stands with the issuer, whose word it is, and so do claims that
 * are asked for one by one.
 */
export function wantedConsent(
  request: Pick<CheckedRequest, 'scopes' | 'resources' | 'claims'>,
  resources: ResourceDirectory,
): readonly WantedConsent[] {
  const { issuer } = resources;
  const offline = request.scopes.includes(offlineScope) ? [offlineScope] : [];
  const wanted = request.resources.flatMap((audience) => {
    const resource = resources.find(audience);
    if (resource === undefined || audience === issuer.audience) return [];
    return [{ resource: audience, scopes: scopesAt(resource, request.scopes) }];
  });
  const own = request.resources.includes(issuer.audience) ? scopesAt(issuer, request.scopes) : [];
  const wantsIssuer = request.resources.includes(issuer.audience) || offline.length > 0;
  return wantsIssuer
    ? [{ resource: issuer.audience, scopes: [...own, ...claimsBeside(request), ...offline] }, ...wanted]
    : wanted;
}

/** The rights to claims that no scope of the request covers. */
function claimsBeside({ scopes, claims }: Pick<CheckedRequest, 'scopes' | 'claims'>): readonly string[] {
  const covered: readonly string[] = claimsOfScopes(scopes);
  const asked = [...(claims?.userinfo ?? []), ...(claims?.idToken ?? [])].map(({ name }) => name);
  return [...new Set(asked)].filter((name) => !covered.includes(name)).map(claimRight);
}
