import type { Place } from '../run-scope.js';
import type { TestRun } from '../test-run.js';
import { MochaTest, suiteNode } from './nodes.js';
import type { HookContext, Runnable, Suite } from './shapes.js';

/**
 * Begins the scopes by hooks of mocha's own, for runs in which nothing is patched (`bridge.auto:
 * false`): one before each test, and one before the fixtures of each `describe` that has any.
 */
export function scopeByHooks(root: Suite, run: TestRun): void {
  function enterTest(this: HookContext): void | Promise<void> {
    if (this.currentTest) return enter(testPlace(this.currentTest));
  }

  function enterLayer(this: HookContext): void | Promise<void> {
    return enter(layerPlace(this.test));
  }

  function enter(place: Place): void | Promise<void> {
    const { scope } = run;
    const moving = scope.moving(place);
    return moving === undefined ? scope.enter(place) : moving.then(() => scope.enter(place));
  }

  root.beforeEach(enterTest);
  moveFirst(root._beforeEach);
  for (const suite of below(root)) {
    if (suite._beforeAll.length > 0) {
      suite.beforeAll(enterLayer);
      moveFirst(suite._beforeAll);
    }
    if (suite._afterAll.length > 0) {
      suite.afterAll(enterLayer);
      moveFirst(suite._afterAll);
    }
  }
}

/** Ends the scope of a test that is over; to be called by a root `afterEach` hook, behind those of the user. */
export function leaveByHook({ lifecycle, scope }: TestRun, { currentTest, test: hook }: HookContext): void {
  const test = currentTest && new MochaTest(currentTest);
  const unsent = test && lifecycle.unsent(test.title);
  if (unsent !== undefined && !test?.failed) test?.fail(unsent);
  try {
    scope.leaveTest();
  } catch (error) {
    // Thrown from a root hook, it would end the whole run: it is the failure of this one test.
    (currentTest ?? hook).emit('error', error);
  }
}

/** What is run once for a suite. */
export function layerPlace(hook: Runnable): Place {
  return { title: hook.fullTitle(), suite: suiteNode(hook.parent), test: undefined };
}

function testPlace(runnable: Runnable): Place {
  const test = new MochaTest(runnable);
  return { title: test.title, suite: test.suite, test };
}

function below(suite: Suite): Suite[] {
  return suite.suites.flatMap((inner) => [inner, ...below(inner)]);
}

function moveFirst<T>(hooks: T[]): void {
  hooks.unshift(...hooks.splice(-1));
}
