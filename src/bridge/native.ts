import { MessageChannel } from 'node:worker_threads';
import * as real from '../real-time.js';

/** Node's own primitives: fake timers that a test installs must not stop the pump. */
export const native: {
  readonly setImmediate: typeof real.setImmediate;
  readonly clearImmediate: typeof real.clearImmediate;
  readonly setTimeout: typeof real.setTimeout;
  readonly clearTimeout: typeof real.clearTimeout;
  readonly setInterval: typeof real.setInterval;
  readonly clearInterval: typeof real.clearInterval;
  readonly nextTick: (callback: () => void) => void;
  readonly MessageChannel: typeof MessageChannel;
  readonly now: () => number;
} = {
  setImmediate: real.setImmediate,
  clearImmediate: real.clearImmediate,
  setTimeout: real.setTimeout,
  clearTimeout: real.clearTimeout,
  setInterval: real.setInterval,
  clearInterval: real.clearInterval,
  nextTick: real.plainNextTick,
  MessageChannel,
  now: real.now,
};
