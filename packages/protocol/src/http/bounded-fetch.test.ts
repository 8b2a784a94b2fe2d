import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetchBounded } from './bounded-fetch.ts';

const timers = () => {
  const tasks: { delay: number; task: () => void; cancelled: boolean }[] = [];
  const schedule = (delay: number, task: () => void) => {
    const timer = { delay, task, cancelled: false };
    tasks.push(timer);
    return () => {
      timer.cancelled = true;
    };
  };
  return { tasks, schedule };
};

const load = (answer: (init: RequestInit | undefined) => Promise<Response>, clock = timers()) =>
  fetchBounded({
    url: 'https://login.example/jwks',
    accept: 'application/json',
    timeout: 5,
    maximumBytes: 10,
    runtime: { schedule: clock.schedule, fetch: (_, init) => answer(init) },
  });

test('R-154[verifier] a small document is fetched, redirects are refused, and the timer ends', async () => {
  const clock = timers();
  let redirect: unknown;
  const { bytes } = await load(async (init) => {
    redirect = init?.redirect;
    return new Response('0123456789');
  }, clock);
  assert.equal(Buffer.from(bytes ?? []).toString(), '0123456789');
  assert.equal(redirect, 'error');
  assert.deepEqual(
    clock.tasks.map(({ delay, cancelled }) => [delay, cancelled]),
    [[5000, true]],
  );
});

test('R-154[verifier] a body over the bound is not read to its end', async () => {
  let cancelled = false;
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(8)),
    cancel: () => {
      cancelled = true;
    },
  });
  const { problem } = await load(async () => new Response(endless));
  assert.equal(problem, 'a body that is too large');
  assert.ok(cancelled);
});

test('R-154[verifier] any status but 200 and any redirect is a problem', async () => {
  for (const status of [201, 301, 302, 307, 401, 404, 500]) {
    const { problem } = await load(async () => new Response('{}', { status }));
    assert.equal(problem, 'an answer that is not 200');
  }
  const followed = Object.defineProperty(new Response('{}'), 'redirected', { value: true });
  assert.equal((await load(async () => followed)).problem, 'an answer that is not 200');
});

test('R-154[verifier] a failure is a problem without a cause that names hosts', async () => {
  const { problem } = await load(async () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.1')));
  assert.equal(problem, 'no answer');
});

test('R-154[verifier] silence ends with the time-out, before and within the body', async () => {
  for (const answer of [
    () => new Promise<Response>(() => {}),
    async () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) })),
  ]) {
    const clock = timers();
    let signal: AbortSignal | null | undefined;
    const waiting = load((init) => {
      signal = init?.signal;
      return answer();
    }, clock);
    clock.tasks[0]?.task();
    assert.equal((await waiting).problem, 'no answer in time');
    assert.ok(signal?.aborted);
  }
});

test('S-51[introspection] R-185[verifier] a form goes by POST with its credentials, and follows no redirect', async () => {
  const sent: (RequestInit | undefined)[] = [];
  const clock = timers();
  const request = {
    url: 'https://login.example/introspect',
    accept: 'application/json',
    form: 'token=a',
    authorization: 'Basic eDp5',
    timeout: 5,
    maximumBytes: 100,
  };
  const answers = [
    new Response('{}', { headers: { 'content-type': 'Application/JSON ; charset=utf-8' } }),
    new Response('', { status: 307, headers: { location: 'https://evil.example' } }),
  ];
  const runtime = {
    schedule: clock.schedule,
    fetch: async (_: string | URL, init?: RequestInit) => {
      sent.push(init);
      return answers.shift() ?? Response.error();
    },
  };
  const first = await fetchBounded({ ...request, runtime });
  assert.equal(first.problem === undefined && first.mediaType, 'application/json');
  assert.deepEqual(
    { ...sent[0], signal: undefined },
    {
      method: 'POST',
      body: 'token=a',
      headers: {
        accept: 'application/json',
        authorization: 'Basic eDp5',
        'content-type': 'application/x-www-form-urlencoded',
      },
      redirect: 'error',
      signal: undefined,
    },
  );
  assert.notEqual((await fetchBounded({ ...request, runtime })).problem, undefined);
  assert.equal(sent.length, 2);
});
