import type { Callback } from './assignment.js';
import { state } from './state.js';

/** Calls a callback of the app; during a wait, what it throws is kept for the wait to throw. */
export function guarded(callback: Callback, self: unknown, args: unknown[]): unknown {
  if (state.waiting === undefined) return Reflect.apply(callback, self, args);
  try {
    return Reflect.apply(callback, self, args);
  } catch (error) {
    if (!leftToDomain(error)) state.thrown.push(error);
    return undefined;
  }
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

/** The guarded form of a callback that is called as a method. */
export function guardedMethod(callback: Callback): Callback {
  return function (this: unknown, ...args: unknown[]) {
    return guarded(callback, this, args);
  };
}
