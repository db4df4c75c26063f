import { canWait, sync } from '../bridge/index.js';
import { waitingFrame } from '../bridge/place.js';

/**
 * Waits in place for what `begin` begins, on behalf of a call of the test's.
 *
 * @param call names it where waiting is refused
 * @throws WaitPlaceError, NestedWaitError before anything has begun; else what `sync` throws.
 */
export function waitFor<T>(call: () => string, begin: () => Promise<T>, timeout?: number): T {
  // Named only when it is needed: this is on the way of every request.
  if (!canWait()) waitingFrame(call());
  return sync(begin, { timeout });
}
