import type { Scope } from '../engine/index.js';
import type { LockstepError } from '../errors.js';
import { severalLostError } from '../sandbox/scope-errors.js';
import type { Lifecycle } from './lifecycle.js';
import type { Runnable, Suite } from './mocha-shapes.js';
import type { Reported } from './reported.js';

/** The open test, or the suites whose fixtures are open, as the lifecycle's scopes mirror them. */
export class Scopes {
  readonly #lifecycle: Lifecycle;
  readonly #layers: Suite[] = [];
  #test: TestScope | undefined;
  readonly #reported: Reported;

  constructor(lifecycle: Lifecycle, reported: Reported) {
    this.#lifecycle = lifecycle;
    this.#reported = reported;
  }

  /**
   * Moves to the scope of a test or hook that is about to run: ends the scopes that it is not in,
   * begins the one that it needs.
   *
   * @throws SandboxLostError when a scope that ends had lost its transaction.
   */
  enter(runnable: Runnable): void {
    const test = testOf(runnable);
    if (test !== undefined && test === this.#test?.test) return;

    const suite = test?.parent ?? runnable.parent;
    this.leaveTest();
    this.#leaveLayersOutside(suite);

    if (test !== undefined) {
      this.#test = new TestScope(test);
      this.#lifecycle.begin(this.#test);
    } else if (this.#layers.at(-1) === suite) {
      this.#lifecycle.resume(layerScope(suite));
    } else {
      this.#layers.push(suite);
      this.#lifecycle.begin(layerScope(suite));
    }
  }

  /**
   * Ends the test that is open, if any.
   *
   * @throws SandboxLostError when it had lost its transaction and nothing has failed with that yet.
   */
  leaveTest(): void {
    const scope = this.#test;
    if (scope === undefined) return;

    this.#test = undefined;
    this.#end(scope);
  }

  /** Ends everything that is open, and gives the first error of doing so. */
  leaveAll(): LockstepError | undefined {
    const errors: unknown[] = [];

    for (const leave of [() => this.leaveTest(), () => this.#leaveLayersOutside(undefined)]) {
      try {
        leave();
      } catch (error) {
        errors.push(error);
      }
    }
    return errors[0] as LockstepError | undefined;
  }

  #leaveLayersOutside(suite: Suite | undefined): void {
    for (let top = this.#layers.at(-1); top !== undefined && !contains(top, suite); top = this.#layers.at(-1)) {
      this.#layers.pop();
      this.#end(layerScope(top));
    }
  }

  #end(scope: Scope): void {
    try {
      this.#lifecycle.end(scope);
    } catch (error) {
      const errors = (error instanceof AggregateError ? error.errors : [error]) as readonly unknown[];
      const unheard = errors.filter((lost) => !this.#reported.has(lost));
      if (unheard.length > 1) throw severalLostError(unheard);
      if (unheard.length > 0) throw unheard[0];
    }
  }
}

function contains(outer: Suite, inner: Suite | undefined): boolean {
  for (let suite = inner; suite !== undefined; suite = suite.parent) if (suite === outer) return true;
  return false;
}

/** The scope of a test; its title is put together only where somebody reads it, which is in messages. */
class TestScope implements Scope {
  readonly kind = 'test';
  readonly test: Runnable;

  constructor(test: Runnable) {
    this.test = test;
  }

  get title(): string {
    return this.test.fullTitle();
  }
}

function layerScope(suite: Suite): Scope {
  return { kind: 'layer', title: suite.fullTitle() || 'the root hooks' };
}

/** The test that a runnable belongs to: beforeEach and afterEach to their test, before and after to none but their suite. */
function testOf(runnable: Runnable): Runnable | undefined {
  if (runnable.type === 'test') return runnable;

  const suite = runnable.parent;
  const ofSuite = suite._beforeAll.includes(runnable) || suite._afterAll.includes(runnable);
  return ofSuite ? undefined : runnable.ctx?.currentTest;
}
