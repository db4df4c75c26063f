import { performance } from 'node:perf_hooks';
import { native, type Loop } from './native.js';

/** A handle of Node, or the object that owns one. */
interface Holder {
  readonly _handle?: Holder;
  ref?(): unknown;
  unref?(): unknown;
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
export function isLoopEmpty(loop: Loop, within: number): boolean {
  const held = openHandles();
  for (const handle of held) handle.unref?.();

  const events = loopEvents();
  const began = native.now();
  try {
    for (let turn = 0; turn < TURNS; turn++) {
      // Node keeps its idle handle active as long as it believes that immediates are pending.
      native.clearImmediate(native.setImmediate(() => undefined));
      oneTurn(loop);
      if (native.now() - began >= within) return false;
    }
  } finally {
    for (const handle of held) handle.ref?.();
  }
  return loopEvents() === events;
}

function oneTurn(loop: Loop): void {
  // It asks before the tick, before the turn, and behind it.
  let asked = 0;
  loop.spinWhile(() => asked++ < 2);
}

/** Handles that keep the process alive; each is one of the baseline if nothing else is open. */
function openHandles(): Holder[] {
  const { _getActiveHandles: active } = process as unknown as { _getActiveHandles?: () => Holder[] };

  return (active?.call(process) ?? []).map((holder) => holder._handle ?? holder);
}

/** Events that the loop has received from the system, threads of its pool among them (since Node 20.18). */
function loopEvents(): number {
  const { uvMetricsInfo } = performance.nodeTiming as { readonly uvMetricsInfo?: { readonly events: number } };
  return uvMetricsInfo?.events ?? 0;
}
