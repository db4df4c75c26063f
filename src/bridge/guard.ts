import { onAssignment, type Callback } from './assignment.js';
import { guardHandles } from './guard-handles.js';
import { guardPorts } from './guard-ports.js';
import { guarded, guardedInBatch } from './guarded.js';
import { native } from './native.js';
import { leavesOwner, runAsNobody } from './ownership.js';
import { replaceProperty } from './replace.js';
import { state } from './state.js';

/**
 * While the pump runs, an exception must not leave the callback that threw it. Node would abort
 * (immediates: `ToLocalChecked` on an empty handle in `CheckImmediate`), leave entries on the async
 * id stack that nobody removes (nextTick), empty that stack under the feet of the running test
 * (timers, microtasks), or lose the exception (handles). So every kind of callback is wrapped,
 * permanently, because those that run during a wait were often queued before it. Outside a wait the
 * wrapper changes nothing.
 *
 * Timers are wrapped in timers.ts.
 */
export function installGuards(): () => void {
  const uninstall = [guardNextTick(), guardMicrotasks(), guardImmediates(), guardHandles(), guardPorts()];

  return () => {
    for (const step of uninstall) step();
  };
}

function guardNextTick(): () => void {
  const original = process.nextTick.bind(process) as (callback: Callback, ...args: unknown[]) => void;

  function runTick(callback: Callback, ...args: unknown[]): void {
    guarded(callback, undefined, args);
  }

  function nextTick(callback: Callback, ...args: unknown[]): void {
    // Node's own refusal of a wrong argument must stay what the caller sees.
    if (typeof callback !== 'function') return original(callback);
    original(runTick as Callback, callback, ...args);
  }

  return replaceProperty(process, 'nextTick', nextTick);
}

function guardMicrotasks(): () => void {
  const original: (callback: () => void) => void = globalThis.queueMicrotask;

  function queueMicrotask(callback: Callback): void {
    if (typeof callback !== 'function') return original(callback);
    original(() => guarded(callback, undefined, []));
  }

  return replaceProperty(globalThis, 'queueMicrotask', queueMicrotask);
}

function guardImmediates(): () => void {
  const sample = native.setImmediate(() => undefined);
  native.clearImmediate(sample);

  /** Set by whoever was handed something on: postgres.js writes in an immediate. */
  const handedOn = new WeakSet<object>();

  return onAssignment(Object.getPrototypeOf(sample) as object, '_onImmediate', {
    assigned(owner) {
      state.immediates += 1;
      if (leavesOwner()) handedOn.add(owner);
    },
    // By Node too, when it has run.
    cleared() {
      state.immediates -= 1;
    },
    call(owner, callback, args) {
      const { immediate: outer } = state;
      state.immediate = owner;
      try {
        if (handedOn.has(owner)) return runAsNobody(() => guardedInBatch(callback, owner, args));
        return guardedInBatch(callback, owner, args);
      } finally {
        state.immediate = outer;
      }
    },
  });
}
