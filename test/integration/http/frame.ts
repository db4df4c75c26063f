import type { Context } from 'mocha';
import { enterFrame, hop } from '#src/bridge/index.js';

/** Runs `test` where waiting is allowed, as the runner does with each test. */
export function inFrame(test: () => void, remaining = 2000): (this: Context) => Promise<void> {
  return function (this: Context) {
    const runnable = this.runnable();
    const owner = {
      title: 'a test',
      remaining: () => remaining,
      // mocha's own timer is something that could end a wait.
      park: () => runnable.clearTimeout(),
      unpark: () => runnable.resetTimeout(),
    };

    return new Promise((resolve, reject) => {
      hop(() => {
        try {
          enterFrame(owner, test);
          resolve();
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  };
}

/** What `act` throws. */
export function thrownBy(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

/** Waits until `holds` is true; mocha's timeout ends it. Nothing else says when an event has come on a busy machine. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}
