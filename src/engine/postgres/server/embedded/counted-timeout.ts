import { clearTimeout, setImmediate, setTimeout } from '../../../../real-time.js';

/** Time is counted in steps of so many milliseconds. */
const STEP = 250;

/**
 * Calls back after `delay` milliseconds in which this process could do something: a time for which it was stopped, or
 * its thread was busy, counts as one step, and what has come meanwhile is heard first.
 *
 * @returns what prevents it
 */
export function countedTimeout(delay: number, work: () => void): () => void {
  let left = delay;
  let cancelled = false;
  let timer: NodeJS.Timeout | undefined;
  const over = (): void => {
    if (!cancelled) work();
  };
  const step = (): void => {
    const length = Math.min(STEP, left);
    left -= length;
    timer = setTimeout(() => (left > 0 ? step() : void setImmediate(over)), length);
  };
  step();

  return () => {
    cancelled = true;
    clearTimeout(timer);
  };
}
