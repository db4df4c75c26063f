import { waitAs } from '../bridge/index.js';

/**
 * Waits in place for what `begin` begins, on behalf of a call of the test's.
 *
 * @param call names it in messages
 * @throws WaitPlaceError, NestedWaitError before anything has begun; else what `sync` throws.
 */
export function waitFor<T>(call: () => string, begin: () => Promise<T>, timeout?: number): T {
  return waitAs(call(), begin, timeout, waitFor);
}
