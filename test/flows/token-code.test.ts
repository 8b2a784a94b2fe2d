import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Config } from '@castellan/server';
import {
  assertDiscreet,
  assertRefused,
  assertTokens,
  audiences,
  basic,
  type Changes,
  createWorld,
  decodeJwt,
  type HeaderPairs,
  headerValue,
  type Landing,
  openStores,
  type WireAnswer,
  type World,
} from '@castellan/testkit';
import { storedText } from './stored-text.ts';

const { stores, close } = await openStores();
after(close);

for (const { store, skip } of stores) suite(`codes on ${store}`, { skip }, () => redemption(store));

function redemption(store: 'sqlite' | 'postgres'): void {
  let world: World;
  before(async () => {
    world = await createWorld({ store, seed: 'token-code' });
  });
  after(() => world.close());
  const land = async (changes: Changes = {}): Promise<Landing & { readonly code: string }> => {
    const landing = await world.authorize(world.client('web'), { changes });
    return { ...landing, code: landing.parameters.get('code') ?? '' };
  };

  test(`R-023[code,${store}] I-1 S-13 a code is redeemed once; a valid second redemption ends the authorization`, async () => {
    const web = world.client('web');
    const { attempt, code } = await land();
    const first = assertTokens(await web.redeem(attempt, code));
    assertRefused(await web.redeem(attempt, code), 400, 'invalid_grant');
    assertRefused(await web.refresh(first.refreshToken), 400, 'invalid_grant');
  });

  test(`R-023[code,${store}] I-1 of many redemptions at once at most one succeeds`, async () => {
    const web = world.client('web');
    const { attempt, code } = await land();
    const answers = await Promise.all(Array.from({ length: 12 }, () => web.redeem(attempt, code)));
    const won = answers.filter(({ status }) => status === 200);
    assert.equal(won.length, 1);
    for (const answer of answers) if (answer.status !== 200) assertRefused(answer, 400, 'invalid_grant');
    assertRefused(await web.refresh(assertTokens(won[0] ?? assert.fail()).refreshToken), 400, 'invalid_grant');
  });

  const misfits: readonly (readonly [rows: string, title: string, changes: Changes, error: string])[] = [
    ['R-024', 'another registered redirect URI', { redirect_uri: 'https://other.example/callback' }, 'invalid_grant'],
    ['R-024', 'a missing redirect_uri', { redirect_uri: undefined }, 'invalid_request'],
    ['R-024', 'a wrong verifier', { code_verifier: 'w'.repeat(43) }, 'invalid_grant'],
    ['R-024', 'a verifier that is the challenge itself', { code_verifier: 'CHALLENGE' }, 'invalid_grant'],
    ['R-025', 'no verifier', { code_verifier: undefined }, 'invalid_grant'],
    ['R-024', 'a resource outside the grant', { resource: audiences.bills }, 'invalid_target'],
    ['R-024', 'two resources', { resource: [audiences.notes, audiences.bills] }, 'invalid_target'],
    ['R-006 R-027', 'a repeated code', { code: ['CODE', 'CODE'] }, 'invalid_request'],
    ['R-027', 'a missing grant_type', { grant_type: undefined }, 'invalid_request'],
  ];

  test(`R-026[code,${store}] R-024 R-025 I-6 nothing that does not fit uses the code up`, async () => {
    const web = world.client('web');
    const { attempt, code } = await land();
    const challenge = attempt.url.searchParams.get('code_challenge') ?? '';
    for (const [rows, title, changes, error] of misfits) {
      const put = (value: unknown): unknown => (value === 'CODE' ? code : value === 'CHALLENGE' ? challenge : value);
      const filled = Object.fromEntries(
        Object.entries(changes).map(([name, value]) => [name, Array.isArray(value) ? value.map(put) : put(value)]),
      ) as Changes;
      const answer = await web.redeem(attempt, code, filled);
      assert.equal(answer.json['error'], error, `${rows} ${title}: ${answer.body}`);
      assert.equal(answer.status, 400, title);
    }
    assertRefused(await world.client('other').redeem(attempt, code), 400, 'invalid_grant');
    assertTokens(await web.redeem(attempt, code));
  });

  test(`R-034[code,${store}] I-6 a code with any character changed is refused, and the code stays good`, async () => {
    const web = world.client('web');
    const { attempt, code } = await land();
    const spoilt = Array.from(code, (character, index) => {
      const other = character === 'A' ? 'B' : 'A';
      return code.slice(0, index) + other + code.slice(index + 1);
    });
    for (const changed of [...spoilt, `${code}A`, code.slice(0, -1), code.toUpperCase(), `${code} `, ` ${code}`]) {
      assertRefused(await web.redeem(attempt, changed), 400, 'invalid_grant');
    }
    assertTokens(await web.redeem(attempt, code));
  });

  test(`R-026[code,${store}] R-071 failed client authentication does not use the code up`, async () => {
    const web = world.client('web');
    const { attempt, code } = await land();
    const secret = web.secret ?? '';
    const parameters = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: web.redirectUri,
      code_verifier: attempt.verifier,
    };
    const attempts: readonly (readonly [Changes, HeaderPairs, string])[] = [
      [{}, basic('web', `${secret}x`), 'invalid_client'],
      [{}, basic('nobody', secret), 'invalid_client'],
      [{ client_id: 'web', client_secret: secret }, [], 'invalid_client'],
      [{ client_id: 'web' }, [], 'invalid_client'],
      [{ client_id: 'other' }, basic('web', secret), 'invalid_client'],
      [{ client_secret: secret }, basic('web', secret), 'invalid_request'],
    ];
    for (const [changes, headers, error] of attempts) {
      const answer = await web.token({ ...parameters, client_id: undefined, ...changes }, headers);
      assert.equal(answer.json['error'], error, `${JSON.stringify(Object.keys(changes))} ${answer.body}`);
      assert.equal(answer.status, error === 'invalid_client' ? 401 : 400);
    }
    assertTokens(await web.redeem(attempt, code));
  });

  test(`R-007[code,${store}] I-10 a code lives 60 s and is dead after 62, also when the clock steps back later`, async () => {
    const web = world.client('web');
    const [young, old] = [await land(), await land()];
    await world.clock.advance(58);
    assertTokens(await web.redeem(young.attempt, young.code));
    await world.clock.advance(4);
    assertRefused(await web.redeem(old.attempt, old.code), 400, 'invalid_grant');
  });

  test(`R-023[code,${store}] R-043 I-4 a replay is known as one after a restart`, async () => {
    const web = world.client('web');
    const { attempt, code } = await land();
    const first = assertTokens(await web.redeem(attempt, code));
    await world.restart();
    assertRefused(await web.redeem(attempt, code), 400, 'invalid_grant');
    assertRefused(await web.refresh(first.refreshToken), 400, 'invalid_grant');
  });

  test(`I-9[code,${store}] R-023 a replay is known as one to the end of the code's life, whatever was purged`, async () => {
    const web = world.client('web');
    const { attempt, code } = await land();
    const { refreshToken } = assertTokens(await web.redeem(attempt, code));
    await world.clock.advance(59);
    await world.restart();
    assertRefused(await web.redeem(attempt, code), 400, 'invalid_grant');
    assertRefused(await web.refresh(refreshToken), 400, 'invalid_grant');
  });

  test(`R-033[code,refresh,session,${store}] R-107[session] S-20[refresh-token,${store}] no code, token, cookie, secret or password lies in the database`, async () => {
    const web = world.client('web');
    const answer = await world.tokens(web);
    const { refreshToken, accessToken, idToken } = assertTokens(answer);
    const rotated = assertTokens(await web.refresh(refreshToken)).refreshToken;
    const { parameters, browser } = answer.landing;
    const secrets = [
      parameters.get('code') ?? '',
      refreshToken,
      rotated,
      accessToken,
      idToken,
      web.secret ?? '',
      world.people.alice.password,
      ...browser.cookies.all().map(({ value }) => value),
    ];
    const stored = await storedText(world);
    assert.ok(stored.includes('alice@example.org'), 'the right place is searched');
    for (const secret of secrets) {
      assert.ok(secret.length >= 16);
      assert.ok(!stored.includes(secret), `the database holds ${secret.slice(0, 12)}…`);
    }
  });

  test(`R-035[code,refresh] codes, refresh tokens and access tokens do not pass for one another`, async () => {
    const web = world.client('web');
    const { attempt, code } = await land();
    assertRefused(await web.refresh(code), 400, 'invalid_grant');
    assert.equal((await world.userinfo(code)).status, 401);
    const { refreshToken, accessToken } = assertTokens(await web.redeem(attempt, code));
    for (const token of [refreshToken, accessToken]) {
      assertRefused(await web.redeem(attempt, token), 400, 'invalid_grant');
    }
    assertRefused(await web.refresh(accessToken), 400, 'invalid_grant');
    assertTokens(await web.refresh(refreshToken));
  });
}

