/* eslint-disable no-restricted-properties, no-restricted-syntax -- what a fake clock has replaced is its matter */

/** What @sinonjs/fake-timers (sinon, Jest) leaves on the functions that it replaces, and keeps of them. */
interface FakeClock {
  readonly _nextTick?: typeof process.nextTick;
  readonly _queueMicrotask?: typeof queueMicrotask;
}

type Faked = { readonly clock?: FakeClock };

/**
 * Runs work with Node's own nextTick and queueMicrotask, though fake timers have replaced them.
 *
 * Both are how Node's streams, sockets and HTTP take their next step (all look `process.nextTick` up
 * when they need it): with them faked no request in the process would ever be answered. They tell no
 * time, so a test that stops the clock loses nothing; timers stay faked.
 */
export function withRealTicks<T>(run: () => T): T {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- put back as it is, not called
  const { nextTick } = process;
  const { queueMicrotask } = globalThis;
  const realTick = (nextTick as Faked).clock?._nextTick;
  const realMicrotask = (queueMicrotask as Faked).clock?._queueMicrotask;
  if (realTick === undefined && realMicrotask === undefined) return run();

  if (realTick !== undefined) process.nextTick = realTick;
  if (realMicrotask !== undefined) globalThis.queueMicrotask = realMicrotask;
  try {
    return run();
  } finally {
    // Unless the work has restored the clock, or faked it anew.
    if (process.nextTick === realTick) process.nextTick = nextTick;
    if (globalThis.queueMicrotask === realMicrotask) globalThis.queueMicrotask = queueMicrotask;
  }
}
