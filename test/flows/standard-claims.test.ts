import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertTokens, createWorld, decodeJwt, type WorldPerson } from '@castellan/testkit';

const standardScopes = ['profile', 'email', 'address', 'phone'] as const;
const profile = {
  name: 'Cora Maria Carter',
  givenName: 'Cora',
  familyName: 'Carter',
  middleName: 'Maria',
  nickname: 'Co',
  preferredUsername: 'cora',
  profile: 'https://people.example/cora',
  picture: 'https://people.example/cora.png',
  website: 'https://cora.example',
  email: 'cora@example.org',
  emailVerified: true,
  gender: 'female',
  birthdate: '1984-02-29',
  zoneinfo: 'Europe/Zurich',
  locale: 'de-CH',
  phoneNumber: '+41 44 555 01 23',
  phoneNumberVerified: false,
  address: { formatted: 'Gasse 1\n8000 Zürich', streetAddress: 'Gasse 1', locality: 'Zürich', postalCode: '8000' },
  updatedAt: 1_700_000_000,
} as const;

/** OpenID Connect Core §5.4: what each scope asks for. */
const expected: Readonly<Record<(typeof standardScopes)[number], Readonly<Record<string, unknown>>>> = {
  profile: {
    name: profile.name,
    given_name: 'Cora',
    family_name: 'Carter',
    middle_name: 'Maria',
    nickname: 'Co',
    preferred_username: 'cora',
    profile: profile.profile,
    picture: profile.picture,
    website: profile.website,
    gender: 'female',
    birthdate: '1984-02-29',
    zoneinfo: 'Europe/Zurich',
    locale: 'de-CH',
    updated_at: 1_700_000_000,
  },
  email: { email: profile.email, email_verified: true },
  address: {
    address: { formatted: 'Gasse 1\n8000 Zürich', street_address: 'Gasse 1', locality: 'Zürich', postal_code: '8000' },
  },
  phone: { phone_number: profile.phoneNumber, phone_number_verified: false },
};

for (const store of ['sqlite', 'postgres'] as const) {
  const world = await createWorld({ seed: `standard-claims-${store}`, store });
  after(() => world.close());
  const login = { loginName: 'cora@example.org', password: 'an otter on the river bank' };
  const created = await world.server().accounts.create({ ...login, profile });
  assert.notEqual(created, 'login_taken');
  const cora: WorldPerson = { ...login, id: created === 'login_taken' ? '' : created.id };

  const claimsFor = async (scope: string): Promise<Readonly<Record<string, unknown>>> => {
    const web = world.client('web');
    const { attempt, parameters } = await world.authorize(web, { person: cora, changes: { scope } });
    const answer = await web.redeem(attempt, parameters.get('code') ?? '', { resource: world.issuer });
    const { accessToken, idToken } = assertTokens(answer);
    for (const token of [accessToken, idToken]) {
      const names = Object.keys(decodeJwt(token).claims);
      for (const claim of standardScopes.flatMap((one) => Object.keys(expected[one]))) {
        assert.ok(!names.includes(claim), `${claim} in a token`);
      }
    }
    return (await world.userinfo(accessToken)).json;
  };

  test(`R-103[access-jwt,id-token] R-065[userinfo] S-33 S-34 each standard scope gives its claims from UserInfo and puts none into a token (${store})`, async () => {
    for (const scope of standardScopes) {
      assert.deepEqual(await claimsFor(`openid ${scope}`), { sub: cora.id, ...expected[scope] }, scope);
    }
    assert.deepEqual(await claimsFor('openid'), { sub: cora.id });
    const all = Object.assign({}, ...standardScopes.map((scope) => expected[scope]));
    assert.deepEqual(await claimsFor(`${standardScopes.join(' ')} openid`), { sub: cora.id, ...all });
  });

  test(`R-099[discovery] metadata names every scope and claim that UserInfo has (${store})`, () => {
    const supported = (name: string): readonly unknown[] => world.metadata[name] as readonly unknown[];
    for (const scope of standardScopes) {
      assert.ok(supported('scopes_supported').includes(scope), scope);
      for (const claim of Object.keys(expected[scope])) assert.ok(supported('claims_supported').includes(claim), claim);
    }
  });
}
