import { ownCallback } from './app-work.js';
import { captureUncaught } from './capture.js';
import { debug } from './debug.js';
import { isLoopEmpty } from './deadlock.js';
import { drainQueues } from './drain.js';
import { BEAT, pauseHeartbeat, startHeartbeat, stopHeartbeat } from './heartbeat.js';
import { eventLoop, native, type Loop } from './native.js';
import { withRealTicks } from './real-ticks.js';
import { activeResources } from './resources.js';
import { state, type FrameOwner } from './state.js';
import { unrefTimerDue } from './timers.js';

/** How a wait ended. `thrown`: code of the app threw where nobody but the pump could catch it. */
export type Outcome = { readonly kind: 'done' } | { readonly kind: 'thrown' } | Expired;

/** A wait that ended without a result. */
export interface Expired {
  readonly kind: 'timeout' | 'deadlock';
  /** What Node had open at that moment, in words. */
  readonly open: readonly string[];
}

const DONE: Outcome = { kind: 'done' };
const THROWN: Outcome = { kind: 'thrown' };

/** Milliseconds for which nothing at all may be open before the wait counts as a deadlock. */
const GRACE = 150;

/** Milliseconds for which a turn of the loop blocks to be told from one that the system interrupted. */
const BLOCKED = 100;

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

function spin(loop: Loop, frame: FrameOwner, done: () => boolean, timeout: number): Outcome {
  const deadline = native.now() + timeout;
  let idleSince: number | undefined;
  let suspected = false;
  let expired: Expired | undefined;

  // The last stretch to the deadline is shorter than a beat.
  let last: NodeJS.Timeout | undefined;

  function beat(): void {
    // Both of our timers may be due in one turn of the loop, and the first has said it all.
    if (expired !== undefined) return;
    const now = native.now();

    const open = openNow();
    if (open.length > 0) idleSince = undefined;
    else idleSince ??= now;

    if (now >= deadline) expired = { kind: 'timeout', open };
    else armLast(now);
    suspected = idleSince !== undefined && now - idleSince >= GRACE;
  }

  function judge(): void {
    suspected = false;
    idleSince = undefined;
    if (unrefTimerDue(deadline - native.now()) || !isEmpty()) return;

    const open = openNow();
    if (open.length === 0 && pending()) expired = { kind: 'deadlock', open };
  }

  function isEmpty(): boolean {
    const resume = pauseHeartbeat(BLOCKED);
    last?.unref();
    try {
      return isLoopEmpty(loop, BLOCKED * 0.8);
    } finally {
      last?.ref();
      resume();
    }
  }

  function openNow(): string[] {
    // Node counts our own timers too: the heartbeat, and the last one until its callback has returned.
    return activeResources(last === undefined ? 1 : 2);
  }

  function armLast(now: number): void {
    if (deadline - now >= BEAT) return;
    native.clearTimeout(last);

    const timer = native.setTimeout(ownCallback(fire), Math.max(1, deadline - now));
    function fire(): void {
      beat();
      if (last === timer) last = undefined;
    }
    last = timer;
  }

  const pending = (): boolean => expired === undefined && state.thrown.length === 0 && !done();

  frame.park();
  startHeartbeat(beat);
  armLast(native.now());
  // We are called from the check phase, in which Node keeps its idle handle active until it returns
  // (`CheckImmediate` in src/env.cc); with it the poll phase would never block. Clearing one
  // immediate makes Node look at the count again.
  native.clearImmediate(native.setImmediate(noop));
  try {
    while (pending()) {
      try {
        loop.spinWhile(() => !suspected && pending());
        if (suspected && pending()) judge();
      } catch (error) {
        state.thrown.push(error);
      }
    }
  } finally {
    stopHeartbeat();
    if (last !== undefined) native.clearTimeout(last);
    frame.unpark();
  }

  if (state.thrown.length > 0) return THROWN;
  return done() || expired === undefined ? DONE : expired;
}

function noop(): void {
  // Exists to be cleared.
}
