/** For tests: an issuer whose status lists and feed say whatever the test wants, and the runtime of who reads them. */
import {
  formatStatusEvent,
  generateSigningKey,
  packStatusBits,
  type SigningKey,
  type StatusChange,
  type StatusListClaim,
  signJwt,
  statusHeartbeat,
} from '@castellan/protocol';
import { createClock, type TestClock } from '../../../testkit/src/clock.ts';
import { seededRandom } from '../../../testkit/src/random.ts';
import type { FeedConfig } from '../status-lists/follow-feed.ts';
import type { StatusListsRuntime } from '../status-lists/status-lists.ts';

export const issuer = 'https://id.example';
export const listUri: string = `${issuer}/status/1.0`;
export const feed: FeedConfig = {
  endpoint: `${issuer}/status/feed`,
  client: 'api',
  secret: 'a-secret-of-the-api-0123456789',
};

type Serve = (init: RequestInit) => Promise<Response> | Response;

/** One connection of the feed, from the issuer's side. */
interface Connection {
  readonly form: URLSearchParams;
  readonly say: (text: string) => void;
  readonly cut: () => void;
  readonly isOpen: () => boolean;
}

export interface StatusIssuer {
  readonly clock: TestClock;
  readonly runtime: StatusListsRuntime;
  /** What stands in lists from now on. */
  state: { epoch?: number; version: number | undefined; revoked: readonly number[] };
  /** How often each address was fetched. */
  readonly fetched: (url: string) => number;
  /** Answers an address otherwise; undefined takes it off the network. */
  readonly serve: (url: string, answer: Serve | undefined) => void;
  readonly sign: (claims?: object, typ?: Parameters<typeof signJwt>[1], key?: SigningKey) => Promise<string>;
  readonly connections: readonly Connection[];
  /** Tells a change to the last connection. */
  readonly tell: (change: Partial<StatusChange>) => void;
  readonly beat: () => void;
}

export async function startStatusIssuer(): Promise<StatusIssuer> {
  const clock = createClock(1_800_000_000_000);
  const { privateKey, publicJwk } = await generateSigningKey('ES256');
  const own: SigningKey = { kid: publicJwk.kid, algorithm: 'ES256', privateKey };
  const counts = new Map<string, number>();
  const connections: Connection[] = [];
  const network = new Map<string, Serve>();
  const status: StatusIssuer['state'] = { version: 1, revoked: [] };
  const sign: StatusIssuer['sign'] = (claims = {}, typ = 'statuslist+jwt', key = own) => {
    const now = clock.now() / 1000;
    const list: StatusListClaim = packStatusBits(65_536, issuerState.state.revoked);
    const { epoch = 1, version } = issuerState.state;
    const base = { iss: issuer, sub: listUri, iat: now, exp: now + 60, ttl: 10, epoch, version, status_list: list };
    return signJwt(key, typ, { ...base, ...claims });
  };
  network.set(`${issuer}/jwks`, () => Response.json({ keys: [publicJwk] }));
  network.set(listUri, async () => listAnswer(await sign()));
  network.set(feed.endpoint, (init) => connect(connections, init));
  const issuerState: StatusIssuer = {
    clock,
    runtime: {
      ...clock,
      randomBytes: seededRandom('status-issuer'),
      fetch: async (url, init = {}) => {
        const address = String(url);
        counts.set(address, (counts.get(address) ?? 0) + 1);
        const answer = network.get(address);
        if (answer === undefined) throw new TypeError('nobody listens there');
        return answer(init);
      },
    },
    state: status,
    fetched: (url) => counts.get(url) ?? 0,
    serve: (url, answer) => {
      if (answer === undefined) network.delete(url);
      else network.set(url, answer);
    },
    sign,
    connections,
    tell: (change) => {
      const whole: StatusChange = { epoch: 1, version: 1, since: undefined, lists: new Map(), ...change };
      connections.at(-1)?.say(formatStatusEvent({ iss: issuer, iat: 1, jti: 'x' }, whole));
    },
    beat: () => connections.at(-1)?.say(statusHeartbeat),
  };
  return issuerState;
}

export function listAnswer(token: string, type = 'application/statuslist+jwt'): Response {
  return new Response(token, { headers: { 'content-type': type } });
}

function connect(connections: Connection[], init: RequestInit): Response {
  let isOpen = true;
  const encoder = new TextEncoder();
  const { promise, resolve } = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
  const body = new ReadableStream<Uint8Array>({
    start: resolve,
    cancel: () => {
      isOpen = false;
    },
  });
  const cut = (): void => {
    if (!isOpen) return;
    isOpen = false;
    void promise.then((controller) => controller.error(new Error('cut')));
  };
  init.signal?.addEventListener('abort', cut);
  connections.push({
    form: new URLSearchParams(String(init.body)),
    say: (text) => void promise.then((controller) => controller.enqueue(encoder.encode(text))),
    cut,
    isOpen: () => isOpen,
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}
