import { eventLoop } from './load-pump.js';
import { state } from './state.js';

/** Runs the nextTick queue and the microtasks; what they throw is kept for the wait to throw. */
export function drainQueues(): void {
  try {
    eventLoop().tick();
  } catch (error) {
    state.thrown.push(error);
  }
}
