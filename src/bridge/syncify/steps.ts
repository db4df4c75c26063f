import { waitForCall } from './wait.js';

/**
 * The items of an async iterable, each waited for when it is asked for. Leaving the loop early ends
 * the iterable, as `for await` does.
 */
export function* steps(what: string, source: AsyncIterable<unknown>, wrap: (item: unknown) => unknown): Generator {
  const iterator = source[Symbol.asyncIterator]();
  let state: 'open' | 'ended' = 'open';

  try {
    for (;;) {
      // One whose next() fails has ended, and is not to be told to.
      state = 'ended';
      const step = waitForCall(`the next item of ${what}`, iterator.next()) as IteratorResult<unknown, unknown>;
      if (step.done === true) return step.value;

      state = 'open';
      yield wrap(step.value);
    }
  } finally {
    if (state === 'open' && iterator.return !== undefined) waitForCall(`the end of ${what}`, iterator.return());
  }
}

/** The items of an iterable whose items are worth a proxy, such as a collection of entities. */
export function* items(source: Iterable<unknown>, wrap: (item: unknown) => unknown): Generator {
  for (const item of source) yield wrap(item);
}
