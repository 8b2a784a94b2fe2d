import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Refusal } from '../oauth/refusal.ts';
import { parseBasic } from './basic.ts';

interface Vector {
  readonly name: string;
  readonly header: string;
  readonly credentials: { readonly id: string; readonly secret: string } | null;
}

const path = new URL('../../../../vectors/basic-credentials.json', import.meta.url);
const { cases }: { cases: readonly Vector[] } = JSON.parse(readFileSync(path, 'utf8'));

const refused = (error: unknown) =>
  error instanceof Refusal &&
  error.reason === 'client_authentication_failed' &&
  error.context.challenge === 'Basic' &&
  /^Basic credentials [a-z0-9:, -]+$/i.test(error.context.detail ?? '');

for (const { name, header, credentials } of cases) {
  test(`R-074[protocol] Basic credentials are ${credentials === null ? 'refused' : 'read'}: ${name}`, () => {
    if (credentials === null) assert.throws(() => parseBasic(header), refused);
    else assert.deepEqual(parseBasic(header), credentials);
  });
}

test('R-074[protocol] whatever a client may be called and have as secret is read back', () => {
  const text = fc.string({ unit: 'grapheme-ascii', minLength: 1 });
  const encode = (value: string) => encodeURIComponent(value).replaceAll('%20', '+');
  fc.assert(
    fc.property(text, text, (id, secret) => {
      const header = `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}`;
      assert.deepEqual(parseBasic(header), { id, secret });
    }),
  );
});

test('R-074[protocol] nothing but a Refusal is thrown, and it quotes nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.string(), (bytes, text) => {
      for (const header of [text, `Basic ${text}`, `Basic ${Buffer.from(bytes).toString('base64')}`]) {
        try {
          parseBasic(header);
        } catch (error) {
          assert.ok(refused(error));
        }
      }
    }),
  );
});
