/**
 * Where somebody stands in a flow, and whether the next step may be taken.
 *
 * A step is claimed before its handler runs, by one swap of a mark: of two requests at once one takes it. Only once the
 * handler is done the next step is open: a request that runs beside it must not overtake it. A handler that fails gives
 * the step back, so that it can be taken again. After a process that died in between the flow is begun anew.
 */
import type { MarkStore } from '@castellan/limits';
import { type Runtime, refuse } from '@castellan/protocol';
import type { Access } from './access.ts';
import { loadingTime, withDeadline } from './deadline.ts';
import type { FlowStep } from './flow.ts';
import type { Later } from './later.ts';

export interface WalkDeps {
  readonly store: MarkStore;
  readonly runtime: Pick<Runtime, 'now' | 'monotonic' | 'schedule'>;
  readonly access: Access;
  /** Takes one of the flow's quota; throws when it is used up. */
  readonly takeQuota: () => Later<void>;
}

/** The step that somebody took last; times in milliseconds. */
interface Place {
  /** -1 where the first one failed. */
  readonly index: number;
  readonly begunAt: number;
  readonly takenAt: number;
  /** Whether its handler is done. */
  readonly isDone: boolean;
}

/** A claimed step. */
interface Claim {
  readonly finish: () => Promise<void>;
  readonly giveBack: () => Promise<void>;
}

/**
 * Takes a step and does its work.
 *
 * @throws {Refusal} `flow_out_of_order` for a step that was skipped, is over or is being taken by another request;
 * `flow_too_fast`; `rate_limited`
 */
export async function walk<T>(step: FlowStep, deps: WalkDeps, work: () => Later<T>): Promise<T> {
  const claimed = await claim(step, deps);
  let isDone = false;
  try {
    const result = await work();
    isDone = true;
    return result;
  } finally {
    await (isDone ? claimed.finish() : claimed.giveBack());
  }
}

async function claim(step: FlowStep, deps: WalkDeps): Promise<Claim> {
  const { store, runtime, access } = deps;
  const timely = <T>(answer: T | Promise<T>): T | Promise<T> => withDeadline(runtime, loadingTime, answer);
  // A flow has a name without spaces and an issuer is a URI: no two keys meet.
  const key = `${step.flow} ${access.issuer} ${access.subject}`;
  const now = store.reach === 'node' ? runtime.monotonic() : runtime.now();
  const from = await timely(store.find(key, runtime));
  const place = from === undefined ? undefined : parsePlace(from);
  const next = nextPlace(step, place, now);
  if (step.isLast) await deps.takeQuota();
  const to = formatPlace(next);
  const life = next.begunAt + step.within - now;
  // INVARIANT: from what was judged. Whoever came in between has taken this step, or begun anew.
  if (!(await timely(store.swap(key, { from, to, life }, runtime))))
    refuseOrder(step, 'another request came in between');
  // A step that failed is tried again no faster than the next one is taken: or it is where something is guessed.
  const before = step.index === 0 || place === undefined ? from : formatPlace({ ...place, takenAt: now });
  // Where the flow was begun anew meanwhile, neither of them does anything.
  const replace = async (mark: string): Promise<void> => {
    await timely(store.swap(key, { from: to, to: mark, life }, runtime));
  };
  return {
    finish: () => replace(formatPlace({ ...next, isDone: true })),
    giveBack: () => replace(before ?? formatPlace({ ...next, index: -1 })),
  };
}

/** The first step begins anew wherever one stands: who changed their mind is not locked out. */
function nextPlace(step: FlowStep, place: Place | undefined, now: number): Place {
  if (step.index === 0) return { index: 0, begunAt: now, takenAt: now, isDone: false };
  if (place === undefined) return refuseOrder(step, 'nothing was begun');
  if (!place.isDone || place.index !== step.index - 1) return refuseOrder(step, `after step ${place.index + 1}`);
  if (place.begunAt + step.within <= now) return refuseOrder(step, 'its time is over');
  const early = place.takenAt + step.pace - now;
  if (early > 0) {
    const detail = `${step.flow}: ${step.step} came ${Math.ceil(early)} ms too early`;
    return refuse('flow_too_fast', { retryAfter: Math.ceil(early / 1000), detail });
  }
  return { index: step.index, begunAt: place.begunAt, takenAt: now, isDone: false };
}

function refuseOrder({ flow, step }: FlowStep, why: string): never {
  return refuse('flow_out_of_order', { detail: `${flow}: ${step} out of order: ${why}` });
}

function formatPlace({ index, begunAt, takenAt, isDone }: Place): string {
  return `${index} ${begunAt} ${takenAt} ${isDone ? 'done' : 'begun'}`;
}

function parsePlace(mark: string): Place | undefined {
  const [index = Number.NaN, begunAt = Number.NaN, takenAt = Number.NaN] = mark.split(' ').slice(0, 3).map(Number);
  const isSound = [index, begunAt, takenAt].every(Number.isFinite);
  return isSound ? { index, begunAt, takenAt, isDone: mark.endsWith(' done') } : undefined;
}
