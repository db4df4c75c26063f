import { enterFrame, hop } from '#src/bridge/index.js';

interface Timed {
  timer?: unknown;
  clearTimeout(): void;
  resetTimeout(): void;
}

/** How many times longer things may take than on a real machine: an emulator starts a worker in seconds. */
export const PATIENCE = Number(process.env['LOCKSTEP_PATIENCE'] ?? 1);

let timed: Timed | undefined;

/** Names the test whose own timer is parked during waits, as the runner does: it would count as pending work. */
export function parkTimerOf(test: Mocha.Runnable | undefined): void {
  timed = test;
}

/** Stops that timer if it runs; one that was cleared is not to be started by what is returned. */
function park(): () => void {
  const parked = timed;
  const running = (parked?.timer as { _destroyed?: boolean } | undefined)?._destroyed === false;
  if (running) parked?.clearTimeout();
  return () => {
    if (running) parked?.resetTimeout();
  };
}

/** Runs a function where Lockstep's runner would run a test: under a hop, with a deadline. */
export function underHop<T>(fn: () => T, timeout = 5000 * PATIENCE): Promise<T> {
  return new Promise((resolve, reject) => {
    hop(() => {
      try {
        let unpark = (): void => {};
        const owner = {
          title: 'a test',
          remaining: () => timeout,
          park: () => void (unpark = park()),
          unpark: () => unpark(),
        };
        resolve(enterFrame(owner, fn));
      } catch (error) {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever was thrown
        reject(error);
      }
    });
  });
}

/** The error that a function under a hop throws. */
export async function errorUnderHop(fn: () => unknown, timeout?: number): Promise<Error & { code?: string }> {
  try {
    await underHop(fn, timeout);
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}
