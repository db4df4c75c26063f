import type { Callback } from './assignment.js';
import { drainQueues } from './drain.js';
import { endedOwner, failedLate } from './ownership.js';
import { state } from './state.js';

/** Calls a callback of the app; during a wait, what it throws is kept for the wait to throw. */
export function guarded(callback: Callback, self: unknown, args: unknown[]): unknown {
  if (state.waiting === undefined) return Reflect.apply(callback, self, args);
  try {
    return Reflect.apply(callback, self, args);
  } catch (error) {
    if (leftToDomain(error)) return undefined;
    const owner = endedOwner();
    if (owner === undefined) state.thrown.push(error);
    else failedLate(owner, error);
    return undefined;
  }
}

/**
 * The same for a callback that libuv calls with nothing of JavaScript in between.
 *
 * Node empties the queues of nextTick and microtasks behind each of those (`InternalCallbackScope`
 * in src/api/callback.cc), but not while the function that waits is on the stack. Without it a whole
 * turn of the loop would go by first: a refused socket would emit `close` before `error`, a timer
 * would run before the nextTick of an immediate.
 */
export function guardedTurn(callback: Callback, self: unknown, args: unknown[]): unknown {
  if (state.waiting === undefined) return Reflect.apply(callback, self, args);

  // What ran unguarded before has left its own behind.
  drainQueues();
  try {
    return guarded(callback, self, args);
  } finally {
    drainQueues();
  }
}

/**
 * The same for timers and immediates. Node itself drains the queues between those of one batch, and
 * what follows the last of them is guarded too.
 */
export function guardedInBatch(callback: Callback, self: unknown, args: unknown[]): unknown {
  if (state.waiting !== undefined) drainQueues();
  return guarded(callback, self, args);
}

/** The part of `node:domain` that is used, without loading it: that alone would change the process. */
interface Domain {
  listenerCount(event: 'error'): number;
  emit(event: 'error', error: unknown): boolean;
}

/** Whether the callback belongs to a domain that handles errors, as Node would have let it. */
function leftToDomain(error: unknown): boolean {
  const { domain } = process as { domain?: Domain | null };
  if (!domain || domain.listenerCount('error') === 0) return false;

  try {
    return domain.emit('error', error);
  } catch (thrown) {
    state.thrown.push(thrown);
    return true;
  }
}

/** The guarded form of a callback that libuv calls as a method. */
export function guardedMethod(callback: Callback): Callback {
  return function (this: unknown, ...args: unknown[]) {
    return guardedTurn(callback, this, args);
  };
}
