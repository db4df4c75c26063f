import type { MessagePort } from 'node:worker_threads';
import { native } from './native.js';
import { state, type FrameOwner } from './state.js';

/** The part of Node's Immediate that tells its place in the batch (lib/internal/timers.js). */
interface QueuedImmediate {
  readonly _idleNext: unknown;
}

/**
 * Runs a function in a clean macrotask: on an empty microtask queue, behind the last immediate of
 * its batch. Only there can the event loop be entered again:
 * inside a microtask V8 does not drain its queue, and with immediates of the same batch still to
 * come Node aborts (`CheckImmediate` in src/env.cc expects to be the only one in the batch).
 */
export function hop(run: () => void): void {
  const { immediate } = state;
  // A runner often calls from an immediate that is as good as one of ours.
  if (immediate !== undefined && isLast(immediate)) {
    native.nextTick(run);
    return;
  }

  const own = native.setImmediate(() => {
    // The nextTick queue is processed after the batch has returned to libuv, if we are its last.
    if (isLast(own)) native.nextTick(run);
    else throughPort(() => hop(run));
  });
}

function isLast(immediate: object): boolean {
  const { _idleNext: sibling } = immediate as QueuedImmediate;
  return sibling === null || sibling === undefined;
}

/**
 * Runs `fn` as the frame that may wait. To be called at the bottom of a hop.
 */
export function enterFrame<T>(owner: FrameOwner, fn: () => T): T {
  const outer = state.frame;
  state.frame = owner;
  try {
    return fn();
  } finally {
    state.frame = outer;
  }
}

/** Suspends the frame while code of the runner runs inside it, which must not wait. */
export function leaveFrame<T>(fn: () => T): T {
  const { frame } = state;
  state.frame = undefined;
  try {
    return fn();
  } finally {
    state.frame = frame;
  }
}

let ports: { readonly near: MessagePort; readonly far: MessagePort } | undefined;
const queue: (() => void)[] = [];

/** Calls back from the poll phase, so that the next immediate is queued behind those of a chain. */
function throughPort(callback: () => void): void {
  ports ??= openPorts();
  queue.push(callback);
  ports.near.ref();
  ports.far.postMessage(0);
}

function openPorts(): { near: MessagePort; far: MessagePort } {
  const { port1: near, port2: far } = new native.MessageChannel();

  near.on('message', () => {
    const callback = queue.shift();
    if (queue.length === 0) near.unref();
    callback?.();
  });
  // An open port must not keep the process alive between retries.
  near.unref();
  far.unref();
  return { near, far };
}
