/**
 * The sign-in page: takes login name and password for what is parked.
 *
 * Owns: the form and what comes back from it. Does not own: whether the password is right (`accounts/`), the session
 * (`sessions/`), what comes next: it only sends the browser back to the step it came from.
 */
import {
  checkOrigin,
  epochSeconds,
  type HttpAnswer,
  type HttpRequest,
  parseForm,
  type Runtime,
  refuse,
  singleParameters,
} from '@castellan/protocol';
import type { Accounts, SignInVerdict } from '../../accounts/accounts.ts';
import type { ServerCookies } from '../../http/cookies.ts';
import type { FormTokens } from '../../http/csrf.ts';
import type { Endpoint, Exchange } from '../../http/exchange.ts';
import { type Pages, redirect } from '../../http/page.ts';
import { type ParkedVisit, type ParkingLot, stepAddress } from '../../requests/park.ts';
import type { Sessions } from '../../sessions/session.ts';
import type { ParkedRequestStore } from '../../store/store.ts';
import { loginPage } from './login-page.ts';

export interface LoginDeps {
  readonly issuer: string;
  readonly store: Pick<ParkedRequestStore, 'denyParkedRequest'>;
  readonly accounts: Pick<Accounts, 'signIn'>;
  readonly sessions: Pick<Sessions, 'find' | 'start'>;
  readonly parking: Pick<ParkingLot, 'visit'>;
  readonly cookies: ServerCookies;
  readonly formTokens: FormTokens;
  readonly pages: Pick<Pages, 'page'>;
  readonly runtime: Pick<Runtime, 'now'>;
}

/** What the form sends, besides the parked request in its address. */
interface LoginForm {
  readonly username: string;
  readonly password: string;
  readonly isCancelled: boolean;
}

export function createLoginEndpoint(deps: LoginDeps): Endpoint {
  return async (request, exchange) => {
    const parked = await deps.parking.visit(request);
    const { authorization } = parked;
    if (authorization !== undefined) exchange.identify({ client: authorization.client.id });
    if (parked.row.deniedAt !== undefined) return goBack(parked, deps);
    const username = authorization?.request.loginHint ?? '';
    if (request.method !== 'POST') return show(request, parked, { deps, username });
    const form = checkForm(request, parked, deps);
    if (!form.isCancelled) return signIn(request, { form, parked, exchange }, deps);
    await deps.store.denyParkedRequest(parked.row.idHash, epochSeconds(deps.runtime));
    return goBack(parked, deps);
  };
}

/** INVARIANT: nothing of the form is looked at before origin and form token were checked. */
function checkForm(request: HttpRequest, parked: ParkedVisit, deps: LoginDeps): LoginForm {
  checkOrigin(request, new URL(deps.issuer).origin);
  const fields = singleParameters(parseForm(request.body), []);
  deps.formTokens.check('login', bindings(request, parked, deps), fields['form_token']);
  return {
    username: fields['username'] ?? '',
    password: fields['password'] ?? '',
    isCancelled: fields['decision'] === 'cancel',
  };
}

interface SigningIn {
  readonly form: LoginForm;
  readonly parked: ParkedVisit;
  readonly exchange: Exchange;
}

async function signIn(request: HttpRequest, signing: SigningIn, deps: LoginDeps): Promise<HttpAnswer> {
  const { form, parked, exchange } = signing;
  const { username, password } = form;
  if (username === '' || password === '')
    return show(request, parked, { deps, username, verdict: { verdict: 'refused' } });
  const verdict = await deps.accounts.signIn({ loginName: username, password, address: exchange.address }, exchange);
  if (verdict.verdict !== 'signed_in') return show(request, parked, { deps, username, verdict });
  const { person } = verdict;
  exchange.identify({ person: person.id });
  const replaces = await deps.sessions.find(deps.cookies.session.read(request));
  const started = await deps.sessions.start({ person, amr: ['pwd'], replaces, parked: parked.row.idHash }, exchange);
  // Locked, or given a new password, in between: as if the password had been looked at only now.
  if (started === 'not_admitted') return show(request, parked, { deps, username, verdict: { verdict: 'refused' } });
  if (started === 'parked_request_gone') return refuse('parked_request_gone', { detail: 'answered meanwhile' });
  return goBack(parked, deps, deps.cookies.session.set(started.cookieValue));
}

interface Showing {
  readonly deps: LoginDeps;
  readonly username: string;
  readonly verdict?: Exclude<SignInVerdict, { verdict: 'signed_in' }>;
}

function show(request: HttpRequest, parked: ParkedVisit, { deps, username, verdict }: Showing): HttpAnswer {
  return deps.pages.page(
    loginPage({
      client: parked.authorization?.client,
      from: parked.from,
      redirectUri: parked.authorization?.request.redirectUri,
      action: stepAddress(deps.issuer, 'login', parked),
      formToken: deps.formTokens.issue('login', bindings(request, parked, deps)),
      username,
      verdict,
    }),
  );
}

/** The form works in the browser that the parked request belongs to, for that request. */
function bindings(request: HttpRequest, parked: ParkedVisit, deps: LoginDeps): readonly string[] {
  return [deps.cookies.browser.read(request) ?? '', parked.row.idHash];
}

/** Back to the step that sent the browser here; what comes next is decided there. */
function goBack(parked: ParkedVisit, deps: LoginDeps, cookies: readonly string[] = []): HttpAnswer {
  return redirect(stepAddress(deps.issuer, parked.from, parked), cookies);
}
