import { enterFrame, hop } from './hop.js';
import { state } from './state.js';

/**
 * Runs a function of the user's that is no test's or hook's where it may wait, until its first await;
 * where no bridge is installed, at once. Gives what it returns or throws.
 *
 * @param title the function in words
 */
export async function inCleanTurn<T>(title: string, run: () => T | PromiseLike<T>): Promise<T> {
  if (state.runner === undefined) return await run();

  return await new Promise<T>((resolve, reject) => {
    hop(() => {
      try {
        resolve(enterFrame({ title, ...WITHOUT_DEADLINE }, run));
      } catch (error) {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever was thrown
        reject(error);
      }
    });
  });
}

/** No timer of the runner's is to be stopped meanwhile. */
const WITHOUT_DEADLINE = {
  remaining: () => Infinity,
  park: () => undefined,
  unpark: () => undefined,
};
