import { ownCallback } from './app-work.js';
import { isLoopEmpty, type Deasync } from './empty-loop.js';
import type { EventLoop, Expired, Wait } from './event-loop.js';
import { BEAT, pauseHeartbeat, startHeartbeat, stopHeartbeat } from './heartbeat.js';
import { native } from './native.js';
import { activeResources } from './resources.js';
import { state } from './state.js';
import { unrefTimerDue } from './timers.js';
import { endingV8Work, waitsForThread } from './v8-work.js';

/** Milliseconds for which nothing at all may be open before the wait counts as a deadlock. */
const GRACE = 150;

/** Milliseconds for which a turn of the loop blocks to be told from one that the system interrupted. */
const BLOCKED = 100;

/**
 * The pump where our own has no binary. It blocks for as long as the loop does and tells nothing of it,
 * so timers of ours wake it up, and what is left is found out by trying.
 */
export function deasyncPump(deasync: Deasync, tick: () => void): EventLoop {
  return { tick, spin: (wait) => spin(deasync, wait) };
}

function spin(deasync: Deasync, wait: Wait): Expired | undefined {
  const { deadline } = wait;
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
    // What another thread is to end may take however long on a busy machine, and nothing tells of that thread.
    if (waitsForThread() || endingV8Work().length > 0) return;
    if (unrefTimerDue(deadline - native.now()) || !isEmpty()) return;

    const open = openNow();
    if (open.length === 0 && pending()) expired = { kind: 'deadlock', open };
  }

  function isEmpty(): boolean {
    const resume = pauseHeartbeat(BLOCKED);
    last?.unref();
    try {
      return isLoopEmpty(deasync, BLOCKED * 0.8);
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

  const pending = (): boolean => expired === undefined && wait.pending();

  startHeartbeat(beat);
  armLast(native.now());
  try {
    while (pending()) {
      try {
        deasync.loopWhile(() => !suspected && pending());
        if (suspected && pending()) judge();
      } catch (error) {
        state.thrown.push(error);
      }
    }
  } finally {
    stopHeartbeat();
    if (last !== undefined) native.clearTimeout(last);
  }
  return expired;
}
