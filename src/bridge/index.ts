/** The bridge: the only part of Lockstep that waits. */

export { sync, waitAs } from './sync.js';
export type { Results, SyncFunction, SyncOptions, Work } from './sync.js';
export { syncify } from './syncify/syncify.js';
export type { Sync } from './syncify/sync-type.js';
export { waitUntil } from './wait-until.js';
export { letQueuesRun } from './let-queues-run.js';
export { canWait } from './place.js';
export { isTimerPending, operationsInProgress, ownCallback, timersDue } from './app-work.js';
export { describeWorkSince, markWork, workSince, type WorkMark } from './work-in-progress.js';
export { forgetRejections, lateRejection } from './rejections.js';
export { reportPending, type PendingSource } from './diagnostics.js';
export { pendingNow } from './pending.js';
export { debug } from './debug.js';
export { appendTestFrames } from './stack.js';
export { enterFrame, hop, leaveFrame } from './hop.js';
export { inCleanTurn } from './clean-turn.js';
export { installBlockingChildren, type ThreadUse } from './children/blocking-children.js';
export { installBridge } from './install.js';
export type { InstalledBridge } from './install.js';
export { LeftOpen } from './left-open.js';
export type { FrameOwner } from './state.js';
export { namesOf } from './hands-on.js';
export { Starvation } from './starvation.js';
export { holdIntervals, releaseIntervals } from './held-intervals.js';
export { currentOwner, endedOwner, failedLate, runAs, runAsNobody, type Owner } from './ownership.js';
