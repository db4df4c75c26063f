import { types } from 'node:util';
import { canWait, waitingFrame } from '../place.js';
import { waitAs } from '../sync.js';

const INSTEAD =
  'Make the callback async, and in it `await` the objects that it is given, or the original one that syncify() got.';

/**
 * Waits on behalf of a call through a proxy.
 *
 * @throws NestedWaitError, WaitPlaceError where nothing can wait.
 */
export function waitForCall(call: string, promise: PromiseLike<unknown>): unknown {
  if (!canWait()) {
    // The error about the place is the one to be seen, not that of work which nobody awaits.
    promise.then(undefined, () => undefined);
    waitingFrame(call, INSTEAD);
  }
  return waitAs(call, promise, undefined, waitForCall);
}

/** Functions that returned a promise before: an ORM's methods often do so without being `async`. */
const asyncMethods = new WeakSet<object>();

export function rememberAsync(method: object): void {
  asyncMethods.add(method);
}

/**
 * Refuses a call before it does anything, if it is certain that it would have to wait: work begun in
 * vain would go on behind the error, with a transaction left open perhaps.
 *
 * @throws NestedWaitError, WaitPlaceError
 */
export function refuseHopeless(call: string, method: object): void {
  if (!canWait() && (types.isAsyncFunction(method) || asyncMethods.has(method))) waitingFrame(call, INSTEAD);
}
