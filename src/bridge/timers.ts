import { forgetTimer, noteTimer } from './app-work.js';
import { onAssignment } from './assignment.js';
import { guardedTurn } from './guarded.js';
import { native } from './native.js';

/** The parts of Node's Timeout that are used (lib/internal/timers.js). */
interface Timer {
  readonly _repeat?: number | null;
  hasRef?(): boolean;
  unref?(): unknown;
}

const timers = new Set<Timer>();

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
      noteTimer(timer, callback);
    },
    cleared: forget,
    call(timer, callback, args) {
      if (!(timer as Timer)._repeat) forget(timer);
      return guardedTurn(callback, timer, args);
    },
  });
}

/** Lets the process end although these timers are set. */
export function unrefTimers(): void {
  for (const timer of timers) timer.unref?.();
  timers.clear();
}

function forget(timer: object): void {
  timers.delete(timer);
  forgetTimer(timer);
}
