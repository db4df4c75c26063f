import type { Addon } from '../native/addon.js';
import { DeadlockWatch } from './deadlock-watch.js';
import type { EventLoop, Expired, Wait } from './event-loop.js';
import { native } from './native.js';
import { activeResources } from './resources.js';
import { state } from './state.js';

/** The pump of our own. Each turn blocks until something happens, or until it is time to look again. */
export function addonPump(addon: Addon, tick: () => void): EventLoop {
  function spin({ pending, deadline }: Wait): Expired | undefined {
    const watch = new DeadlockWatch(addon, deadline);

    while (pending()) {
      try {
        // Before the turn, which would otherwise block though the queues hold what ends the wait.
        tick();
        if (!pending()) break;

        const now = native.now();
        if (now >= deadline) return { kind: 'timeout', open: activeResources() };
        if (watch.isDeadlock(now)) return { kind: 'deadlock', open: activeResources() };

        const quiet = addon.turn(Math.min(deadline, watch.due) - now);
        if (!quiet) watch.stir();
      } catch (error) {
        state.thrown.push(error);
      }
    }
    return undefined;
  }

  return { tick, spin };
}
