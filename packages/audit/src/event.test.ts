import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { SecurityEvent } from './event.ts';
import { createRecorder, recordEvents } from './recorder.ts';

/** Every member name that any event can have. */
type MemberOf<T> = T extends unknown ? keyof T : never;
type EventMember = MemberOf<SecurityEvent>;

/** Words under which a secret could travel. */
type SecretWord =
  | 'secret'
  | 'password'
  | 'token'
  | 'accessToken'
  | 'refreshToken'
  | 'idToken'
  | 'code'
  | 'verifier'
  | 'cookie'
  | 'authorizationHeader'
  | 'body'
  | 'query'
  | 'url'
  | 'headers'
  | 'loginName';

type Forbidden = Extract<EventMember, SecretWord>;

test('R-225[events] no event has a place for a secret: this line stops compiling when one gets it', () => {
  const none: [Forbidden] extends [never] ? true : false = true;
  assert.ok(none);
});

test('R-225[events] a field that no event declares does not compile', () => {
  // @ts-expect-error a token is nothing an event may hold
  const event: SecurityEvent = { type: 'code.redeemed', authorization: 'a', client: 'c', token: 'x' };
  assert.ok(event);
  // @ts-expect-error an event of a kind that is not declared
  const unknown: SecurityEvent = { type: 'anything.goes' };
  assert.ok(unknown);
});

test('R-226[events] an operation that changes authority cannot be recorded as nothing', () => {
  const recorder = createRecorder({ source: 'issuer' }, { now: () => 0, randomBytes: (size) => Buffer.alloc(size) });
  // @ts-expect-error at least one event
  const record = () => recordEvents(recorder, 'correlation', []);
  assert.ok(record);
});

test('R-224[events] every event carries its own id, the version, the time, the request and the source', () => {
  const bytes = Buffer.from(Array.from({ length: 4096 }, (_, index) => index % 251));
  const recorder = createRecorder(
    { source: 'issuer' },
    { now: () => 1_700_000_000_123, randomBytes: (size) => bytes.subarray(0, size) },
  );
  const [first, second] = recordEvents(recorder, 'request-1', [
    { type: 'person.created', person: 'p' },
    { type: 'password.rehashed', person: 'p' },
  ]);
  assert.deepEqual(first, {
    id: 'AAECAwQFBgcICQoLDA0ODx',
    version: 1,
    time: '2023-11-14T22:13:20.123Z',
    correlation: 'request-1',
    source: 'issuer',
    type: 'person.created',
    person: 'p',
  });
  assert.notEqual(second?.id, first.id);
});

test('R-224[events] no id is given out twice, however many are asked for', () => {
  let drawn = 0;
  const randomBytes = (size: number): Buffer => {
    drawn += 1;
    return createHash('shake256', { outputLength: size }).update(`${drawn}`).digest();
  };
  const recorder = createRecorder({ source: 'issuer' }, { now: () => 0, randomBytes });
  const ids = Array.from({ length: 1000 }, () => [recorder.newId(), recorder.newCorrelation()]).flat();
  assert.equal(new Set(ids.map((id) => id.slice(0, 16))).size, 2000);
  for (const [index, id] of ids.entries()) assert.match(id, index % 2 === 0 ? /^[\w-]{22}$/ : /^[\w-]{16}$/);
});

test('R-225[events] the declared members, word by word, name no secret', () => {
  const source = readFileSync(new URL('./event.ts', import.meta.url), 'utf8');
  const members = [...source.matchAll(/readonly (\w+)\??:/g)].map(([, name]) => name);
  assert.ok(members.length > 50);
  for (const name of members) assert.doesNotMatch(name ?? '', /secret|passw|token|cookie|header|body|query|verifier/i);
});
