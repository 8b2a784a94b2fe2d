/**
 * A subscription as server-sent events, for as long as its principal may see it.
 *
 * Owns: asking again, closing, and the frames. Does not own: what is asked (`run`), and executing.
 *
 * @see GraphQL over Server-Sent Events, «Distinct connections mode»
 */

import { endStream, type Refusal, type Runtime } from '@castellan/protocol';
import type { ExecutionResult } from 'graphql';

export interface StreamDeps {
  readonly results: AsyncIterator<ExecutionResult>;
  readonly runtime: Pick<Runtime, 'schedule'>;
  /** Milliseconds from one question to the next. */
  readonly every: number;
  /** Whether the principal may still see it: the token, its revocation, the caller and the function, asked anew. */
  readonly recheck: () => Promise<Refusal | undefined>;
  /** Called before each event is executed. */
  readonly prepare: () => void;
  /** What is sent; undefined for an event that is not for this principal. */
  readonly shape: (result: ExecutionResult) => object | undefined;
  /** What is sent when the execution itself fails. */
  readonly failed: (error: unknown) => Refusal;
  readonly errors: (refusal: Refusal) => object;
  /** Called exactly once. */
  readonly end: (refusal: Refusal | undefined) => void;
}

const completed = 'event: complete\ndata:\n\n';
const alive = ':\n\n';
/** Milliseconds that what is ready may lie there: whoever takes nothing for so long has gone, and nobody said so. */
const patience = 60_000;

/**
 * The frames. It asks again every `every` milliseconds, whether there are events or not, and closes as soon as the
 * answer is no: so a lost right counts within that time and the time of one question.
 */
export function openStream(deps: StreamDeps): AsyncIterable<string> {
  const frames: string[] = [];
  let wake: (() => void) | undefined;
  let isClosed = false;
  let isPulling = false;
  let cancel: (() => void) | undefined;
  /** Milliseconds since something was taken that could have been. */
  let untaken = 0;
  const send = (frame: string): void => {
    frames.push(frame);
    wake?.();
  };
  const close = (refusal: Refusal | undefined, last: readonly string[]): void => {
    if (isClosed) return;
    isClosed = true;
    cancel?.();
    // What has been made ready under a right that is lost is not sent any more.
    if (refusal !== undefined) frames.length = 0;
    for (const frame of last) frames.push(frame);
    // A source that never answers must not keep anything waiting, nor one that throws anything open.
    endStream(deps.results);
    deps.end(refusal);
    wake?.();
  };
  const refuseAll = (refusal: Refusal): void => close(refusal, [frameOf(deps.errors(refusal)), completed]);
  // INVARIANT: nothing that fails here is left to nobody: a stream belongs to no request that would answer for it.
  const orFail = (work: Promise<void>): void => {
    work.then(undefined, (error: unknown) => refuseAll(deps.failed(error)));
  };
  const tick = async (): Promise<void> => {
    const refusal = await deps.recheck();
    if (isClosed) return;
    if (refusal !== undefined) return refuseAll(refusal);
    if (frames.length === 0) send(alive);
    else untaken += deps.every;
    if (untaken >= patience) await stop();
    else plan();
  };
  const plan = (): void => {
    cancel = deps.runtime.schedule(deps.every, () => orFail(tick()));
  };
  const pull = async (): Promise<void> => {
    if (isPulling || isClosed) return;
    isPulling = true;
    for (let shaped: object | undefined; shaped === undefined; ) {
      deps.prepare();
      const { done, value } = await deps.results.next();
      if (isClosed) return;
      if (done === true) return close(undefined, [completed]);
      shaped = deps.shape(value);
      if (shaped !== undefined) send(frameOf(shaped));
    }
    isPulling = false;
  };
  plan();
  const next = async (): Promise<IteratorResult<string>> => {
    untaken = 0;
    for (;;) {
      const frame = frames.shift();
      if (frame !== undefined) return { done: false, value: frame };
      if (isClosed) return { done: true, value: undefined };
      orFail(pull());
      if (frames.length === 0 && !isClosed) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  };
  const stop = async (): Promise<IteratorResult<string>> => {
    frames.length = 0;
    close(undefined, []);
    return { done: true, value: undefined };
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: stop }) };
}

function frameOf(result: object): string {
  return `event: next\ndata: ${JSON.stringify(result)}\n\n`;
}
