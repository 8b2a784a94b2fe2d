import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Refusal } from '../oauth/refusal.ts';
import { formMediaType, parseForm, singleParameters } from './form.ts';

interface Vectors {
  readonly cases: readonly { name: string; text: string; form: Record<string, string[]> | null }[];
  readonly single: readonly {
    name: string;
    text: string;
    repeatable: readonly string[];
    parameters: Record<string, string> | null;
  }[];
}

const path = new URL('../../../../vectors/forms.json', import.meta.url);
const vectors: Vectors = JSON.parse(readFileSync(path, 'utf8'));
const hasReason = (reason: string) => (error: unknown) => error instanceof Refusal && error.reason === reason;

for (const { name, text, form } of vectors.cases) {
  test(`R-006[protocol] a form is ${form === null ? 'refused' : 'read'}: ${name}`, () => {
    if (form === null) assert.throws(() => parseForm(text), hasReason('malformed_request'));
    else assert.deepEqual([...parseForm(text)], Object.entries(form));
  });
}

for (const { name, text, repeatable, parameters } of vectors.single) {
  test(`R-006[protocol] parameters are ${parameters === null ? 'refused' : 'taken'}: ${name}`, () => {
    const take = () => singleParameters(parseForm(text), repeatable);
    if (parameters === null) assert.throws(take, hasReason('repeated_parameter'));
    else assert.deepEqual({ ...take() }, parameters);
  });
}

test('R-178[protocol] parameters have no prototype that an absent one could come from', () => {
  const parameters = singleParameters(parseForm('__proto__=x'), []);
  assert.equal(parameters['toString'], undefined);
  assert.equal(parameters['constructor'], undefined);
  assert.equal(parameters['__proto__'], 'x');
  assert.equal(Object.getPrototypeOf(parameters), null);
});

test('R-027[protocol] the refusal of a repeated parameter names it only when the name is harmless', () => {
  const detail = (text: string) => {
    try {
      singleParameters(parseForm(text), []);
    } catch (error) {
      return (error as Refusal).context.detail;
    }
    return undefined;
  };
  assert.equal(detail('client_id=a&client_id=b'), 'repeated: client_id');
  assert.equal(detail('%1b%5b2J=a&%1b%5b2J=b'), 'repeated: (unusual name)');
});

test('R-006[protocol] what URLSearchParams writes is read the same, and nothing but a Refusal is thrown', () => {
  const pairs = fc.array(fc.tuple(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' })));
  fc.assert(
    fc.property(pairs, (written) => {
      const read = [...parseForm(new URLSearchParams(written).toString())];
      const expected = Map.groupBy(written, ([name]) => name);
      assert.deepEqual(
        read,
        [...expected].map(([name, values]) => [name, values.map(([, value]) => value)]),
      );
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'a=&%+2Fg\u0000ä ') }), (text) => {
      try {
        parseForm(text);
      } catch (error) {
        assert.ok(hasReason('malformed_request')(error));
      }
    }),
  );
});

test('R-027[protocol] only a form is a form', () => {
  const type = (...values: string[]) => formMediaType({ 'content-type': values });
  assert.ok(type('application/x-www-form-urlencoded'));
  assert.ok(type('Application/X-WWW-Form-Urlencoded; charset=UTF-8'));
  assert.ok(!formMediaType({}));
  assert.ok(!type('application/x-www-form-urlencoded', 'application/json'));
  for (const value of [
    '',
    'text/plain',
    'application/json',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded, text/plain',
    'application/x-www-form-urlencoded; charset=utf-7',
    'application/x-www-form-urlencodedx',
    'text/plain; application/x-www-form-urlencoded',
  ]) {
    assert.ok(!type(value), value);
  }
});
