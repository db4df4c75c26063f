import { inspect } from 'node:util';
import { SyncUsageError } from '../errors.js';

/**
 * The given number of milliseconds, or undefined for the default.
 *
 * @throws SyncUsageError for anything but a positive number.
 */
export function checkTimeout(call: string, timeout: unknown): number | undefined {
  if (timeout === undefined) return undefined;
  if (typeof timeout === 'number' && timeout > 0) return timeout;

  throw new SyncUsageError({
    what: `${call}: option "timeout" is ${inspect(timeout)}.`,
    why: 'It is the number of milliseconds until the wait fails, so it must be a positive number.',
    remedy: "Give e.g. { timeout: 5000 }, or leave it out for what is left of the running test's timeout.",
  });
}
