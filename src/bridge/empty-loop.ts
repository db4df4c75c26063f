import { performance } from 'node:perf_hooks';
import { openHandles } from './handles.js';
import { native } from './native.js';

/** What the package deasync exports. */
export interface Deasync {
  /** Alternates ticks and turns of libuv's loop (`uv_run(UV_RUN_ONCE)`, which blocks) while `pending()` is true. */
  loopWhile(pending: () => boolean): void;
}

/** Turns of the loop in which nothing at all may happen. */
const TURNS = 3;

/**
 * Whether libuv's loop is empty but for what the baseline holds open and the wait's own timers,
 * which the caller keeps from counting meanwhile.
 *
 * Node's list of active resources lacks what runs in the thread pool: hashes, compression, native
 * addons. libuv knows: a turn of an empty loop returns at once, any other blocks for the next timer
 * or event.
 *
 * @param within milliseconds in which the turns of an empty loop are certainly over
 */
export function isLoopEmpty(deasync: Deasync, within: number): boolean {
  const held = openHandles();
  for (const handle of held) handle.unref?.();

  const events = loopEvents();
  const began = native.now();
  try {
    for (let turn = 0; turn < TURNS; turn++) {
      // Node keeps its idle handle active as long as it believes that immediates are pending.
      native.clearImmediate(native.setImmediate(() => undefined));
      oneTurn(deasync);
      if (native.now() - began >= within) return false;
    }
  } finally {
    for (const handle of held) handle.ref?.();
  }
  return loopEvents() === events;
}

function oneTurn(deasync: Deasync): void {
  // It asks before the tick, before the turn, and behind it.
  let asked = 0;
  deasync.loopWhile(() => asked++ < 2);
}

/** Events that the loop has received from the system, threads of its pool among them (since Node 20.18). */
function loopEvents(): number {
  const { uvMetricsInfo } = performance.nodeTiming as { readonly uvMetricsInfo?: { readonly events: number } };
  return uvMetricsInfo?.events ?? 0;
}
