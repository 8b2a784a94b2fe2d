/**
 * A value that is there, or comes later.
 *
 * Most of what a request asks for is in memory, and waiting for what is there costs as much as finding it: so a step of
 * the pipeline answers at once when it can, and whoever goes on from it awaits only what is still to come.
 */

export type Later<T> = T | Promise<T>;

/** Whether a value is still to come. Any thenable is, as query builders make them. */
export function isLater<T>(value: Later<T>): value is Promise<T> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';
}

/**
 * What follows a value, at once when it is there. What `next` needs besides goes along as its `state`: a closure would
 * be made for each request, and costs as much as many a check.
 *
 * @example return after(route.load(call), (object) => requireObject(judge, object));
 * @example return after(route.load(call), handleObject, handling);
 */
export function after<T, U>(value: Later<T>, next: (value: T) => Later<U>): Later<U>;
export function after<T, U, S>(value: Later<T>, next: (value: T, state: S) => Later<U>, state: S): Later<U>;
export function after<T, U, S>(value: Later<T>, next: (value: T, state?: S) => Later<U>, state?: S): Later<U> {
  return isLater(value) ? follow(value, next, state) : next(value, state);
}

/** INVARIANT: through a promise of our own; a thenable may have a `then` that answers nothing. */
function follow<T, U, S>(value: Promise<T>, next: (value: T, state?: S) => Later<U>, state?: S): Promise<U> {
  return Promise.resolve(value).then((come) => next(come, state));
}
