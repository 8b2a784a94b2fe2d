/** For tests: what a subscription tells, and when it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Start } from './graphql-answer.ts';
import type { GraphqlWorld } from './graphql-world.ts';

export function streams(name: string, start: Start): void {
  const events = { accept: ['text/event-stream'] };
  const subscribe = async (world: GraphqlWorld, claims: object = {}) => {
    const token = await world.token({ ...claims });
    const answer = await world.ask('subscription { invoiceChanged { id customer secret } }', {
      token,
      headers: events,
    });
    assert.equal(answer.status, 200, answer.text);
    const frames = answer.stream?.[Symbol.asyncIterator]();
    assert.ok(frames);
    return { next: async () => String((await frames.next()).value ?? 'ended'), frames };
  };

  test(`R-199[graphql] ${name}: of a subscription's events only those are told whose object is permitted, each anew`, async () => {
    const world = await start();
    const { next, frames } = await subscribe(world);
    const first = next();
    world.publish(world.invoice(42));
    world.publish(world.invoice(3));
    world.publish(world.invoice(1));
    assert.match(await first, /^event: next\ndata: .*"id":"1","customer":"Harbour","secret":null/);
    const second = next();
    world.publish({ ...world.invoice(1), ownerId: 'theo' });
    world.publish({ ...world.invoice(2), customer: 'Second' });
    assert.match(await second, /"customer":"Second"/, 'what is not hers any more is not told');
    await frames.return?.();
    const [event] = await world.outcomes();
    assert.equal(event?.operation, 'subscription invoiceChanged');
  });

  test(`R-171[graphql] ${name}: a stream ends within its bound once the token ends, the right is lost or the caller is gone`, async () => {
    const endings: readonly (readonly [string, (world: GraphqlWorld) => void])[] = [
      ['invalid_token', ({ clock }) => clock.advance(311)],
      [
        'access_denied',
        ({ roles, clock }) => {
          roles.set('nora', 'gone');
          clock.advance(5);
        },
      ],
    ];
    for (const [code, end] of endings) {
      const world = await start();
      const { next } = await subscribe(world);
      const first = next();
      world.clock.advance(5);
      assert.equal(await first, ':\n\n', 'it was looked at, and goes on');
      const last = next();
      end(world);
      assert.match(await last, new RegExp(`^event: next\\ndata: .*"code":"${code}"`));
      assert.equal(await next(), 'event: complete\ndata:\n\n');
      world.publish(world.invoice(1));
      assert.equal(await next(), 'ended');
      const [event] = await world.outcomes();
      assert.equal(event?.outcome, 'deny');
    }
  });

  test(`R-197[graphql] ${name}: without a token the addresses of one IPv6 network have so many streams open`, async () => {
    const world = await start({ graphql: { streams: { perSubject: 1 } } });
    const open = async (address: string) =>
      (await world.ask('subscription { tick }', { headers: events, address })).status;
    assert.equal(await open('2001:db8:0:1::1'), 200);
    assert.equal(await open('2001:db8:0:1::2'), 429);
    assert.equal(await open('2001:db8:0:2::1'), 200);
  });

  test(`R-171[graphql] R-197[graphql] ${name}: a subject has so many streams open, and gives one back when it ends`, async () => {
    const world = await start({ graphql: { streams: { perSubject: 1 } } });
    const { frames } = await subscribe(world);
    const token = await world.token();
    const query = 'subscription { invoiceChanged { id } }';
    assert.equal((await world.ask(query, { token, headers: events })).status, 429);
    await frames.return?.();
    assert.equal((await world.ask(query, { token, headers: events })).status, 200);
    assert.equal((await world.ask(query, { token })).status, 415, 'only as a stream of events');
  });
}
