/** For tests: a GraphQL endpoint on real sockets, through every adapter. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { carriers, carryOver } from './carriers.ts';
import type { Start } from './graphql-answer.ts';

const headers = (token: string, more: object = {}): Record<string, string> => ({
  authorization: `Bearer ${token}`,
  'content-type': 'application/json',
  ...more,
});

export function sockets(name: string, start: Start): void {
  for (const carrier of Object.keys(carriers)) {
    test(`R-199[graphql] R-200[graphql] ${name}: over ${carrier} operations are answered, and a body past the limit is not read`, async (t) => {
      const world = await start({ guard: () => ({ bodyLimit: 4096 }) });
      const carried = await carryOver(carrier, world.guard);
      t.after(carried.close);
      const sent = { method: 'POST', target: '/graphql', headers: headers(await world.token()) };
      const good = await carried.send({ ...sent, body: '{"query":"{ invoices { id } }"}' });
      assert.deepEqual([good.status, good.body], [200, '{"data":{"invoices":[{"id":"1"},{"id":"2"}]}}']);
      const large = await carried.send({
        ...sent,
        body: JSON.stringify({ query: `{ me { id } } #${'x'.repeat(5000)}` }),
      });
      assert.equal(large.status, 413);
      const get = await carried.send({ ...sent, method: 'GET', target: '/graphql?query={health}' });
      assert.equal(get.status, 405);
    });

    test(`R-171[graphql] R-199[graphql] ${name}: over ${carrier} a subscription tells what is permitted, and ends when the client goes`, async (t) => {
      const world = await start({ graphql: { streams: { perSubject: 1 } } });
      const carried = await carryOver(carrier, world.guard);
      t.after(carried.close);
      const { port } = carried.server.address() as AddressInfo;
      const gone = new AbortController();
      const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
        method: 'POST',
        headers: headers(await world.token(), { accept: 'text/event-stream' }),
        body: '{"query":"subscription { invoiceChanged { id secret } }"}',
        signal: gone.signal,
      });
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
      const reader = response.body?.getReader();
      assert.ok(reader);
      const first = reader.read();
      await world.listening();
      for (const id of [42, 3, 1]) world.publish(world.invoice(id));
      const text = new TextDecoder().decode((await first).value);
      assert.match(text, /^event: next\ndata: \{"data":\{"invoiceChanged":\{"id":"1","secret":null\}\}/);
      gone.abort();
      // The stream is given back, or the subject could never open another.
      await world.ended();
      const [event] = await world.outcomes();
      assert.equal(event?.operation, 'subscription invoiceChanged');
    });
  }
}
