import { deadlineOf } from '../deadline.js';
import { checkWaitOptions } from '../request/options.js';
import type { User } from '../user.js';
import { waitFor } from '../wait.js';
import type { Wait, Waits } from './waits.js';

/** A connection that stays open between calls: what the host knows of it. */
export interface OpenSession {
  /** A sentence per open wait, for the diagnostics of a wait that failed. */
  sentences(): readonly string[];
  /** Closes it; the app sees its client go away. */
  close(): void;
}

/** Options of each wait of a session. */
export interface WaitOptions {
  /** Milliseconds. Default: the client's timeout, else what is left of the running test's own. */
  readonly timeout?: number | undefined;
}

/**
 * Waits in place, as the synchronous API does.
 *
 * @param call names it where waiting is refused
 */
export function waitHere<T>(user: User, call: () => string, wait: () => Wait<T>, options: WaitOptions): T {
  checkWaitOptions(call(), options);
  let begun: Wait<T> | undefined;
  try {
    return waitFor(call, () => (begun = wait()).promise, options.timeout ?? user.defaults.timeout);
  } catch (error) {
    begun?.cancel();
    throw error;
  }
}

/** Waits as a promise with a deadline of its own. */
export async function waitAsync<T>(
  user: User,
  waits: Waits,
  what: string,
  attempt: () => T | undefined,
  options: WaitOptions,
): Promise<T> {
  checkWaitOptions(what, options);
  const deadline = deadlineOf(options.timeout ?? user.defaults.timeout, user.desk.remaining);
  return waits.until(what, attempt, deadline).promise;
}
