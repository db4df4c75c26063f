import { clearInterval, setInterval } from '../real-time.js';

/**
 * Calls `abort` with the signal's reason when it is aborted, at once if it is already.
 *
 * @returns takes it back.
 */
export function obey(signal: AbortSignal, abort: (reason: Error) => void): () => void {
  const onAbort = (): void => abort(signal.reason as Error);
  if (signal.aborted) {
    onAbort();
    return () => undefined;
  }

  // The timer of AbortSignal.timeout() does not keep the event loop alive, and a wait in which
  // nothing does counts as a deadlock.
  const hold = setInterval(() => undefined, 60_000);
  const release = (): void => {
    clearInterval(hold);
    signal.removeEventListener('abort', release);
    signal.removeEventListener('abort', onAbort);
  };
  signal.addEventListener('abort', onAbort);
  signal.addEventListener('abort', release);
  return release;
}
