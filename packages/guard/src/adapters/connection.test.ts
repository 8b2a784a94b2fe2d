/** What a connection is used for after a refusal or somebody else's answer, and what outlives it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { GuardAnswer } from '../route.ts';
import { carriers, carryOver, carryOvertaken } from '../testing/carriers.ts';
import { startNotes } from '../testing/notes.ts';

/** Whoever is told nothing would wait for good. */
const bounded = { timeout: 5000 };

/** A stream that tells nothing, and when it is told to end. */
function silence() {
  const ended = Promise.withResolvers<IteratorResult<string>>();
  const end = async (): Promise<IteratorResult<string>> => {
    const over = { done: true, value: undefined } as const;
    ended.resolve(over);
    return over;
  };
  const stream = { [Symbol.asyncIterator]: () => ({ next: () => ended.promise, return: end }) };
  return { ended: ended.promise, answer: { status: 200, headers: {}, body: '', stream } };
}

/** Reads until so much has come. */
async function hears(socket: Socket, text: string): Promise<void> {
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) if (String(chunk).includes(text)) return;
}

const change = '{"title":"Changed"}';

for (const name of Object.keys(carriers)) {
  test(`R-180[${name}] over ${name} what comes after a body that nobody read is answered, or not done`, async (t) => {
    const { guard, token, notes, outcomes } = await startNotes();
    const carried = await carryOver(name, guard);
    t.after(carried.close);
    const refused = 'POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello';
    const head = `PATCH /notes/1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${await token()}\r\nConnection: close\r\n`;
    const type = `Content-Type: application/json\r\nContent-Length: ${change.length}\r\n`;
    const text = await carried.raw(`${refused}${head}${type}\r\n${change}`);
    const statuses = text.match(/(?<=HTTP\/1\.1 )\d+/g)?.map(Number);
    const recorded = (await outcomes()).map(({ status }) => status);
    assert.deepEqual(statuses, recorded, 'each that is done is answered');
    assert.equal(statuses?.[0], 404);
    assert.equal(notes.get(1)?.title, statuses?.length === 2 ? 'Changed' : 'Mine');
  });

  test(`R-180[${name}] over ${name} a refused request with a body of no length leaves the connection open`, async (t) => {
    const { guard } = await startNotes();
    const carried = await carryOver(name, guard);
    t.after(carried.close);
    const refused = 'POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n';
    const text = await carried.raw(`${refused}GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    assert.deepEqual(text.match(/(?<=HTTP\/1\.1 )\d+/g), ['404', '200']);
  });
}

for (const name of ['guard-node', 'express', 'fastify']) {
  test(`R-180[${name}] R-179[${name}] over ${name} a body that is not read to its end ends the connection`, async (t) => {
    const { guard } = await startNotes();
    const carried = await carryOver(name, guard);
    t.after(carried.close);
    const text = await carried.raw('POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n{');
    assert.match(text, /^HTTP\/1\.1 404 [^]*\r\nconnection: close\r\n/i);
  });

  test(`R-183[${name}] I-11[guard] over ${name} headers that Node cannot read end nothing but their connection`, async (t) => {
    const { guard } = await startNotes();
    const carried = await carryOver(name, guard);
    t.after(carried.close);
    // As Node does before 22.22.2 for a header called `constructor`.
    const get = (): never => {
      throw new TypeError('dest[field].push is not a function');
    };
    carried.server.prependOnceListener('request', (incoming) => {
      Object.defineProperty(incoming, 'headersDistinct', { get });
    });
    assert.equal(await carried.raw('GET /health HTTP/1.1\r\nHost: a\r\nConstructor: x\r\n\r\n'), '');
    assert.equal((await carried.send({ method: 'GET', target: '/health' })).status, 200);
  });
}

for (const name of ['guard-node', 'express', 'fastify']) {
  test(
    `R-183[${name}] over ${name} a stream is told when something else has answered meanwhile`,
    bounded,
    async (t) => {
      const { ended, answer } = silence();
      const carried = await carryOvertaken(name, { handle: () => answer });
      t.after(carried.close);
      const socket = carried.connect();
      t.after(() => socket.destroy());
      socket.write('GET /health HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.match(String(await once(socket, 'data')), /out of time/);
      // The connection is open all the while.
      assert.equal((await ended).done, true);
    },
  );

  test(
    `R-183[${name}] over ${name} a stream that waits for its turn is told when its connection ends`,
    bounded,
    async (t) => {
      const { ended, answer } = silence();
      const carried = await carryOver(name, { handle: async () => answer });
      t.after(carried.close);
      // As Node does before version 26 where an answer waits for another one.
      carried.server.prependOnceListener('request', (_, response) => {
        const emit = response.emit.bind(response);
        response.emit = (event: string, ...more: unknown[]) => event !== 'close' && emit(event, ...more);
      });
      const socket = carried.connect();
      socket.write('GET /health HTTP/1.1\r\nHost: a\r\n\r\n');
      await once(socket, 'data');
      socket.destroy();
      assert.equal((await ended).done, true);
    },
  );
}

for (const name of Object.keys(carriers)) {
  test(
    `R-183[${name}] I-11[guard] over ${name} a stream that fails when it is told to end ends nothing else`,
    bounded,
    async (t) => {
      const over = Promise.withResolvers<void>();
      const ends = [
        (): never => {
          throw new Error('at once');
        },
        async (): Promise<never> => {
          over.resolve();
          throw new Error('later');
        },
      ];
      const streams = ends.map((end) => {
        const pieces = ['first'];
        const next = async () => {
          const value = pieces.pop();
          return value === undefined ? Promise.withResolvers<never>().promise : { done: false, value };
        };
        return { [Symbol.asyncIterator]: () => ({ next, return: end }) };
      });
      const plain = { status: 200, headers: {}, body: 'it lives' };
      const carried = await carryOver(name, {
        handle: () => {
          const stream = streams.shift();
          return stream === undefined ? plain : { ...plain, stream };
        },
      });
      t.after(carried.close);
      for (const _ of ends) {
        const socket = carried.connect();
        socket.write('GET /health HTTP/1.1\r\nHost: a\r\n\r\n');
        await hears(socket, 'first');
        socket.destroy();
      }
      await over.promise;
      assert.equal((await carried.send({ method: 'GET', target: '/health' })).body, 'it lives');
    },
  );
}

for (const name of ['guard-node', 'express', 'fastify']) {
  test(`R-183[${name}] I-11[guard] over ${name} a stream that something else ends is told, and ends nothing`, async (t) => {
    const { ended, answer } = silence();
    const pieces = answer.stream[Symbol.asyncIterator]();
    const wants = Promise.withResolvers<void>();
    // It tells its first piece once it was ended, as a source does that hears of it too late.
    const next = async () => {
      wants.resolve();
      await ended;
      return { done: false, value: 'late' };
    };
    const stream = { [Symbol.asyncIterator]: () => ({ ...pieces, next }) };
    const answers = [
      { ...answer, stream },
      { status: 200, headers: {}, body: 'it lives' },
    ];
    const carried = await carryOver(name, { handle: () => answers.shift() as GuardAnswer });
    t.after(carried.close);
    carried.server.once('request', async (_, response) => {
      await wants.promise;
      response.end('out of time');
    });
    assert.match(await carried.raw('GET /health HTTP/1.0\r\nHost: a\r\n\r\n'), /out of time/);
    assert.equal((await ended).done, true);
    assert.equal((await carried.send({ method: 'GET', target: '/health' })).body, 'it lives');
  });

  test(
    `R-183[${name}] over ${name} a stream that something else ends leaves nothing behind on its connection`,
    bounded,
    async (t) => {
      const { ended, answer } = silence();
      const wants = Promise.withResolvers<void>();
      const next = async () => {
        wants.resolve();
        await ended;
        return { done: false, value: 'late' };
      };
      const pieces = { ...answer.stream[Symbol.asyncIterator](), next };
      const answers = [
        { ...answer, stream: { [Symbol.asyncIterator]: () => pieces } },
        { status: 200, headers: {}, body: 'it lives' },
      ];
      const carried = await carryOver(name, { handle: () => answers.shift() as GuardAnswer });
      t.after(carried.close);
      const listening: number[] = [];
      carried.server.prependListener('request', ({ socket }) => {
        listening.push(socket.listenerCount('close'));
      });
      carried.server.once('request', async (_, response) => {
        await wants.promise;
        response.end('out of time');
      });
      const socket = carried.connect();
      t.after(() => socket.destroy());
      const head = 'GET /health HTTP/1.1\r\nHost: a\r\n\r\n';
      socket.write(head);
      await hears(socket, 'out of time');
      await ended;
      socket.write(head);
      await hears(socket, 'it lives');
      assert.equal(listening[1], listening[0]);
    },
  );

  test(`R-183[${name}] I-11[guard] over ${name} what something else writes after the end of an answer ends nothing`, async (t) => {
    const carried = await carryOver(name, { handle: () => ({ status: 200, headers: {}, body: 'whole' }) });
    t.after(carried.close);
    carried.server.prependOnceListener('request', (_, response) => {
      // As a time-out does while a client reads slowly.
      response.once('prefinish', () => response.end('out of time'));
    });
    await carried.raw('GET /health HTTP/1.0\r\nHost: a\r\n\r\n').catch(() => '');
    assert.equal((await carried.send({ method: 'GET', target: '/health' })).body, 'whole');
  });

  for (const [when, handle] of Object.entries({
    'at once': (answer: GuardAnswer) => answer,
    later: async (answer: GuardAnswer) => answer,
  })) {
    test(`R-183[${name}] I-11[guard] over ${name} an answer that comes ${when} to a client that has gone ends nothing`, async (t) => {
      const carried = await carryOver(name, { handle: () => handle({ status: 200, headers: {}, body: 'nobody' }) });
      t.after(carried.close);
      carried.server.prependOnceListener('request', (incoming, response) => {
        incoming.destroy(new Error('reset'));
        response.destroy(new Error('reset'));
      });
      assert.equal(await carried.raw('GET /health HTTP/1.1\r\nHost: a\r\n\r\n').catch(() => ''), '');
      assert.equal((await carried.send({ method: 'GET', target: '/health' })).body, 'nobody');
    });
  }
}

for (const name of ['guard-node', 'express', 'fastify']) {
  test(
    `R-183[${name}] over ${name} a connection lives on where something else has answered before its body came`,
    bounded,
    async (t) => {
      const { guard } = await startNotes();
      const carried = await carryOvertaken(name, guard);
      t.after(carried.close);
      const socket = carried.connect();
      t.after(() => socket.destroy());
      socket.write('POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n');
      assert.match(String(await once(socket, 'data')), /out of time/);
      socket.write('helloGET /health HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.match(String(await once(socket, 'data')), /^HTTP\/1\.1 200 /);
    },
  );
}
