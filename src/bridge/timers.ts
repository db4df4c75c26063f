import { forgetTimer, isOwnCallback, noteTimer } from './app-work.js';
import { onAssignment } from './assignment.js';
import { guardedInBatch } from './guarded.js';
import { forgetDue, isHeld } from './held-intervals.js';
import { native } from './native.js';
import { runAsNobody } from './ownership.js';

/** The parts of Node's Timeout that are used (lib/internal/timers.js). */
interface Timer {
  readonly _repeat?: number | null;
  hasRef?(): boolean;
  unref?(): unknown;
  /** When it was set, by the loop's own clock. */
  readonly _idleStart?: number;
  /** Milliseconds. */
  readonly _idleTimeout?: number;
}

const timers = new Set<Timer>();
const ownTimers = new WeakSet<Timer>();

/**
 * Keeps track of the process's timers, so that those which the app leaves running do not keep the
 * process alive after its last test: a pool's reaper, an interval of a job. Returns what ends it.
 */
export function trackTimers(): () => void {
  const sample = native.setTimeout(() => undefined, 0);
  native.clearTimeout(sample);

  return onAssignment(Object.getPrototypeOf(sample) as object, '_onTimeout', {
    assigned(timer, callback) {
      timers.add(timer);
      if (isOwnCallback(callback)) ownTimers.add(timer);
      noteTimer(timer, callback);
    },
    cleared: forget,
    call(timer, callback, args) {
      if ((timer as Timer)._repeat) return fireInterval(timer, () => guardedInBatch(callback, timer, args));
      forget(timer);
      return guardedInBatch(callback, timer, args);
    },
  });
}

/**
 * Whether a timer that does not keep the process alive will fire once within so many milliseconds:
 * what it does may settle something all the same, as AbortSignal.timeout() does.
 */
export function unrefTimerDue(within: number): boolean {
  const sample = native.setTimeout(() => undefined, 1);
  const { _idleStart: now = 0 } = sample as Timer;
  native.clearTimeout(sample);

  return [...timers].some((timer) => {
    const { _repeat, _idleStart = 0, _idleTimeout = -1 } = timer;
    if (_repeat || _idleTimeout < 0 || ownTimers.has(timer) || timer.hasRef?.() !== false) return false;
    return _idleStart + _idleTimeout - now <= within;
  });
}

/** Lets the process end although these timers are set. */
export function unrefTimers(): void {
  for (const timer of timers) timer.unref?.();
  timers.clear();
}

/** An interval serves all who come while it is set, whoever set it. */
function fireInterval(timer: Timer, fire: () => unknown): unknown {
  if (!ownTimers.has(timer) && isHeld(timer, () => runAsNobody(fire))) return undefined;
  return runAsNobody(fire);
}

function forget(timer: object): void {
  timers.delete(timer);
  forgetDue(timer);
  forgetTimer(timer);
}
