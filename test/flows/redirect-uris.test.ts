import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { type RedirectUriKind, redirectUriProblem } from '@castellan/protocol';
import { type ClientConfig, ConfigError } from '@castellan/server';
import { createWorld, formOf, headerValue, type WireAnswer, type World } from '@castellan/testkit';

interface Corpus {
  readonly registration: readonly {
    readonly name: string;
    readonly uri: string;
    readonly kind: RedirectUriKind;
    readonly accepted: boolean;
  }[];
  readonly matching: readonly {
    readonly name: string;
    readonly registered: readonly string[];
    readonly sent: string;
    readonly kind: RedirectUriKind;
    readonly accepted: boolean;
  }[];
}

const corpus = JSON.parse(readFileSync(new URL('../../vectors/redirect-uris.json', import.meta.url), 'utf8')) as Corpus;
/** Rows that can be configured at all. */
const matching = corpus.matching.filter(
  ({ registered, kind }) =>
    registered.length > 0 && registered.every((uri) => redirectUriProblem(uri, kind) === undefined),
);
const idOf = (index: number): string => `corpus-${index}`;

/** A public client, so that none needs a secret. */
function publicClient(id: string, redirectUris: readonly string[], kind: RedirectUriKind): ClientConfig {
  return {
    id,
    name: id,
    kind: kind === 'web' ? 'spa' : kind,
    authentication: 'none',
    redirectUris,
    scopes: ['openid'],
  };
}

suite('the redirect corpus at the authorization endpoint', () => {
  let world: World;
  before(async () => {
    const clients = matching.map(({ registered, kind }, index) => publicClient(idOf(index), registered, kind));
    world = await createWorld({ seed: 'redirect-uris', config: (config) => ({ ...config, clients }) });
  });
  after(() => world.close());

  const ask = (index: number, redirectUri: string): Promise<WireAnswer> => {
    const query = formOf({
      response_type: 'code',
      client_id: idOf(index),
      redirect_uri: redirectUri,
      scope: 'openid',
      code_challenge: 'c'.repeat(43),
      code_challenge_method: 'S256',
      prompt: 'none',
    });
    return world.send('GET', `/authorize?${query}`);
  };

  for (const [index, { name, sent, accepted, registered }] of matching.entries()) {
    if (accepted) {
      test(`R-001[authorize] ${name} is redirected to, exactly as sent`, async () => {
        const location = headerValue(await ask(index, sent), 'location') ?? '';
        assert.ok(location.startsWith(`${sent}${sent.includes('?') ? '&' : '?'}error=login_required`), location);
      });
    } else {
      test(`R-001[authorize] R-002 ${name} is not redirected to`, async () => {
        const answer = await ask(index, sent);
        assert.equal(answer.status, 400);
        assert.equal(headerValue(answer, 'location'), undefined);
        assert.match(answer.body, /id="error-code">invalid_redirect_uri</);
        assert.doesNotMatch(answer.body, /http-equiv="refresh"|evil/);
        assert.ok(
          registered.every((uri) => !answer.body.includes(uri)),
          'what is registered is not told either',
        );
      });
    }
  }
});

test('R-067[config] every URI that cannot be registered stops the start and is named with its place', async () => {
  const refused = corpus.registration.filter(({ accepted, kind }) => !accepted && kind !== 'web');
  const accepted = corpus.registration.filter((row) => row.accepted && row.kind !== 'web');
  const rows = [...accepted, ...refused];
  const clients = rows.map(({ uri, kind }, index) => publicClient(`c${index}`, [uri], kind));
  await assert.rejects(
    createWorld({ seed: 'registration', config: (config) => ({ ...config, clients }) }),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      const named = error.problems.map(({ key }) => key);
      for (const [index, { name }] of rows.entries()) {
        const isNamed = named.some((key) => key.includes(`clients[${index}]`) || key.includes(`clients.${index}.`));
        assert.equal(isNamed, index >= accepted.length, `${name}: ${named[index]}`);
      }
      return true;
    },
  );
});
