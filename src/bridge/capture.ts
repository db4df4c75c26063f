import { AsyncStackMark } from './async-stack.js';
import { state } from './state.js';

/**
 * Takes uncaught exceptions while the pump runs, so that the running wait can throw them instead of
 * the runner ending the test (and starting the next one) inside it. Returns what stops taking them.
 */
export function captureUncaught(): () => void {
  const mark = new AsyncStackMark();

  function take(error: unknown): void {
    mark.keep();
    // A rejection comes a second time if the runner's listener threw it.
    if (!state.thrown.includes(error)) state.thrown.push(error);
  }

  const release = claim(take);
  return () => {
    release();
    mark.restore();
  };
}

function claim(take: (error: unknown) => void): () => void {
  try {
    process.setUncaughtExceptionCaptureCallback(take);
    return releaseCallback;
  } catch {
    // The module "domain", or somebody else, holds the one callback that Node allows.
    return borrowListeners(take);
  }
}

function releaseCallback(): void {
  process.setUncaughtExceptionCaptureCallback(null);
}

/** The same through the event: everybody else's listeners are put aside for the while. */
function borrowListeners(take: (error: unknown) => void): () => void {
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', take);

  return () => {
    process.removeListener('uncaughtException', take);
    for (const listener of others) process.on('uncaughtException', listener);
  };
}
