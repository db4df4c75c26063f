import { captureUncaught } from './capture.js';
import { drainQueues } from './drain.js';
import { eventLoop } from './load-pump.js';
import { canWait } from './place.js';
import { withRealTicks } from './real-ticks.js';
import { appendTestFrames } from './stack.js';
import { state } from './state.js';

/**
 * Lets go on what waits for nothing that has yet to come: the nextTick queue and the microtasks. It is called
 * behind every plain test, so that it does no more than that.
 *
 * @returns the first error that comes of it where nobody catches it; undefined for none
 * @throws BridgeMissingError without a pump.
 */
export function letQueuesRun(): unknown {
  if (!canWait()) return undefined;
  // Whether there is one at all: a drain takes what it meets for the app's.
  eventLoop();

  state.waiting = 'the end of the test';
  const release = captureUncaught();
  try {
    withRealTicks(drainQueues);
  } finally {
    release();
    state.waiting = undefined;
  }
  if (state.thrown.length === 0) return undefined;

  const [first] = state.thrown.splice(0);
  appendTestFrames(first, letQueuesRun);
  return first;
}
