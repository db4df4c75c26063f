import { createRequire } from 'node:module';
import { MessageChannel } from 'node:worker_threads';
import { performance } from 'node:perf_hooks';
import { BridgeMissingError } from '../errors.js';

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

/** The two ways of letting the process go on while a function is on the stack. */
export interface Loop {
  /** Runs the nextTick queue and, outside microtasks, the microtask queue (`processTicksAndRejections`). */
  tick(): void;
  /** Alternates ticks and turns of libuv's loop (`uv_run(UV_RUN_ONCE)`, which blocks) while `pending()` is true. */
  spinWhile(pending: () => boolean): void;
}

let loop: Loop | undefined;

/**
 * Loads the addon at first use, so that a session alone never needs it.
 *
 * @throws BridgeMissingError when deasync has no binary for this platform and Node version.
 */
export function eventLoop(): Loop {
  return (loop ??= loadLoop());
}

interface Deasync {
  loopWhile(pending: () => boolean): void;
}

function loadLoop(): Loop {
  // Not part of Node's typed API, but what deasync itself has always relied on.
  const { _tickCallback } = process as unknown as { _tickCallback?: () => void };
  const tick = _tickCallback?.bind(process);

  let deasync: Deasync;
  try {
    deasync = createRequire(import.meta.url)('deasync') as Deasync;
  } catch (cause) {
    throw bridgeMissing(cause);
  }
  if (tick === undefined) throw bridgeMissing(new Error('process._tickCallback is not available'));

  return { tick, spinWhile: (pending) => deasync.loopWhile(pending) };
}

function bridgeMissing(cause: unknown): BridgeMissingError {
  const { platform, arch, version } = process;

  return new BridgeMissingError({
    what: `Lockstep cannot wait: the native addon "deasync" does not load on ${platform}-${arch} with Node ${version}.`,
    why: `${cause instanceof Error ? cause.message.split('\n')[0] : String(cause)}. It ships binaries for even Node versions on Linux x64, Windows x64 and macOS arm64; elsewhere it is compiled when it is installed.`,
    remedy:
      'Run `npm rebuild deasync` with a C++ compiler, make and python3 on the machine, and allow its install script if your npm asks for it (`npm install-scripts approve deasync`).',
    cause,
  });
}
