import { ownCallback } from './app-work.js';
import { native } from './native.js';
import { state } from './state.js';

/**
 * Keeps intervals from firing while `when()` says so. An interval serves whatever test runs: while one is
 * ending, and between two, there is none, and what it started then would never let the ending come to an end.
 * Each is kept once, as Node does while a thread is busy.
 */
export function holdIntervals(when: () => boolean): void {
  state.holding = when;
}

/** Lets intervals fire again; what was due fires with the next timers. */
export function releaseIntervals(): void {
  state.holding = undefined;
  if (state.due.size > 0) native.setTimeout(ownCallback(fireDue), 0);
}

/** Keeps what an interval is about to do, or says that it may do it. */
export function isHeld(timer: object, fire: () => unknown): boolean {
  if (state.holding?.() !== true) return false;
  state.due.set(timer, fire);
  return true;
}

/** To be told of each timer that was cleared. */
export function forgetDue(timer: object): void {
  if (state.due.size > 0) state.due.delete(timer);
}

function fireDue(): void {
  for (const [timer, fire] of state.due) {
    if (state.holding?.() === true) return;
    state.due.delete(timer);
    fire();
  }
}
