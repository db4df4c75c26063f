import type { HookContext, Runnable, Suite } from './shapes.js';
import type { Scopes } from '../scopes.js';

/**
 * Begins the scopes by hooks of mocha's own, for runs in which nothing is patched (`bridge.auto:
 * false`): one before each test, and one before the fixtures of each `describe` that has any.
 */
export function scopeByHooks(root: Suite, scopes: Scopes): void {
  function enterTest(this: HookContext): void | Promise<void> {
    if (this.currentTest) return enter(this.currentTest);
  }

  function enterLayer(this: HookContext): void | Promise<void> {
    return enter(this.test);
  }

  function enter(runnable: Runnable): void | Promise<void> {
    const moving = scopes.moving(runnable);
    return moving === undefined ? scopes.enter(runnable) : moving.then(() => scopes.enter(runnable));
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

function below(suite: Suite): Suite[] {
  return suite.suites.flatMap((inner) => [inner, ...below(inner)]);
}

function moveFirst<T>(hooks: T[]): void {
  hooks.unshift(...hooks.splice(-1));
}
