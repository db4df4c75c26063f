import type { Host } from './engine.js';

/** For a sandbox outside of a run of tests: nobody waits, and no statement belongs to a test that has ended. */
export const blockedHost: Host = {
  canWait: () => false,
  waitUntil: () => false,
  endedOwner: () => undefined,
  asNobody: (work) => work(),
  refused: () => undefined,
};
