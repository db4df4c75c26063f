import { AsyncLocalStorage } from 'node:async_hooks';
import { handsOn } from './hands-on.js';
import { state } from './state.js';

/** Whose work code is: a test, or the hooks of a suite that run once. */
export interface Owner {
  /** Full title as the runner prints it. */
  readonly title: string;
  /** Whether its scope is over. */
  readonly ended: boolean;
  /** What mends it, in a sentence; undefined where that cannot be told. Asked for amid the work that is late. */
  readonly advice: string | undefined;
}

const KEY = Symbol.for('lockstep.owner');

/** One per thread, even when the package is loaded twice. */
const storage = ((globalThis as { [KEY]?: AsyncLocalStorage<Owner | undefined> })[KEY] ??= new AsyncLocalStorage());

/** Runs a function as the owner's work, and all that comes of it. */
export function runAs<T>(owner: Owner | undefined, fn: () => T): T {
  return storage.run(owner, fn);
}

/** Runs what belongs to no test: a connection that goes on over all of them, an interval, the runner. */
export function runAsNobody<T>(fn: () => T): T {
  return storage.getStore() === undefined ? fn() : storage.run(undefined, fn);
}

/** The owner of the code that runs now, as far as its context tells. */
export function currentOwner(): Owner | undefined {
  return storage.getStore();
}

/** Sets an error, or what tells of it, apart from the test that runs now: it is of one that has ended. */
export function failedLate(owner: Owner, error: unknown): void {
  state.late?.(owner, error);
}

/** Whether the code that runs now may be another's than its context says. */
export function leavesOwner(): boolean {
  return storage.getStore()?.ended === true && handsOn();
}

/**
 * The owner of the code that runs now, if its scope is over: what the code does is late.
 *
 * Undefined as well where that is not certain: a pool that is given a connection back hands it on at
 * once to whoever waited for one, in the context of the giver.
 */
export function endedOwner(): Owner | undefined {
  const owner = storage.getStore();
  return owner?.ended === true && !handsOn() ? owner : undefined;
}
