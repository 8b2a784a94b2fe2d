/**
 * The code flow as an app on this machine does it (RFC 8252), by hand: what a library does for you, to be seen.
 *
 * Owns: the two requests and what must be compared. Does not own: the browser, the address it comes back to, and what
 * becomes of the tokens (`main.ts`). It does not verify the ID token: it came over TLS from the issuer itself.
 */
import { challengeOf, type Runtime } from '@castellan/protocol';

type Parameters = Readonly<Record<string, string>>;

export interface FlowSettings {
  readonly issuer: string;
  readonly client: string;
  /** Where the browser comes back to: a loopback address with the port this app listens on. */
  readonly redirectUri: string;
  /** More of the authorization request: `scope`, `claims`, `max_age`, … */
  readonly ask: Parameters;
}

/** One attempt, and what is kept for its answer. */
export interface Attempt {
  /** To be opened in a browser. */
  readonly url: string;
  readonly settings: FlowSettings;
  readonly tokenEndpoint: string;
  readonly state: string;
  readonly verifier: string;
}

/** The token answer (RFC 6749 §5.1). */
export interface Tokens {
  readonly access_token: string;
  readonly expires_in: number;
  readonly scope: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
}

/** Reads the metadata, and makes `state` and the PKCE verifier of this attempt. */
export async function beginFlow(
  settings: FlowSettings,
  { fetch, randomBytes }: Pick<Runtime, 'fetch' | 'randomBytes'>,
): Promise<Attempt> {
  const answer = await fetch(`${settings.issuer}/.well-known/openid-configuration`);
  const metadata = (await answer.json()) as Readonly<Record<string, string | undefined>>;
  const { issuer, authorization_endpoint: address = '', token_endpoint: tokenEndpoint = '' } = metadata;
  // Whoever answers for another issuer could mix two of them up (RFC 8414 §3.3).
  if (issuer !== settings.issuer) throw new Error(`The metadata is of another issuer: ${issuer}.`);
  const [state, verifier] = [randomBytes(16).toString('base64url'), randomBytes(32).toString('base64url')];
  const url = new URL(address);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: settings.client,
    redirect_uri: settings.redirectUri,
    scope: 'openid',
    state,
    code_challenge: challengeOf(verifier),
    code_challenge_method: 'S256',
    ...settings.ask,
  }).toString();
  return { url: url.href, settings, tokenEndpoint, state, verifier };
}

/**
 * Takes what the browser brought back, and redeems the code.
 *
 * @throws {Error} when it belongs to another attempt or another issuer, and when the issuer said no
 */
export async function finishFlow(
  { settings, tokenEndpoint, state, verifier }: Attempt,
  received: URLSearchParams,
  { fetch, redeem = {} }: Pick<Runtime, 'fetch'> & { readonly redeem?: Parameters },
): Promise<Tokens> {
  if (received.get('state') !== state) throw new Error('The answer belongs to another attempt: state is another.');
  if (received.get('iss') !== settings.issuer) throw new Error('The answer is from another issuer (RFC 9207).');
  const code = received.get('code');
  if (code === null) throw new Error(`${received.get('error')}: ${received.get('error_description')}`);
  const response = await fetch(tokenEndpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: settings.client,
      code,
      redirect_uri: settings.redirectUri,
      code_verifier: verifier,
      ...redeem,
    }).toString(),
  });
  const answer = (await response.json()) as Tokens & { readonly error?: string; readonly error_description?: string };
  if (!response.ok) throw new Error(`${answer.error}: ${answer.error_description}`);
  return answer;
}

/** What a JWT says, unverified: to look at, never to decide by. */
export function claimsIn(token: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}
