import { installBlockingChildren, type ThreadUse } from './children/blocking-children.js';
import { takePortsBaseline } from './deadlock-watch.js';
import { installGuards } from './guard.js';
import { takeRejections } from './rejections.js';
import type { Owner } from './ownership.js';
import { takeBaseline } from './resources.js';
import { state } from './state.js';
import { trackTimers, unrefTimers } from './timers.js';
import { traceResources } from './trace.js';
import { trackV8Work } from './v8-work.js';

/** What a runner holds while it hops the tests of this thread. */
export interface InstalledBridge {
  /** The files are loaded, tests and hooks run from now on. */
  running(): void;
  /** The run is over, files may be loaded again. Timers that are still set no longer keep the process alive. */
  over(): void;
  /** Takes every patch away again. */
  uninstall(): void;
}

/** What the bridge has to know of a runner. */
export interface RunnerPorts {
  /** Is told of what fails as the work of a test that has ended, which is no failure of the one that runs. */
  late(owner: Owner, error: unknown): void;
  /** What is known of this thread, where a sandbox may be served by it. */
  readonly use?: ThreadUse | undefined;
}

/** Prepares this thread for waits. To be called by a runner before it loads any file. */
export function installBridge({ late, use }: Partial<RunnerPorts> = {}): InstalledBridge {
  // First: installing the guards opens a file request for a moment.
  takeBaseline();
  const removeGuards = installGuards();
  const leaveRejections = takeRejections();
  const forgetTimers = trackTimers();
  const forgetV8Work = trackV8Work();
  const stopTracing = traceResources();
  const restoreBlocking = use && installBlockingChildren(use);

  state.runner = 'loading';
  state.late = late;

  return {
    running() {
      state.runner = 'running';
      takePortsBaseline();
    },
    over() {
      state.runner = 'loading';
      unrefTimers();
    },
    uninstall() {
      state.runner = undefined;
      state.late = undefined;
      restoreBlocking?.();
      stopTracing();
      forgetV8Work();
      forgetTimers();
      leaveRejections();
      removeGuards();
    },
  };
}
