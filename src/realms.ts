/**
 * The globals whose clocks tests may fake: those of this thread, and of the contexts in which a runner has its tests
 * run, where that is another one.
 */

/** The part of a global object that a fake clock replaces. */
export interface Realm {
  readonly setTimeout?: (callback: () => void, ms: number) => unknown;
  readonly clearTimeout?: (timer: never) => void;
  readonly setInterval?: (callback: () => void, ms: number) => unknown;
  readonly clearInterval?: (timer: never) => void;
  readonly setImmediate?: (callback: () => void) => unknown;
  readonly clearImmediate?: (timer: never) => void;
  queueMicrotask?: (callback: () => void) => void;
  readonly process?: { nextTick: typeof process.nextTick };
}

interface Slot {
  realms: readonly Realm[];
}

const KEY = Symbol.for('lockstep.realms');

/** One per thread even when the package is loaded twice (see bridge/state.ts). */
const slot: Slot = ((globalThis as { [KEY]?: Slot })[KEY] ??= { realms: [globalThis] });

/** To be called by whoever runs tests: names the contexts that they run in besides this one. */
export function useRealms(others: readonly Realm[]): void {
  slot.realms = [globalThis, ...others];
}

export function realms(): readonly Realm[] {
  return slot.realms;
}
