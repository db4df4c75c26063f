import { AppError } from '../errors.js';
import { deadlineOf } from './deadline.js';
import { clearTimeout, setTimeout } from '../real-time.js';

/** Milliseconds that starting and stopping may take at the end of a run that sets no limit itself. */
const LIMIT = 10_000;

/**
 * Waits for the app at the end of the run, no longer than the hook that ends it may take.
 *
 * @param explain the message, given the milliseconds that it waited
 * @throws AppError when `work` takes longer.
 */
export async function withinStop<T>(
  work: Promise<T>,
  remaining: (() => number | undefined) | undefined,
  explain: (ms: number) => { readonly what: string; readonly remedy: string },
): Promise<T> {
  const ms = Math.round(Math.min(LIMIT, deadlineOf(undefined, remaining)?.ms ?? LIMIT));
  let timer: NodeJS.Timeout | undefined;

  try {
    return await Promise.race([
      work,
      new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new AppError(explain(ms))), ms);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}
