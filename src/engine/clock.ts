import type { Clock } from '../sandbox/counted-time.js';
import { clearTimeout, now, setImmediate, setTimeout, timeOrigin } from '../real-time.js';

export { now } from '../real-time.js';

/** When the process began, in milliseconds since the epoch. */
export const ORIGIN: number = timeOrigin;

/** Calls back after `delay` milliseconds; returns what prevents it. Keeps the process alive, since somebody waits. */
export function after(delay: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delay);
  return () => clearTimeout(timer);
}

/** The same, for what nobody waits for: it keeps no process alive. */
export function afterUnref(delay: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delay).unref();
  return () => clearTimeout(timer);
}

export const clock: Clock = { now, after };

/** Calls back in a later turn of the event loop, in the caller's async context. */
export function soon(callback: () => void): void {
  setImmediate(callback);
}
