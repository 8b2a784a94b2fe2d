/** The `claims` parameter: single claims, where they are told, who is asked first, and what the sign-in must be. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  assertTokens,
  audiences,
  type Browser,
  type Changes,
  createWorld,
  decodeJwt,
  deliveredError,
  signIn,
} from '@castellan/testkit';

const password = 'urn:castellan:acr:password';
const asJson = (value: unknown): Changes => ({ claims: JSON.stringify(value) });

for (const store of ['sqlite', 'postgres'] as const) {
  const world = await createWorld({ seed: `claims-${store}`, store });
  after(() => world.close());
  const { alice, bob } = world.people;
  const issuer = { resource: world.issuer };

  const signedIn = async (claims: unknown, changes: Changes = {}, id = 'web', browser: Browser = world.browser()) => {
    const client = world.client(id);
    const asked = { scope: 'openid', ...asJson(claims), ...changes };
    const { attempt, parameters } = await world.authorize(client, { browser, changes: asked });
    const answer = await client.redeem(attempt, parameters.get('code') ?? '', issuer);
    return { browser, client, ...assertTokens(answer) };
  };
  const inIdToken = ({ idToken }: { readonly idToken: string }) => decodeJwt(idToken).claims;
  const inUserinfo = async ({ accessToken }: { readonly accessToken: string }) =>
    (await world.userinfo(accessToken)).json;
  /** What a request is told without a page: an error, or nothing. */
  const silently = async (browser: Browser, changes: Changes): Promise<string | null> => {
    const { parameters } = await world.authorize(world.client('web'), {
      browser,
      changes: { scope: 'openid', ...changes, prompt: 'none' },
    });
    return parameters.get('error');
  };

  test(`S-25[id-token] S-52[id-token,access-jwt] R-103[id-token,access-jwt,userinfo] each claim is told where it was asked for, and nowhere else (${store})`, async () => {
    const tokens = await signedIn({ id_token: { email: { essential: true } }, userinfo: { name: null } });
    const known = ['iss', 'sub', 'aud', 'iat', 'exp', 'nonce', 'sid', 'auth_time', 'acr', 'amr', 'at_hash'];
    const { email, ...rest } = inIdToken(tokens);
    assert.equal(email, alice.loginName);
    assert.deepEqual(
      Object.keys(rest).filter((claim) => !known.includes(claim)),
      [],
    );
    assert.deepEqual(await inUserinfo(tokens), { sub: alice.id, name: 'Alice Archer' });
    const access = Object.keys(decodeJwt(tokens.accessToken).claims);
    const lean = ['iss', 'sub', 'aud', 'iat', 'exp', 'jti', 'client_id', 'scope', 'auth_time', 'acr', 'status'];
    assert.deepEqual(
      access.filter((claim) => !lean.includes(claim)),
      [],
    );
  });

  test(`R-103[id-token,refresh] what was asked for is told after a refresh too, and never what was not (${store})`, async () => {
    const first = await signedIn({ id_token: { email: null }, userinfo: { name: null } });
    const next = assertTokens(await first.client.refresh(first.refreshToken, issuer));
    assert.equal(inIdToken(next)['email'], alice.loginName);
    assert.equal(inIdToken(next)['name'], undefined);
    assert.deepEqual(await inUserinfo(next), { sub: alice.id, name: 'Alice Archer' });
    assert.equal(inIdToken(await signedIn({}, { claims: undefined }))['email'], undefined, 'nor by a later sign-in');
  });

  test(`R-103[id-token,userinfo] a claim asked for with a value is told only when it has it (${store})`, async () => {
    const wanted = { email: { value: alice.loginName }, name: { values: ['Bob Baker', 'Alice'] } };
    const tokens = await signedIn({ id_token: wanted, userinfo: wanted });
    for (const told of [inIdToken(tokens), await inUserinfo(tokens)]) {
      assert.deepEqual([told['email'], told['name']], [alice.loginName, undefined]);
    }
  });

  test(`R-016[authorize] R-049 R-103[id-token,userinfo] a claim needs a scope that the client may ask for, then and later (${store})`, async () => {
    const all = { id_token: { email: { essential: true } }, userinfo: { email: { essential: true } } };
    const narrow = await signedIn(all, {}, 'narrow');
    assert.equal(inIdToken(narrow)['email'], undefined);
    assert.deepEqual(await inUserinfo(narrow), { sub: alice.id });
    const web = await signedIn(all);
    await world.restart((config) => ({
      ...config,
      clients: (config.clients ?? []).map((one) =>
        one.id === 'web' ? { ...one, scopes: one.scopes.filter((scope) => scope !== 'email') } : one,
      ),
    }));
    assert.deepEqual(await inUserinfo(web), { sub: alice.id });
    const next = assertTokens(await web.client.refresh(web.refreshToken, issuer));
    assert.equal(inIdToken(next)['email'], undefined);
    await world.restart();
  });

  test(`R-103[id-token] without openid no claim is told (${store})`, async () => {
    const changes = { scope: 'email', resource: world.issuer };
    const tokens = await signedIn({ userinfo: { name: null }, id_token: { name: null } }, changes);
    assert.equal(tokens.idToken, '');
    assert.equal((await world.userinfo(tokens.accessToken)).status, 403);
  });

  test(`R-011[authorize,consent] a single claim is asked about in its own words, remembered, and never becomes its scope (${store})`, async () => {
    const browser = world.browser();
    const client = world.client('other');
    await browser.open(client.begin({ scope: 'openid', ...asJson({ userinfo: { phone_number: null } }) }).url);
    const page = await signIn(browser, alice);
    assert.match(page.find('consent-grants')?.text ?? '', /See your phone number/);
    await browser.click('consent-allow');
    const ask = async (changes: Changes): Promise<string | null> => {
      const { parameters } = await world.authorize(client, {
        browser,
        changes: { scope: 'openid', ...changes, prompt: 'none' },
      });
      return parameters.get('error');
    };
    assert.equal(await ask(asJson({ userinfo: { phone_number: null } })), null, 'remembered');
    assert.equal(await ask(asJson({ id_token: { phone_number: null } })), null, 'the same client, the same claim');
    for (const more of [
      { scope: 'openid phone' },
      asJson({ userinfo: { phone_number_verified: null } }),
      asJson({ userinfo: { email: null } }),
    ]) {
      assert.equal(await ask(more), 'consent_required', JSON.stringify(more));
    }
  });

  test(`R-011[authorize,consent] a scope that was allowed covers its claims (${store})`, async () => {
    const browser = world.browser();
    await world.authorize(world.client('web'), { browser, changes: { scope: 'openid email' } });
    assert.equal(await silently(browser, asJson({ id_token: { email: { essential: true } } })), null);
    const both = { scope: 'openid email', ...asJson({ userinfo: { email: null } }), prompt: 'consent' };
    const page = await browser.open(world.client('web').begin(both).url);
    const text = page.find('consent-grants')?.text ?? '';
    assert.equal(text.match(/See your e-mail address/g)?.length, 1, 'and is not said twice');
  });

  test(`R-014[authorize] a sub with a value is answered for that person or not at all (${store})`, async () => {
    const { browser } = await signedIn({ id_token: { sub: { value: alice.id } } });
    assert.equal(await silently(browser, asJson({ id_token: { sub: { value: alice.id } } })), null);
    const forBob = asJson({ id_token: { sub: { value: bob.id } } });
    assert.equal(await silently(browser, forBob), 'login_required');
    const web = world.client('web');
    await browser.open(web.begin({ scope: 'openid', ...forBob }).url);
    const page = await signIn(browser, alice);
    assert.equal(deliveredError(page, web.redirectUri)?.error ?? page.url.searchParams.get('error'), 'login_required');
  });

  test(`R-014[authorize] I-6[authorize] an acr that cannot be had is refused when it is essential, before anybody signs in (${store})`, async () => {
    const gold = (essential: boolean) => asJson({ id_token: { acr: { essential, values: ['urn:example:gold'] } } });
    const web = world.client('web');
    const page = await world.browser().open(web.begin({ scope: 'openid', ...gold(true) }).url);
    const told = deliveredError(page, web.redirectUri);
    assert.deepEqual([told?.via, told?.error], ['link', 'unmet_authentication_requirements']);
    const { browser } = await signedIn({});
    assert.equal(await silently(browser, gold(true)), 'unmet_authentication_requirements');
    assert.equal(await silently(browser, gold(false)), null);
    const met = await signedIn({ id_token: { acr: { essential: true, values: ['urn:example:gold', password] } } });
    assert.equal(inIdToken(met)['acr'], password);
    const timed = await signedIn({ id_token: { auth_time: { essential: true } } });
    assert.equal(typeof inIdToken(timed)['auth_time'], 'number');
  });

  test(`R-014[authorize] claims that are no JSON go back as an error, and sent twice too (${store})`, async () => {
    const { browser } = await signedIn({});
    assert.equal(await silently(browser, { claims: '{"userinfo":{"email":null,"email":null}}' }), 'invalid_request');
    assert.equal(await silently(browser, { claims: ['{}', '{}'] }), 'invalid_request');
    assert.equal(await silently(browser, { claims: '' }), null, 'empty counts as absent');
  });

  test(`R-103[access-jwt] a claim asked for by name comes into no access token of an API (${store})`, async () => {
    const claims = { userinfo: { email: null }, id_token: { email: null } };
    const web = world.client('web');
    const changes = { scope: 'openid notes:read', resource: audiences.notes, ...asJson(claims) };
    const { attempt, parameters } = await world.authorize(web, { changes });
    const { accessToken } = assertTokens(await web.redeem(attempt, parameters.get('code') ?? ''));
    assert.equal(decodeJwt(accessToken).claims['aud'], audiences.notes);
    assert.equal(decodeJwt(accessToken).claims['email'], undefined);
  });
}

test('R-223[events] R-011[consent] what was asked for by name is told in the events, and never its value', async () => {
  const world = await createWorld({ seed: 'claims-events' });
  const claims = { userinfo: { phone_number: null }, id_token: { email: { value: 'somebody@else.example' } } };
  await world.tokens(world.client('web'), { changes: { scope: 'openid', resource: world.issuer, ...asJson(claims) } });
  await world.close();
  const told = world.events.flatMap((event) => {
    if (event.type === 'consent.given') return [event.scopes];
    return event.type === 'authorization.granted' ? [event.claims] : [];
  });
  assert.deepEqual(told, [
    ['openid', 'claim:phone_number', 'claim:email'],
    ['phone_number', 'email'],
  ]);
  assert.ok(!JSON.stringify(world.events).includes('somebody@else.example'));
});
