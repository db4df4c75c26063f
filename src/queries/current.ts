import { NotRunningError } from '../errors.js';
import { runnerWords } from '../runner-words.js';
import type { QueryLog } from './log.js';

/** Finds the log of this thread's test run; `what` is the export that was used. */
type Find = (what: string) => QueryLog;

interface Slot {
  find: Find | undefined;
}

const KEY = Symbol.for('lockstep.queries');

/** One per thread even when the package is loaded twice (see bridge/state.ts). */
const slot: Slot = ((globalThis as { [KEY]?: Slot })[KEY] ??= { find: undefined });

/** To be called by whoever runs tests. */
export function provideLog(find: Find): void {
  slot.find = find;
}

/**
 * The log of the test or hook that is running.
 *
 * @throws NotRunningError when none is running.
 * @throws ConfigError when the config has no database.
 */
export function currentLog(what: string): QueryLog {
  if (slot.find !== undefined) return slot.find(what);

  throw new NotRunningError({
    what: `${what} was used, but Lockstep is not running.`,
    remedy: `${runnerWords().install} and use it inside a test or hook.`,
  });
}
