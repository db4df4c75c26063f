import { endedOwner, failedLate } from './ownership.js';
import { state } from './state.js';

/** Rejections of the running test that came outside of its waits, by their promises. */
const late = new Map<Promise<unknown>, unknown>();

/**
 * Takes rejections that nobody handles: those that come during a wait for that wait to throw, others
 * for the end of the test (`lateRejection`). The runner listens to them as well, and passes them on to
 * whoever else listens, which is why one may arrive twice. Returns what stops taking them.
 */
export function takeRejections(): () => void {
  process.on('unhandledRejection', take);
  process.on('rejectionHandled', forget);
  return () => {
    process.removeListener('unhandledRejection', take);
    process.removeListener('rejectionHandled', forget);
  };
}

/** Node tells of a rejection in the context of the promise. */
function take(reason: unknown, promise: Promise<unknown>): void {
  const owner = endedOwner();
  if (owner !== undefined) return failedLate(owner, reason);
  if (state.waiting === undefined) late.set(promise, reason);
  else if (!state.thrown.includes(reason)) state.thrown.push(reason);
}

function forget(promise: Promise<unknown>): void {
  late.delete(promise);
}

/** The first that came outside of waits since `forgetRejections` and that nobody has handled since. */
export function lateRejection(): unknown {
  const [first] = late.values();
  return first;
}

/** To be called when a test begins: those of before are nobody's any more. */
export function forgetRejections(): void {
  // To clear a map makes a new table for it, even where it has nothing.
  if (late.size > 0) late.clear();
}
