import { waitingFrame } from './place.js';
import { pump } from './pump.js';
import { state } from './state.js';
import { appendTestFrames } from './stack.js';

/**
 * Lets the app go on until `done()` is true. Returns whether it came true before `timeout`
 * milliseconds passed and while something was left that could make it true.
 *
 * @param what the wait in words
 * @throws what code of the app throws meanwhile where nobody catches it
 */
export function waitUntil(what: string, done: () => boolean, timeout: number): boolean {
  const frame = waitingFrame(what);
  const outcome = pump(frame, `${what} in "${frame.title}"`, done, Math.min(timeout, frame.remaining()));

  if (outcome.kind === 'thrown') {
    const [first] = state.thrown.splice(0);
    appendTestFrames(first, waitUntil);
    throw first;
  }
  return outcome.kind === 'done';
}
