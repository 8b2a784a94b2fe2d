import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HttpRequest, Refusal } from '@castellan/protocol';
import { clientDirectory } from '../../clients/client.ts';
import { testClient } from '../../stage.test.ts';
import { checkLogout, type LogoutRequest, returnAddress } from './check-logout.ts';

const bye = 'https://web.example/bye?keep=1';
const hinted = { client: 'web', subject: 'alice', session: 'session' };
const deps = {
  clients: clientDirectory([testClient('web', { postLogoutRedirectUris: [bye] }), testClient('other')]),
  verifyHint: async (hint: string) => (hint === 'good' ? hinted : undefined),
};

function asked(parameters: Readonly<Record<string, string>>, method = 'GET'): HttpRequest {
  const text = new URLSearchParams(parameters).toString();
  const [query, body] = method === 'GET' ? [text, ''] : ['', text];
  return { method, path: '/logout', query, headers: {}, body, peer: { address: '' } };
}

async function check(parameters: Readonly<Record<string, string>>): Promise<LogoutRequest> {
  return checkLogout(asked(parameters), deps);
}

test('R-111[logout] only a valid hint opens the way to a registered address, with state', async () => {
  const parameters = { id_token_hint: 'good', post_logout_redirect_uri: bye, state: 'a b&' };
  for (const method of ['GET', 'POST']) {
    const request = await checkLogout(asked(parameters, method), deps);
    assert.deepEqual(request.hint, hinted);
    assert.equal(returnAddress(request), `${bye}&state=a%20b%26`);
  }
  assert.equal(returnAddress(await check({ id_token_hint: 'good', post_logout_redirect_uri: bye })), bye);
});

test('R-111[logout] without a hint nobody is sent anywhere, however the client is named', async () => {
  for (const parameters of [
    {},
    { post_logout_redirect_uri: bye },
    { post_logout_redirect_uri: 'https://evil.example/' },
    { post_logout_redirect_uri: bye, client_id: 'web', state: 's' },
    { state: 'x', id_token_hint: '' },
  ] as Record<string, string>[]) {
    assert.equal(returnAddress(await check(parameters)), undefined);
  }
});

const refused: readonly (readonly [title: string, parameters: Record<string, string>, reason: string])[] = [
  ['a hint that does not verify', { id_token_hint: 'bad' }, 'id_token_hint_invalid'],
  ['a hint of another client', { id_token_hint: 'good', client_id: 'other' }, 'id_token_hint_invalid'],
  ['an unknown client', { client_id: 'nobody' }, 'unknown_client'],
  [
    'an unregistered address',
    { id_token_hint: 'good', post_logout_redirect_uri: 'https://web.example/' },
    'post_logout_redirect_uri_mismatch',
  ],
  [
    'an address with more after it',
    { id_token_hint: 'good', post_logout_redirect_uri: `${bye}&x` },
    'post_logout_redirect_uri_mismatch',
  ],
  [
    'an unregistered address of a named client',
    { client_id: 'web', post_logout_redirect_uri: 'https://evil.example/' },
    'post_logout_redirect_uri_mismatch',
  ],
];

for (const [title, parameters, reason] of refused) {
  test(`R-111[logout] ${title} is refused on a page`, async () => {
    await assert.rejects(
      check(parameters),
      (error) => error instanceof Refusal && error.reason === reason && error.context.target === undefined,
    );
  });
}
