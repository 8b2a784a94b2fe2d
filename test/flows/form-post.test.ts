import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import {
  assertTokens,
  type Browser,
  type Changes,
  createWorld,
  headerValue,
  type Page,
  walk,
} from '@castellan/testkit';

const world = await createWorld({
  seed: 'form-post',
  config: (config) => ({
    ...config,
    clients: (config.clients ?? []).map((client) =>
      client.id === 'web'
        ? { ...client, responseModes: ['query', 'form_post'] }
        : client.id === 'other'
          ? { ...client, responseModes: ['form_post'] }
          : client,
    ),
  }),
});
after(() => world.close());
const web = world.client('web');
const callback = 'https://web.example/callback';

/** The fields of the page's one form, as an old browser without scripts sends them. */
async function pressed(browser: Browser, button = 'continue'): Promise<URLSearchParams> {
  const page = await browser.click(button);
  assert.notEqual(page.find('arrived'), undefined, page.text);
  const last = browser.trail.at(-1)?.request;
  assert.deepEqual([last?.method, last?.url.search], ['POST', '']);
  return new URLSearchParams(last?.body);
}

async function opened(browser: Browser, changes: Changes = {}): Promise<Page> {
  await browser.open(web.begin({ response_mode: 'form_post', ...changes }).url);
  return walk(browser, world.people.alice);
}

test('R-018[authorize] R-005[authorize] form_post brings code, state and issuer in a form, and the code buys tokens', async () => {
  const browser = world.browser();
  const attempt = web.begin({ response_mode: 'form_post' });
  await browser.open(attempt.url);
  await walk(browser, world.people.alice);
  const fields = await pressed(browser);
  assert.deepEqual([...fields.keys()].sort(), ['code', 'iss', 'state']);
  assert.deepEqual([fields.get('state'), fields.get('iss')], [attempt.state, world.issuer]);
  assertTokens(await web.redeem(attempt, fields.get('code') ?? ''));
});

test('R-018[authorize] the page runs its one script by hash and posts to the origin of the client alone', async () => {
  const browser = world.browser();
  const page = await opened(browser);
  assert.equal(page.status, 200);
  const policy = headerValue(page.answer, 'content-security-policy') ?? '';
  const script = /<script>(.*?)<\/script>/s.exec(page.html)?.[1] ?? '';
  const hash = createHash('sha256').update(script).digest('base64');
  assert.match(policy, /(^|; )default-src 'none';/);
  assert.ok(policy.includes(`script-src 'sha256-${hash}';`), policy);
  assert.ok(policy.includes('form-action https://web.example;'), policy);
  assert.equal(page.html.match(/<script/g)?.length, 1);
  assert.equal(script, 'document.forms[0].submit();');
  assert.deepEqual(
    page.elements
      .filter(({ tag }) => tag === 'form')
      .map(({ attributes }) => [attributes['method'], attributes['action']]),
    [['post', callback]],
  );
  assert.equal(page.find('continue')?.attributes['name'], undefined);
  assert.match(headerValue(page.answer, 'cache-control') ?? '', /no-store/);
  assert.equal(headerValue(page.answer, 'referrer-policy'), 'no-referrer');
});

test('R-018[authorize] what the client sent is text in the page and comes back unchanged', async () => {
  const browser = world.browser();
  const state = `"><script>alert(1)</script><input name='code' value='x'>&amp;&#34;ü`;
  const page = await opened(browser, { state });
  assert.equal(page.html.match(/<script/g)?.length, 1, page.html);
  const fields = await pressed(browser);
  assert.deepEqual(fields.getAll('state'), [state]);
  assert.equal(fields.getAll('code').length, 1);
});

test('R-018[authorize] R-005[authorize] errors come by form as well: silent, after a form of ours, and from the page that waits', async () => {
  const silent = world.browser();
  await silent.open(web.begin({ response_mode: 'form_post', prompt: 'none', state: 's' }).url);
  const refused = await pressed(silent);
  assert.deepEqual(
    [refused.get('error'), refused.get('state'), refused.get('iss')],
    ['login_required', 's', world.issuer],
  );
  const denying = world.browser();
  await denying.open(web.begin({ response_mode: 'form_post' }).url);
  await walk(denying, world.people.bob, { consent: 'deny' });
  const denied = await pressed(denying);
  assert.deepEqual(
    [denied.get('error'), denied.get('iss'), denied.has('code')],
    ['access_denied', world.issuer, false],
  );
  const waiting = world.browser();
  const page = await waiting.open(web.begin({ response_mode: 'form_post', scope: 'nothing' }).url);
  assert.deepEqual([page.status, page.find('error-code')?.text], [400, 'invalid_scope']);
  assert.equal(page.html.includes('<script'), false, 'nobody is bounced on before signing in');
  assert.equal((await pressed(waiting, 'error-continue')).get('error'), 'invalid_scope');
});

test('R-018[authorize] a client gets the response modes it is registered for and no other', async () => {
  const asked: readonly (readonly [string, string | undefined, string | null])[] = [
    ['web', 'fragment', 'invalid_request'],
    ['web', 'form_post.jwt', 'invalid_request'],
    ['trusted', 'form_post', 'invalid_request'],
    ['trusted', undefined, null],
  ];
  for (const [id, response_mode, error] of asked) {
    const browser = world.browser();
    await world.authorize(world.client(id), { browser });
    const { parameters, page } = await world.authorize(world.client(id), { browser, changes: { response_mode } });
    assert.equal(parameters.get('error'), error, `${id} ${response_mode}: ${page.text}`);
    assert.equal(parameters.has('code'), error === null);
  }
  const browser = world.browser();
  const page = await browser.open(world.client('other').begin().url);
  assert.deepEqual([page.status, page.find('error-code')?.text], [400, 'invalid_request']);
  assert.equal(page.find('error-continue')?.tag, 'button', 'and the error comes the way it may');
});

test('R-099[discovery] metadata names both response modes', () => {
  assert.deepEqual(world.metadata['response_modes_supported'], ['query', 'form_post']);
});
