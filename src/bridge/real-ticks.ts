/* eslint-disable no-restricted-properties -- what a fake clock has replaced is its matter */

import { type Realm, realms } from '../realms.js';

/** What @sinonjs/fake-timers (sinon, Jest) leaves on the functions that it replaces, and keeps of them. */
interface FakeClock {
  readonly _nextTick?: typeof process.nextTick;
  readonly _queueMicrotask?: typeof queueMicrotask;
  /** What it fakes; nothing when it was restored. */
  readonly methods?: readonly string[];
}

type Faked = { readonly clock?: FakeClock };

/**
 * Runs work with Node's own nextTick and queueMicrotask, though fake timers have replaced them.
 *
 * Both are how Node's streams, sockets and HTTP take their next step (all look `process.nextTick` up
 * when they need it): with them faked no request in the process would ever be answered. They tell no
 * time, so a test that stops the clock loses nothing; timers stay faked.
 */
export function withRealTicks<T>(run: () => T): T {
  const faked = realms().filter(isFaked);
  if (faked.length === 0) return run();

  const restore = faked.map(putReal);
  try {
    return run();
  } finally {
    for (const putBack of restore) putBack();
  }
}

function isFaked({ process, queueMicrotask }: Realm): boolean {
  return (
    (process?.nextTick as Faked | undefined)?.clock?._nextTick !== undefined ||
    (queueMicrotask as Faked | undefined)?.clock?._queueMicrotask !== undefined
  );
}

/** Puts Node's own into a realm; returns what puts the fakes back, unless the work has restored the clock, or faked it anew. */
function putReal(realm: Realm): () => void {
  const { process, queueMicrotask } = realm;
  const nextTick = process?.nextTick;
  const realTick = (nextTick as Faked | undefined)?.clock?._nextTick;
  const realMicrotask = (queueMicrotask as Faked | undefined)?.clock?._queueMicrotask;

  if (process !== undefined && realTick !== undefined) process.nextTick = realTick;
  if (realMicrotask !== undefined) realm.queueMicrotask = realMicrotask;
  return () => {
    if (process !== undefined && isFake(nextTick) && process.nextTick === realTick) process.nextTick = nextTick;
    if (isFake(queueMicrotask) && realm.queueMicrotask === realMicrotask) realm.queueMicrotask = queueMicrotask;
  };
}

/** Whether a fake's clock has not been restored: what is in its place then is Node's own too. */
function isFake<T extends object>(fake: T | undefined): fake is T {
  const clock = (fake as Faked | undefined)?.clock;
  return clock !== undefined && clock.methods?.length !== 0;
}
