/** One reader of the feed, with a bounded queue between its pace and that of the changes. */
export interface Subscriber {
  /** What it reads. It fails once the reader is too slow, so that the connection is cut and nothing is missed unseen. */
  readonly pieces: AsyncIterable<string>;
  /** Adds a piece; whoever has left too many unread is cut. */
  readonly send: (piece: string) => void;
  /** Puts a piece before those that wait. */
  readonly begin: (piece: string) => void;
  /** Drops what waits. */
  readonly forget: () => void;
  readonly end: () => void;
}

type Result = IteratorResult<string, undefined>;

/** Characters that may wait; several of the largest messages. */
const largestQueue = 262_144;

/** Makes one; `left` is called once, when it reads no more. */
export function createSubscriber(left: () => void): Subscriber {
  let queue: string[] = [];
  let state: 'open' | 'ended' | 'cut' = 'open';
  let waiting: PromiseWithResolvers<Result> | undefined;
  const done: Result = { done: true, value: undefined };
  const leave = (how: 'ended' | 'cut'): void => {
    if (state !== 'open') return;
    state = how;
    queue = [];
    left();
    waiting?.resolve(done);
  };
  const next = async (): Promise<Result> => {
    if (state === 'cut') throw new Error('a reader of the status feed was too slow');
    if (state === 'ended') return done;
    const value = queue.shift();
    if (value !== undefined) return { done: false, value };
    waiting = Promise.withResolvers<Result>();
    return waiting.promise;
  };
  const send = (piece: string): void => {
    if (state !== 'open') return;
    if (waiting === undefined) queue.push(piece);
    else waiting.resolve({ done: false, value: piece });
    waiting = undefined;
    if (queue.reduce((sum, one) => sum + one.length, 0) > largestQueue) leave('cut');
  };
  const giveUp = async (): Promise<Result> => {
    leave('ended');
    return done;
  };
  return {
    pieces: { [Symbol.asyncIterator]: () => ({ next, return: giveUp }) },
    send,
    begin: (piece) => {
      const later = queue;
      queue = [];
      for (const one of [piece, ...later]) send(one);
    },
    forget: () => {
      queue = [];
    },
    end: () => leave('ended'),
  };
}
