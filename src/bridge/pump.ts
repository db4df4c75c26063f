import { captureUncaught } from './capture.js';
import { debug } from './debug.js';
import { drainQueues } from './drain.js';
import type { EventLoop, Expired } from './event-loop.js';
import { eventLoop } from './load-pump.js';
import { native } from './native.js';
import { withRealTicks } from './real-ticks.js';
import { state, type FrameOwner } from './state.js';

/** How a wait ended. `thrown`: code of the app threw where nobody but the pump could catch it. */
export type Outcome = { readonly kind: 'done' } | { readonly kind: 'thrown' } | Expired;

const DONE: Outcome = { kind: 'done' };
const THROWN: Outcome = { kind: 'thrown' };

/**
 * Lets the rest of the process run until `done()` is true.
 *
 * @param what the wait in words, shown by errors of code that runs inside it
 * @param timeout milliseconds; Infinity for none
 */
export function pump(frame: FrameOwner, what: string, done: () => boolean, timeout: number): Outcome {
  if (debug === undefined) return withRealTicks(() => pumpUntil(frame, what, done, timeout));

  const began = native.now();
  debug(`wait begins: ${what}`);
  const outcome = withRealTicks(() => pumpUntil(frame, what, done, timeout));
  debug(`wait ends after ${(native.now() - began).toFixed(1)} ms, ${outcome.kind}: ${what}`);
  return outcome;
}

function pumpUntil(frame: FrameOwner, what: string, done: () => boolean, timeout: number): Outcome {
  const loop = eventLoop();

  state.waiting = what;
  const release = captureUncaught();
  try {
    drainQueues();
    if (state.thrown.length > 0) return THROWN;
    if (done()) return DONE;

    return spin(loop, frame, done, timeout);
  } finally {
    release();
    state.waiting = undefined;
  }
}

function spin(loop: EventLoop, frame: FrameOwner, done: () => boolean, timeout: number): Outcome {
  const deadline = native.now() + timeout;
  let expired: Expired | undefined;

  frame.park();
  // We are called from the check phase, in which Node keeps its idle handle active until it returns
  // (`CheckImmediate` in src/env.cc); with it the poll phase would never block. Clearing one
  // immediate makes Node look at the count again.
  native.clearImmediate(native.setImmediate(noop));
  try {
    expired = loop.spin({ deadline, pending: () => state.thrown.length === 0 && !done() });
  } finally {
    frame.unpark();
  }

  if (state.thrown.length > 0) return THROWN;
  return done() || expired === undefined ? DONE : expired;
}

function noop(): void {
  // Exists to be cleared.
}