suite('the token endpoint', () => {
  let world: World;
  before(async () => {
    world = await createWorld({ seed: 'token-endpoint' });
  });
  after(() => world.close());
  const form = [['content-type', 'application/x-www-form-urlencoded']] as const;

  test('R-027[token] only POST with a form is served', async () => {
    const get = await world.send('GET', '/token?grant_type=authorization_code');
    assert.equal(get.status, 405);
    assert.match(headerValue(get, 'allow') ?? '', /^POST\b/);
    for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x', '']) {
      const headers = type === '' ? [] : [['content-type', type] as const];
      const answer = await world.send('POST', '/token', { headers, body: '{"grant_type":"authorization_code"}' });
      assert.ok([400, 415].includes(answer.status), `${type}: ${answer.status}`);
    }
  });

  test('R-027[token] R-028 secrets in the URL are refused and not repeated', async () => {
    const web = world.client('web');
    for (const name of ['client_secret', 'code', 'refresh_token', 'code_verifier']) {
      const answer = await world.send('POST', `/token?${name}=zz-marker-zz`, {
        headers: [...form, ...basic('web', web.secret ?? '')],
        body: 'grant_type=authorization_code&code=x',
      });
      assert.equal(answer.status, 400, name);
      assert.match(answer.body, /"invalid_request"/, name);
      assertDiscreet(answer, 'zz-marker-zz');
    }
  });

  test('R-006[token] R-027 each repeated parameter is refused', async () => {
    const web = world.client('web');
    const names = ['grant_type', 'code', 'redirect_uri', 'code_verifier', 'client_id', 'scope', 'refresh_token'];
    for (const name of names) {
      const answer = await web.token({ grant_type: 'authorization_code', code: 'x', [name]: ['a', 'b'] });
      assertRefused(answer, 400, 'invalid_request');
    }
  });

  const requests: readonly (readonly [rows: string, title: string, changes: Changes, status: number, error: string])[] =
    [
      [
        'R-029 S-22 S-70',
        'the password grant',
        { grant_type: 'password', username: 'a', password: 'b' },
        400,
        'unsupported_grant_type',
      ],
      [
        'R-030',
        'client_credentials, which this client has not registered,',
        { grant_type: 'client_credentials' },
        400,
        'unauthorized_client',
      ],
      ['R-028', 'an unknown grant', { grant_type: 'zz-marker-zz' }, 400, 'unsupported_grant_type'],
      ['R-028', 'a grant that JavaScript objects have', { grant_type: 'constructor' }, 400, 'unsupported_grant_type'],
      ['R-028', 'no parameter at all', {}, 400, 'invalid_request'],
      ['R-028', 'a missing code', { grant_type: 'authorization_code' }, 400, 'invalid_request'],
      ['R-028', 'a missing refresh token', { grant_type: 'refresh_token' }, 400, 'invalid_request'],
      [
        'R-034',
        'a made-up code',
        {
          grant_type: 'authorization_code',
          code: 'zz-marker-zz',
          redirect_uri: 'https://web.example/callback',
          code_verifier: 'v'.repeat(43),
        },
        400,
        'invalid_grant',
      ],
      [
        'R-034',
        'a made-up refresh token',
        { grant_type: 'refresh_token', refresh_token: 'zz-marker-zz' },
        400,
        'invalid_grant',
      ],
    ];
  for (const [rows, title, changes, status, error] of requests) {
    test(`${rows}[token] R-028 ${title} is refused with ${error} and nothing is echoed`, async () => {
      const answer = await world.client('web').token(changes);
      assertRefused(answer, status, error);
      assertDiscreet(answer, 'zz-marker-zz');
    });
  }

  test('R-071[token] R-074[client-secret] R-075[token] S-15[client-secret] each client authenticates in its own way only, and all failures look alike', async () => {
    const [web, posting, spa] = [world.client('web'), world.client('post'), world.client('spa')];
    const ask = { grant_type: 'refresh_token', refresh_token: 'x' };
    const secret = web.secret ?? '';
    const failures = [
      await web.token(ask, basic('web', 'wrong')),
      await web.token(ask, basic('nobody', secret)),
      await web.token(ask, basic('__proto__', secret)),
      await web.token(ask, [['authorization', 'Basic !!!']]),
      await web.token(ask, [['authorization', `Basic ${Buffer.from('no-colon').toString('base64')}`]]),
      await posting.token(ask, basic('post', posting.secret ?? '')),
      await spa.token(ask, basic('spa', '')),
    ];
    for (const answer of failures) {
      assertRefused(answer, 401, 'invalid_client');
      assert.match(headerValue(answer, 'www-authenticate') ?? '', /^Basic\b/);
    }
    assert.equal(new Set(failures.map(({ body }) => body)).size, 1);
    assertRefused(await web.token({ ...ask, client_id: 'web', client_secret: secret }, []), 401, 'invalid_client');
    assertRefused(await spa.token({ ...ask, client_id: 'spa', client_secret: 'x' }, []), 401, 'invalid_client');
    for (const own of [posting, spa]) assertRefused(await own.token(ask), 400, 'invalid_grant');
  });

  test('R-030[code,refresh] S-11 a client without the refresh_token grant gets no refresh token and cannot refresh', async () => {
    const once = world.client('once');
    const answer = await world.tokens(once);
    assert.equal(answer.status, 200);
    assert.equal(answer.json['refresh_token'], undefined);
    assertRefused(await once.refresh('x'), 400, 'unauthorized_client');
  });

  test('R-032[access-jwt] R-103 S-31 S-34 S-43 S-52 S-71 an access token lives five minutes, for one audience, and the answer says what it is', async () => {
    const answer = await world.tokens(world.client('web'));
    const { accessToken } = assertTokens(answer);
    const { header, claims } = decodeJwt(accessToken);
    assert.deepEqual([header['typ'], header['alg']], ['at+jwt', 'ES256']);
    assert.equal(claims['aud'], audiences.notes);
    assert.equal(Number(claims['exp']) - Number(claims['iat']), 300);
    assert.deepEqual(
      [answer.json['token_type'], answer.json['expires_in'], answer.json['scope']],
      ['Bearer', 300, 'notes:read'],
    );
    assert.equal(headerValue(answer, 'cache-control'), 'no-store');
    assert.equal(claims['sub'], world.people.alice.id);
    assert.equal(claims['client_id'], 'web');
    for (const name of ['email', 'name', 'nonce']) assert.equal(claims[name], undefined);
  });

  test('R-017[token] R-024[code] the named resource decides audience and scope of the access token', async () => {
    const web = world.client('web');
    const scope = 'openid notes:read bills:read';
    const landing = await world.authorize(web, { changes: { scope, resource: [audiences.notes, audiences.bills] } });
    const code = landing.parameters.get('code') ?? '';
    const answer = await web.redeem(landing.attempt, code, { resource: audiences.bills });
    const { claims, header } = decodeJwt(assertTokens(answer).accessToken);
    assert.deepEqual([claims['aud'], claims['scope'], header['alg']], [audiences.bills, 'bills:read', 'RS256']);
  });

  test('R-036[code] a client that is gone from the configuration gets nothing for its code', async () => {
    const other = world.client('other');
    const landing = await world.authorize(other);
    await world.restart((config) => ({
      ...config,
      clients: (config.clients ?? []).filter(({ id }) => id !== 'other'),
    }));
    assertRefused(await other.redeem(landing.attempt, landing.parameters.get('code') ?? ''), 401, 'invalid_client');
    await world.restart();
  });

  test('R-177[token] R-027 parameters count in the form alone, whatever the URL says', async () => {
    const web = world.client('web');
    const answer = await world.send('POST', '/token?grant_type=refresh_token&scope=openid', {
      headers: [...form, ...basic('web', web.secret ?? '')],
      body: 'refresh_token=x',
    });
    assert.equal(answer.status, 400);
    assert.match(answer.body, /"invalid_request"/);
  });

  for (const limit of ['tokenPerClient', 'tokenPerAddress', 'authorizePerAddress'] as const) {
    test(`R-188[token,authorize] R-193[token] S-60[token] S-86[token] ${limit} ends in 429 with Retry-After, and is over in time`, async () => {
      const config = (base: Config): Config => ({
        ...base,
        limits: { ...base.limits, [limit]: { count: 3, period: 60 } },
      });
      const own = await createWorld({ seed: limit, config });
      const web = own.client('web');
      const ask = (): Promise<WireAnswer> =>
        limit === 'authorizePerAddress'
          ? own.send('GET', `/authorize${web.begin().url.search}`)
          : web.token({ grant_type: 'refresh_token', refresh_token: 'x' });
      const answers = [await ask(), await ask(), await ask()];
      assert.ok(answers.every(({ status }) => status !== 429));
      const fourth = await ask();
      assert.equal(fourth.status, 429);
      assert.match(headerValue(fourth, 'retry-after') ?? '', /^[1-9]\d*$/);
      if (limit === 'tokenPerClient') {
        const other = await own.client('other').token({ grant_type: 'refresh_token', refresh_token: 'x' });
        assertRefused(other, 400, 'invalid_grant');
      }
      await own.clock.advance(61);
      assert.notEqual((await ask()).status, 429);
      await own.close();
    });
  }
});
