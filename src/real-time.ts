/**
 * What tells time, and what defers work, as Node made it: captured when this module loads, as a clock that a
 * test fakes later must neither stop nor bend anything of Lockstep's. Nothing else in src/ reads these
 * globals (eslint.config.js).
 */

type Global = typeof globalThis;

interface Captured extends Pick<
  Global,
  | 'setTimeout'
  | 'clearTimeout'
  | 'setInterval'
  | 'clearInterval'
  | 'setImmediate'
  | 'clearImmediate'
  | 'queueMicrotask'
  | 'Date'
> {
  readonly now: () => number;
  readonly timeOrigin: number;
  readonly nextTick: (callback: () => void) => void;
  /** Node's own, or what guards it. */
  tick: (callback: () => void) => void;
}

const KEY = Symbol.for('lockstep.real-time');

/** One per thread even when the package is loaded twice (see bridge/state.ts): the second time may be in a test. */
const captured: Captured = ((globalThis as { [KEY]?: Captured })[KEY] ??= capture());

function capture(): Captured {
  const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate } = globalThis;
  const { queueMicrotask, Date, performance } = globalThis;
  const nextTick = process.nextTick.bind(process);

  return {
    setTimeout,
    clearTimeout,
    setInterval,
    clearInterval,
    setImmediate,
    clearImmediate,
    queueMicrotask,
    Date,
    now: performance.now.bind(performance),
    timeOrigin: performance.timeOrigin,
    nextTick,
    tick: nextTick,
  };
}

export const setTimeout: Global['setTimeout'] = captured.setTimeout;
export const clearTimeout: Global['clearTimeout'] = captured.clearTimeout;
export const setInterval: Global['setInterval'] = captured.setInterval;
export const clearInterval: Global['clearInterval'] = captured.clearInterval;
export const setImmediate: Global['setImmediate'] = captured.setImmediate;
export const clearImmediate: Global['clearImmediate'] = captured.clearImmediate;
export const queueMicrotask: Global['queueMicrotask'] = captured.queueMicrotask;
export const Date: DateConstructor = captured.Date;

/** Milliseconds since the process began. */
export const now: () => number = captured.now;

/** When the process began, in milliseconds since the epoch. */
export const timeOrigin: number = captured.timeOrigin;

/** Node's own, whatever guards it. */
export const plainNextTick: (callback: () => void) => void = captured.nextTick;

/** Calls back before the event loop goes on. */
export function nextTick(callback: () => void): void {
  captured.tick(callback);
}

/** Puts a guarded form in the place of Node's own; returns what ends it. */
export function guardNextTick(guarded: (callback: () => void) => void): () => void {
  captured.tick = guarded;
  return () => {
    captured.tick = captured.nextTick;
  };
}

/** Resolves after so many milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
