/** Static clients as the OpenID conformance suite brings them: confidential, without PKCE, with both response modes. */
import assert from 'node:assert/strict';
import {
  type AuthorizeOptions,
  assertTokens,
  type Browser,
  type Changes,
  createWorld,
  type JsonAnswer,
  type Page,
  type World,
  type WorldPerson,
} from '@castellan/testkit';

export type Mode = 'query' | 'form_post';

export interface Certified {
  readonly world: World;
  /** One authorization request, with all pages answered. */
  readonly authorize: (changes?: Changes, options?: Asking) => Promise<Answered>;
  /** The whole flow. */
  readonly tokens: (changes?: Changes, options?: Asking) => Promise<Signed>;
}

interface Asking extends Pick<AuthorizeOptions, 'browser'> {
  readonly client?: string;
}

interface Answered {
  readonly browser: Browser;
  readonly page: Page;
  readonly nonce: string;
  readonly state: string;
  /** What arrived at the client, from the address or from the form. */
  readonly parameters: URLSearchParams;
  readonly redeem: (changes?: Changes) => Promise<JsonAnswer>;
}

export interface Signed extends Answered {
  readonly accessToken: string;
  readonly idToken: string;
  readonly refreshToken: string;
  /** The token answer. */
  readonly json: JsonAnswer['json'];
}

const suite = { pkce: 'optional', responseModes: ['query', 'form_post'], resources: [] } as const;
const scopes = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access'] as const;
const login = { loginName: 'suite@example.org', password: 'a person without a second factor' } as const;

const profile = {
  name: 'Suite Person',
  givenName: 'Suite',
  familyName: 'Person',
  middleName: 'T',
  nickname: 'su',
  preferredUsername: 'suite',
  profile: 'https://people.example/suite',
  picture: 'https://people.example/suite.png',
  website: 'https://suite.example',
  gender: 'other',
  birthdate: '2000-02-03',
  zoneinfo: 'Europe/Zurich',
  locale: 'en-GB',
  updatedAt: 1_700_000_000,
  email: 'suite@example.org',
  emailVerified: true,
  phoneNumber: '+41 44 555 01 99',
  phoneNumberVerified: true,
  address: { formatted: 'Gasse 1, 8000 Zürich', country: 'CH' },
} as const;

/** The issuer and the suite's clients `web`, `other` and `post`. */
export async function certify(mode: Mode): Promise<Certified> {
  const world = await createWorld({
    seed: `certification-${mode}`,
    config: (config) => ({
      ...config,
      clients: (config.clients ?? []).map(({ defaultResource, ...client }) =>
        ['web', 'other', 'post'].includes(client.id)
          ? { ...client, ...suite, scopes }
          : { ...client, ...(defaultResource === undefined ? {} : { defaultResource }) },
      ),
    }),
  });
  const created = await world.server().accounts.create({ ...login, profile });
  assert.notEqual(created, 'login_taken');
  // Every standard claim of this person is known.
  const person: WorldPerson = { ...login, id: created === 'login_taken' ? '' : created.id };
  const authorize: Certified['authorize'] = async (changes = {}, options = {}) => {
    const client = world.client(options.client ?? 'web');
    const asked = {
      scope: 'openid',
      code_challenge: undefined,
      code_challenge_method: undefined,
      response_mode: mode === 'query' ? undefined : mode,
      ...changes,
    };
    const { attempt, browser, page } = await world.authorize(client, { ...options, person, changes: asked });
    const parameters = await received(browser, mode);
    const redeem = (sent: Changes = {}): Promise<JsonAnswer> =>
      client.redeem(attempt, parameters.get('code') ?? '', { code_verifier: undefined, ...sent });
    return { browser, page, nonce: attempt.nonce, state: attempt.state, parameters, redeem };
  };
  return {
    world,
    authorize,
    tokens: async (changes, options) => {
      const answered = await authorize(changes, options);
      const answer = await answered.redeem();
      return { ...answered, ...assertTokens(answer), json: answer.json };
    },
  };
}

/** Nothing arrives while a page of the issuer's own is shown. */
async function received(browser: Browser, mode: Mode): Promise<URLSearchParams> {
  if (mode === 'form_post' && browser.page().find('continue') !== undefined) await browser.click('continue');
  const arrived = browser.page().find('arrived') !== undefined;
  if (!arrived) return new URLSearchParams();
  const last = browser.trail.at(-1)?.request;
  assert.equal(last?.method, mode === 'query' ? 'GET' : 'POST');
  return mode === 'query' ? browser.page().url.searchParams : new URLSearchParams(last?.body);
}
