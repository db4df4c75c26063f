import type { Clock } from '../sandbox/counted-time.js';

/**
 * Time for turns. Taken when the module is loaded: a test's fake timers must not stop the clock by
 * which a stall is noticed.
 */
const { performance } = globalThis;
const read = performance.now.bind(performance);
const set = globalThis.setTimeout;
const clear = globalThis.clearTimeout;
const immediate = globalThis.setImmediate;

/** When the process began, in milliseconds since the epoch. */
export const ORIGIN: number = performance.timeOrigin;

/** Milliseconds since the process began. */
export function now(): number {
  return read();
}

/** Calls back after `delay` milliseconds; returns what prevents it. Keeps the process alive, since somebody waits. */
export function after(delay: number, callback: () => void): () => void {
  const timer = set(callback, delay);
  return () => clear(timer);
}

/** The same, for what nobody waits for: it keeps no process alive. */
export function afterUnref(delay: number, callback: () => void): () => void {
  const timer = set(callback, delay).unref();
  return () => clear(timer);
}

export const clock: Clock = { now, after };

/** Calls back in a later turn of the event loop, in the caller's async context. */
export function soon(callback: () => void): void {
  immediate(callback);
}
