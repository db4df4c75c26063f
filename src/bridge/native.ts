import { MessageChannel } from 'node:worker_threads';
import { performance } from 'node:perf_hooks';

/**
 * Node's own primitives, captured when this module loads: fake timers that a test installs later
 * must not stop the pump.
 */
export const native: {
  readonly setImmediate: typeof setImmediate;
  readonly clearImmediate: typeof clearImmediate;
  readonly setTimeout: typeof setTimeout;
  readonly clearTimeout: typeof clearTimeout;
  readonly setInterval: typeof setInterval;
  readonly clearInterval: typeof clearInterval;
  readonly nextTick: (callback: () => void) => void;
  readonly MessageChannel: typeof MessageChannel;
  readonly now: () => number;
} = {
  setImmediate: globalThis.setImmediate,
  clearImmediate: globalThis.clearImmediate,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  nextTick: process.nextTick.bind(process),
  MessageChannel,
  now: performance.now.bind(performance),
};
