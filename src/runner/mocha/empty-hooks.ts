import { isManual } from '../suite-rules.js';
import { suiteNode } from './nodes.js';
import type { Done } from '../adapter.js';
import type { Runner, Suite } from './shapes.js';

interface HookRunner {
  /** The one that runs, or the one where an error of a hook was met. */
  readonly suite: Suite;
  /** Runs one suite's own hooks of that name; takes a turn of the event loop also where there are none. */
  hook(name: string, done: Done): void;
  /** Runs the hooks of the suites, from the last one of the list to the first. */
  hooks(name: string, suites: Suite[], done: Done): void;
  hookDown(name: string, done: Done): void;
  hookUp(name: string, done: Done): void;
}

/**
 * Spares the turns of the event loop that mocha takes for the `beforeEach` and `afterEach` hooks of
 * suites that have none: two for each test and each suite around it, which is more than what
 * Lockstep does for a test. One remains behind each test, so that a rejection that nobody handles is
 * found while the test that caused it is still the one that runs.
 */
export function skipEmptyHooks(runner: Partial<Runner>): void {
  const { hookDown, hookUp } = runner as Partial<HookRunner>;
  // In watch mode there is no runner to be had.
  if (hookDown === undefined || hookUp === undefined) return;

  const patched = runner as HookRunner;
  patched.hookDown = function hookDownUnlessEmpty(name, done) {
    if (name !== 'beforeEach' || isManual(suiteNode(this.suite))) return hookDown.call(this, name, done);

    const suites = withHooks(this.suite, '_beforeEach');
    if (suites === undefined) done();
    else this.hooks(name, suites, done);
  };
  patched.hookUp = function hookUpUnlessEmpty(name, done) {
    if (name !== 'afterEach' || isManual(suiteNode(this.suite))) return hookUp.call(this, name, done);

    const suites = withHooks(this.suite, '_afterEach');
    if (suites === undefined) this.hook(name, done);
    else this.hooks(name, suites.reverse(), done);
  };
}

/** The suite and those around it, as far as they have such hooks, from the innermost to the outermost. */
function withHooks(suite: Suite, list: '_beforeEach' | '_afterEach'): Suite[] | undefined {
  let found: Suite[] | undefined;

  for (let at: Suite | undefined = suite; at !== undefined; at = at.parent) {
    if (at[list].length > 0) (found ??= []).push(at);
  }
  return found;
}
