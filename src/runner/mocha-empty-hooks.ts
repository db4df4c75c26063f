import { isManual } from './mocha-manual.js';
import type { Runner, Suite } from './mocha-shapes.js';

interface HookRunner {
  readonly test?: { readonly parent: Suite } | undefined;
  /** Runs the hooks of the suites, from the last one of the list to the first. */
  hooks(name: string, suites: Suite[], done: () => void): void;
}

/**
 * Spares the turns of the event loop that mocha takes for the `beforeEach` and `afterEach` hooks of
 * suites that have none: two for each test and each suite around it, which is more than what
 * Lockstep does for a test. One remains behind each test, so that a rejection that nobody handles is
 * found while the test that caused it is still the one that runs.
 */
export function skipEmptyHooks(runner: Partial<Runner>): void {
  const { hooks } = runner as Partial<HookRunner>;
  // In watch mode there is no runner to be had.
  if (hooks === undefined) return;

  (runner as HookRunner).hooks = function hooksUnlessEmpty(this: HookRunner, name, suites, done): void {
    const { test } = this;
    const left = test === undefined || isManual(test.parent) ? suites : withHooks(name, suites, test.parent);

    hooks.call(this, name, left, done);
  };
}

function withHooks(name: string, suites: Suite[], own: Suite): Suite[] {
  if (name === 'beforeEach') return suites.filter((suite) => suite._beforeEach.length > 0);
  if (name === 'afterEach') return suites.filter((suite) => suite._afterEach.length > 0 || suite === own);
  return suites;
}
