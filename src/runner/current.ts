import { NotRunningError } from '../errors.js';
import { provideLog } from '../queries/index.js';
import { runnerWords } from '../runner-words.js';
import type { Lifecycle } from './lifecycle.js';

/** The lifecycle of this thread's test run. */
interface Slot {
  lifecycle: Lifecycle | undefined;
}

const KEY = Symbol.for('lockstep.lifecycle');

/** One per thread even when the package is loaded twice (see bridge/state.ts). */
const slot: Slot = ((globalThis as { [KEY]?: Slot })[KEY] ??= { lifecycle: undefined });

provideLog((what) => {
  const lifecycle = running(what);
  lifecycle.databaseFor(what);
  return lifecycle.queries;
});

/** Makes a lifecycle the one that `session` and `client` speak to. */
export function setCurrent(lifecycle: Lifecycle | undefined): void {
  slot.lifecycle = lifecycle;
}

/**
 * The lifecycle of this test run, wherever it is between its making and its end.
 *
 * @param what the export that was used, e.g. `session.of`
 * @throws NotRunningError when there is none.
 */
export function present(what: string): Lifecycle {
  const { lifecycle } = slot;
  if (lifecycle !== undefined) return lifecycle;

  throw new NotRunningError({
    what: `${what} was used, but Lockstep is not running.`,
    why: 'The test runner was started without Lockstep, or this code runs in a thread or process without a test runner.',
    remedy: `${runnerWords().install} and use it inside a test or hook.`,
  });
}

/**
 * The lifecycle in which a test or hook is running.
 *
 * @param what the export that was used, e.g. `session.get`
 * @throws NotRunningError when none is running.
 */
export function running(what: string): Lifecycle {
  const lifecycle = present(what);
  if (lifecycle.phase === 'running') return lifecycle;

  const { tooEarly, hook, order } = runnerWords();
  throw new NotRunningError({
    what: `${what} was used while no test or hook is running.`,
    why:
      lifecycle.phase === 'stopped'
        ? 'The test run is over and the database is closed.'
        : `Test files are still being loaded: this is the top level of a file or the body of a describe(); or ${tooEarly}.`,
    remedy: `Move the call into the test, or into ${hook}; ${order}.`,
  });
}
