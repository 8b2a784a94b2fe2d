/** For tests: what becomes of documents, good and hostile. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { visibleSchema } from '../insecure.ts';
import { problemsOf, type Start } from './graphql-answer.ts';

interface DocumentCase {
  readonly name: string;
  readonly query: string;
  /** The bound that refuses it, another reason, or `accepted`. */
  readonly verdict: string;
}

const corpus = JSON.parse(
  readFileSync(new URL('../../../../vectors/graphql-documents.json', import.meta.url), 'utf8'),
) as { readonly cases: readonly DocumentCase[] };

/** `{ "repeat": […] }` of the corpus: long attacks, written short. */
function textOf({ query }: DocumentCase): string {
  return query.replace(/«(\d+)×([^»]*)»/g, (_, times: string, piece: string) =>
    Array.from({ length: Number(times) }, (__, index) => piece.replaceAll('#', String(index))).join(' '),
  );
}

export function documents(name: string, start: Start): void {
  test(`S-61[graphql] R-196[graphql] S-62[graphql] R-198[graphql] ${name}: each document of the corpus ends as it must, and none that is refused runs`, async () => {
    const world = await start({ graphql: { bounds: { rootFields: 5 } } });
    for (const one of corpus.cases) {
      const before = world.ran();
      // Another address each, so that no limit speaks first.
      const answer = await world.ask(textOf(one), {
        token: await world.token({ sub: 'theo', jti: one.name }),
        address: nextAddress(),
      });
      if (one.verdict === 'accepted') {
        assert.equal(answer.status, 200, `${one.name}: ${answer.text.slice(0, 300)}`);
        world.clock.advance(60);
        continue;
      }
      assert.equal(answer.status, 400, one.name);
      assert.equal(world.ran(), before, `${one.name} ran`);
      assert.equal(problemsOf(answer)[0]?.path.replace(/^\d+:\d+$/, 'invalid'), one.verdict, one.name);
      assert.equal('data' in JSON.parse(answer.text), false);
      world.clock.advance(60);
    }
  });

  test(`S-62[graphql] R-198[graphql] R-202[graphql] ${name}: no answer names a type, a field or a value that the sender did not write`, async () => {
    const world = await start();
    const token = await world.token();
    const probes = [
      '{ invoic { id } }',
      '{ invoice(id: 1) { secre } }',
      '{ invoice(id: 1) }',
      '{ invoice(ident: 1) { id } }',
      '{ invoice { id } }',
      'query($id: Int!) { invoice(id: $id) { id } }',
      'mutation { changeInvoic(id: 1) { note } }',
      '{ invoice(id: "hunter2") { id } }',
    ];
    for (const probe of probes) {
      const { status, text } = await world.ask(probe, { token, variables: { id: 'hunter2', idd: 1 } });
      assert.equal(status, 400, probe);
      for (const word of ['Did you mean', 'Invoice', 'secret', 'hunter2', 'Int!', 'customer']) {
        assert.equal(text.includes(word), false, `${probe}: ${text}`);
      }
    }
  });

  test(`S-62[graphql] R-198[graphql] ${name}: the schema is shown only where the start has told of it`, async () => {
    const world = await start({ graphql: { visibility: visibleSchema } });
    const token = await world.token();
    const shown = await world.ask('{ __schema { types { name } } }', { token });
    assert.match(shown.text, /"Invoice"/);
    assert.match((await world.ask('{ invoic { id } }', { token })).text, /Cannot query field/);
    await world.outcomes();
    const choices = world.sink.events.flatMap((event) => (event.type === 'insecure.used' ? [event.choice] : []));
    assert.deepEqual(choices, ['visibleSchema for POST /graphql']);
  });
}

let lastAddress = 0;
function nextAddress(): string {
  lastAddress += 1;
  return `10.1.${lastAddress >> 8}.${lastAddress & 255}`;
}
