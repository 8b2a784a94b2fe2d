import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertTokens, type Browser, createWorld, type Page, signIn } from '@castellan/testkit';

const world = await createWorld({ seed: 'csrf' });
after(() => world.close());
const web = world.client('web');

/** A page of somebody else, whose form posts what the genuine form would. */
function hostilePage(target: string, fields: readonly (readonly [string, string])[]): string {
  const inputs = fields.map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`).join('');
  return `<form method="post" action="${target}">${inputs}<button id="go">You have won</button></form>`;
}

function mountHostile(origin: string, body: string, referrerPolicy: string): void {
  world.network.mount(origin, async () => ({
    status: 200,
    headers: { 'content-type': 'text/html', 'referrer-policy': referrerPolicy },
    body,
  }));
}

function formOfPage(page: Page): { readonly action: string; readonly fields: readonly (readonly [string, string])[] } {
  const form = page.elements.find(({ tag }) => tag === 'form');
  const fields = page.elements
    .filter(({ attributes }) => attributes['type'] === 'hidden')
    .map(({ attributes }) => [attributes['name'] ?? '', attributes['value'] ?? ''] as const);
  return { action: new URL(form?.attributes['action'] ?? '', page.url).href, fields };
}

/** Follows an attack from the given origin, with the form token the attacker got for a request of their own. */
async function attack(victim: Browser, origin: string, extra: readonly (readonly [string, string])[]): Promise<Page> {
  const { action, fields } = formOfPage(victim.page());
  mountHostile(origin, hostilePage(action, [...fields, ...extra]), 'unsafe-url');
  await victim.open(origin);
  return victim.click('go');
}

const outsiders = ['https://evil.example', 'https://sibling.issuer.example', 'http://issuer.example'];

for (const origin of outsiders) {
  test(`R-125[login] R-205 S-49 I-6 a sign-in form on ${origin} signs nobody in, even with the right form token`, async () => {
    const browser = world.browser();
    await browser.open(web.begin().url);
    const page = await attack(browser, origin, [
      ['username', world.people.bob.loginName],
      ['password', world.people.bob.password],
    ]);
    assert.ok([400, 403].includes(page.status), `${page.status} ${page.text}`);
    assert.ok(!browser.cookies.all().some(({ name }) => name.includes('session')));
  });

  test(`R-013[consent] I-6 a consent form on ${origin} allows nothing`, async () => {
    const browser = world.browser();
    await browser.open(web.begin({ prompt: 'consent' }).url);
    await signIn(browser, world.people.alice);
    const allow = browser.page().find('consent-allow')?.attributes;
    const page = await attack(browser, origin, [[allow?.['name'] ?? 'decision', allow?.['value'] ?? 'allow']]);
    assert.ok([400, 403].includes(page.status), `${page.status} ${page.text}`);
    assert.doesNotMatch(page.html, /[?&;]code=/);
  });
}

test('R-205[login] a post without any Origin needs the right form token and the cookie of its browser', async () => {
  const browser = world.browser();
  await browser.open(web.begin().url);
  const { action, fields } = formOfPage(browser.page());
  const { pathname, search } = new URL(action);
  const credentials = [
    ['username', world.people.alice.loginName],
    ['password', world.people.alice.password],
  ];
  const headers = [['content-type', 'application/x-www-form-urlencoded']] as const;
  for (const body of [
    new URLSearchParams(credentials),
    new URLSearchParams([...fields.map((one) => [...one]), ...credentials]),
  ]) {
    const answer = await world.send('POST', pathname + search, { headers, body: body.toString() });
    assert.ok([400, 403].includes(answer.status), `${answer.status}`);
    assert.ok(!answer.headers.some(([, value]) => /session=[^;]/.test(value)));
  }
});

test('R-205[login] the genuine form with the token of another purpose or request is refused', async () => {
  const browser = world.browser();
  await browser.open(web.begin().url);
  const first = formOfPage(browser.page());
  await browser.open(web.begin().url);
  const second = formOfPage(browser.page());
  const body = new URLSearchParams(first.fields.map((one) => [...one]));
  body.set('username', world.people.alice.loginName);
  body.set('password', world.people.alice.password);
  if (first.action === second.action) {
    // The parked request is named in a field: keep the second's and take only the token of the first.
    for (const [name, value] of second.fields) if (!/token|csrf/i.test(name)) body.set(name, value);
  }
  const answer = await browser.script(second.action, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: body.toString(),
  });
  assert.equal(answer.status, 403, answer.body);
});

test('R-125[login] JSON and plain text are no forms', async () => {
  const browser = world.browser();
  await browser.open(web.begin().url);
  const { action } = formOfPage(browser.page());
  for (const type of ['application/json', 'text/plain']) {
    const answer = await browser.script(action, { method: 'POST', headers: { 'content-type': type }, body: '{}' });
    assert.ok([400, 403, 415].includes(answer.status), `${type} ${answer.status}`);
  }
});

test('R-111[logout] R-205 no other site can sign a person out', async () => {
  const browser = world.browser();
  assertTokens(await world.tokens(web, { browser }));
  const endpoint = String(world.metadata['end_session_endpoint']);
  mountHostile(
    'https://evil.example',
    `<a id="link" href="${endpoint}">x</a>${hostilePage(endpoint, [])}`,
    'unsafe-url',
  );
  await browser.open('https://evil.example');
  await browser.click('link');
  await browser.open('https://evil.example');
  await browser.click('go');
  const silent = await world.authorize(web, { browser, changes: { prompt: 'none' } });
  assert.ok(silent.parameters.get('code'), silent.parameters.toString());
});

test('R-009[authorize] R-206 no other origin may read sign-in pages, whatever it says it is', async () => {
  for (const origin of ['https://evil.example', 'https://spa.example', 'null', world.issuer]) {
    for (const method of ['GET', 'OPTIONS']) {
      const { pathname, search } = web.begin().url;
      const answer = await world.send(method, pathname + search, {
        headers: [
          ['origin', origin],
          ['access-control-request-method', 'GET'],
        ],
      });
      assert.ok(
        !answer.headers.some(([name]) => name.toLowerCase().startsWith('access-control-')),
        `${method} ${origin}`,
      );
    }
  }
});

for (const path of ['/token', '/userinfo'])
  test(`R-038[token] R-206[token,userinfo] ${path} lets scripts of public clients read it, never null, never with credentials`, async () => {
    const ask = async (method: string, origin: string): Promise<ReadonlyMap<string, string>> => {
      const answer = await world.send(method, path, {
        headers: [
          ['origin', origin],
          ['content-type', 'application/x-www-form-urlencoded'],
          ['access-control-request-method', 'POST'],
        ],
        body: method === 'POST' ? 'grant_type=refresh_token' : '',
      });
      return new Map(answer.headers.map(([name, value]) => [name.toLowerCase(), value]));
    };
    for (const method of ['POST', 'OPTIONS']) {
      const granted = await ask(method, 'https://spa.example');
      assert.equal(granted.get('access-control-allow-origin'), 'https://spa.example');
      assert.equal(granted.get('access-control-allow-credentials'), undefined);
      assert.match(granted.get('vary') ?? '', /origin/i);
      for (const origin of [
        'null',
        'https://evil.example',
        'https://web.example',
        'https://spa.example.evil.example',
      ]) {
        assert.equal((await ask(method, origin)).get('access-control-allow-origin'), undefined, origin);
      }
    }
  });
