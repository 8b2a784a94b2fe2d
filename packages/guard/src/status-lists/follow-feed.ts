/** Listening to the feed of an issuer, and again whenever it breaks off. */
import {
  epochSeconds,
  type Runtime,
  readEventStream,
  readStatusChange,
  type SigningKey,
  type StatusChange,
  signJwt,
} from '@castellan/protocol';
import { basicCredentials } from '../introspect.ts';

export type FeedConfig = {
  /** https, or http on a loopback host. */
  readonly endpoint: string;
  /** This API's own client at the issuer. */
  readonly client: string;
} & FeedProof;

/** A secret, or a private key that signs an assertion for each connection (RFC 7523 §2.2). */
type FeedProof =
  | { readonly secret: string; readonly key?: undefined }
  | { readonly key: SigningKey; readonly secret?: undefined };

export interface Following {
  readonly issuer: string;
  readonly feed: FeedConfig;
  /** Seconds without a sign of life after which a connection is given up. */
  readonly silence: number;
}

export interface FeedListener {
  readonly changed: (change: StatusChange) => void;
  /** A sign of life: up to now nothing has changed. */
  readonly heard: () => void;
  /** From here on nothing is heard, until the next change. */
  readonly lost: () => void;
}

type FeedRuntime = Pick<Runtime, 'now' | 'monotonic' | 'schedule' | 'fetch' | 'randomBytes'>;

/** Milliseconds before the first attempt after a connection that worked, and at most after ones that did not. */
const firstPause = 100;
const longestPause = 30_000;
/** Milliseconds after which a connection on which something is heard has worked; an issuer speaks every five seconds. */
const soundAfter = 4_000;

interface State {
  readonly following: Following;
  readonly listener: FeedListener;
  readonly runtime: FeedRuntime;
  /** The id of the last event, to go on from. */
  place: string;
  /** Attempts since a connection last worked. */
  failures: number;
  controller: AbortController;
  isStopped: boolean;
}

/** Listens until the function that it answers is called. */
export function followFeed(following: Following, listener: FeedListener, runtime: FeedRuntime): () => void {
  const state: State = {
    following,
    listener,
    runtime,
    place: '',
    failures: 0,
    controller: new AbortController(),
    isStopped: false,
  };
  void follow(state);
  return () => {
    state.isStopped = true;
    state.controller.abort();
  };
}

async function follow(state: State): Promise<void> {
  while (!state.isStopped) {
    state.controller = new AbortController();
    await Promise.allSettled([listen(state)]);
    state.listener.lost();
    state.controller.abort();
    if (!state.isStopped) await pause(state);
    state.failures += 1;
  }
}

/** Doubles from one failure to the next; the half of it is chance, so that not all APIs come back at once. */
function pause({ runtime, failures }: State): Promise<void> {
  const most = Math.min(firstPause * 2 ** Math.min(failures, 20), longestPause);
  const delay = most / 2 + (most / 2) * (runtime.randomBytes(1).readUInt8() / 255);
  return new Promise((resolve) => {
    runtime.schedule(delay, resolve);
  });
}

/** Settles when the connection ends, whatever ends it. */
async function listen(state: State): Promise<void> {
  const { listener } = state;
  const watch = watchSilence(state);
  try {
    const response = await connect(state);
    const type = response.headers.get('content-type')?.split(';')[0]?.trim();
    if (response.status !== 200 || type !== 'text/event-stream' || response.body === null) return;
    const begun = state.runtime.monotonic();
    for await (const part of readEventStream(response.body)) {
      watch.heard();
      // One that breaks off at once did not work, whatever it said first.
      if (state.runtime.monotonic() - begun >= soundAfter) state.failures = 0;
      if (part === 'comment') listener.heard();
      else if (!take(state, part)) return;
    }
  } finally {
    watch.end();
  }
}

/** An event that cannot be read may have been a change: then what is known is worth nothing, and all begins anew. */
function take(state: State, { data, id }: { readonly data: string; readonly id: string }): boolean {
  const change = readStatusChange(data, state.following.issuer);
  state.place = change === undefined ? '' : id;
  if (change !== undefined) state.listener.changed(change);
  return change !== undefined;
}

async function connect({ following, place, controller, runtime }: State): Promise<Response> {
  const { feed, issuer } = following;
  const proof = await proofOf(feed, issuer, runtime);
  return runtime.fetch(feed.endpoint, {
    method: 'POST',
    headers: { accept: 'text/event-stream', 'content-type': 'application/x-www-form-urlencoded', ...proof.headers },
    body: new URLSearchParams({ ...proof.form, ...(place === '' ? {} : { last_event_id: place }) }).toString(),
    signal: controller.signal,
    redirect: 'error',
  });
}

interface Proof {
  readonly headers: Readonly<Record<string, string>>;
  readonly form: Readonly<Record<string, string>>;
}

/** An assertion is for the issuer alone and for a minute; a new one for each attempt, since it counts once. */
async function proofOf(feed: FeedConfig, issuer: string, runtime: FeedRuntime): Promise<Proof> {
  const { client, key, secret } = feed;
  if (key === undefined) return { headers: { authorization: basicCredentials({ client, secret }) }, form: {} };
  const now = epochSeconds(runtime);
  const jti = runtime.randomBytes(16).toString('base64url');
  const claims = { iss: client, sub: client, aud: issuer, jti, iat: now, exp: now + 60 };
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
  return { headers: {}, form: { client_assertion_type: type, client_assertion: await signJwt(key, 'JWT', claims) } };
}

/** A connection that broke without a word looks like one on which nothing happens; heartbeats tell them apart. */
function watchSilence({ runtime, controller, following }: State): {
  readonly heard: () => void;
  readonly end: () => void;
} {
  const again = (): (() => void) => runtime.schedule(following.silence * 1000, () => controller.abort());
  let cancel = again();
  return {
    heard: () => {
      cancel();
      cancel = again();
    },
    end: () => cancel(),
  };
}
