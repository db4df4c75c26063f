import { inspect } from 'node:util';
import type { Owner } from '../bridge/index.js';
import type { ScopeName } from '../engine/index.js';
import { LockstepError } from '../errors.js';
import { hooksLostError, severalLostError, sparesOthers } from '../sandbox/scope-errors.js';
import { adviceTo } from './forgotten-call.js';
import type { Lifecycle } from './lifecycle.js';
import { identitiesOf } from './mocha/identities.js';
import { outsideOf } from './mocha/outside.js';
import { rolledBackWith } from './mocha/rollback.js';
import type { Runnable, Suite } from './mocha/shapes.js';
import type { Reported } from './reported.js';

/** The open test, or the suites whose fixtures are open, as the lifecycle's scopes mirror them. */
export class Scopes {
  readonly #lifecycle: Lifecycle;
  readonly #layers: LayerScope[] = [];
  #test: TestScope | undefined;
  /** A test that has no scope of its own, since it is rolled back with the layer on top. */
  #joined: Runnable | undefined;
  /** What has become of the work of open layers. */
  readonly #lost = new Map<Suite, { readonly during: string; readonly error: unknown }>();
  readonly #reported: Reported;
  /** The suite on whose separate database everybody is; undefined in the sandbox. */
  #outside: Suite | undefined;
  /** What has prevented that the next test or hook is entered. */
  #failed: { readonly error: unknown } | undefined;

  constructor(lifecycle: Lifecycle, reported: Reported) {
    this.#lifecycle = lifecycle;
    this.#reported = reported;
  }

  /** Whose work a test or hook is that runs now: the innermost scope's. */
  get owner(): Owner | undefined {
    return this.#test ?? this.#layers.at(-1);
  }

  /**
   * What a test or hook that is about to run has to wait for before it is entered: the way to a separate database, or
   * back from one. Undefined where there is nothing to wait for. What fails is told by `enter`.
   */
  moving(runnable: Runnable): Promise<void> | undefined {
    const suite = suiteOf(runnable);
    const target = outsideOf(suite);
    return target === this.#outside ? undefined : this.#move(suite, target);
  }

  async #move(suite: Suite, target: Suite | undefined): Promise<void> {
    try {
      this.leaveTest();
      this.#leaveLayersOutside(rolledBackWith(suite, this.#lifecycle.config.rollback) ?? suite);
    } catch (error) {
      this.#failed = { error };
    }
    await this.comeBack();
    if (target === undefined) return;
    try {
      await this.#lifecycle.goOutside();
      this.#outside = target;
    } catch (error) {
      this.#failed ??= { error };
    }
  }

  /** Back to the sandbox, where everybody is on a separate database. */
  async comeBack(): Promise<void> {
    if (this.#outside === undefined) return;
    this.#outside = undefined;
    await this.#lifecycle.comeBack();
  }

  /**
   * Moves to the scope of a test or hook that is about to run: ends the scopes that it is not in,
   * begins the one that it needs.
   *
   * @throws SandboxLostError when a scope that ends had lost its transaction; OutsideError when there is no separate
   * database for it.
   */
  enter(runnable: Runnable): void {
    const failed = this.#failed;
    this.#failed = undefined;
    if (failed !== undefined) throw failed.error;
    const test = testOf(runnable);
    if (test !== undefined && (test === this.#test?.test || test === this.#joined)) return;

    const own = suiteOf(runnable);
    const shared = rolledBackWith(own, this.#lifecycle.config.rollback);
    this.leaveTest();
    this.#leaveLayersOutside(shared ?? own);

    try {
      if (shared === undefined) return this.#begin(test, own);
      this.#begin(undefined, shared);
      if (test !== undefined) this.#join(test);
    } catch (error) {
      this.#mourn(runnable.fullTitle(), error);
      throw error;
    }
  }

  #begin(test: Runnable | undefined, suite: Suite): void {
    if (test !== undefined) {
      this.#test = new TestScope(test);
      this.#lifecycle.begin(this.#test);
    } else {
      const top = this.#layers.at(-1);
      if (top?.suite === suite) return this.#lifecycle.resume(top);
      const layer = new LayerScope(suite);
      this.#layers.push(layer);
      this.#lifecycle.begin(layer);
    }
  }

  #join(test: Runnable): void {
    this.#joined = test;
    this.#lifecycle.join(new TestScope(test));
  }

  /** Whether the test that runs is rolled back with others. */
  get shared(): boolean {
    return this.#joined !== undefined;
  }

  /** Why a test or hook of the suite may miss what hooks around it have written before. */
  lossBefore(suite: Suite): LockstepError | undefined {
    const layers = this.#layers.map((layer) => layer.suite).filter((at) => this.#lost.has(at) && contains(at, suite));
    const first = layers[0] && this.#lost.get(layers[0]);
    if (first === undefined) return undefined;

    const titles = layers.map((layer) => layer.fullTitle());
    return hooksLostError(titles, first.during, first.error);
  }

  /** The first loss counts: it has left nothing for others. */
  #mourn(during: string, error: unknown): void {
    if (!(error instanceof LockstepError || error instanceof AggregateError) || sparesOthers(error)) return;
    for (const { suite } of this.#layers) if (!this.#lost.has(suite)) this.#lost.set(suite, { during, error });
  }

  /**
   * Ends the test that is open, if any.
   *
   * @throws SandboxLostError when it had lost its transaction and nothing has failed with that yet.
   */
  leaveTest(): void {
    const scope = this.#test;
    if (this.#joined !== undefined) this.#lifecycle.part();
    this.#joined = undefined;
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
    for (let top = this.#layers.at(-1); top !== undefined && !contains(top.suite, suite); top = this.#layers.at(-1)) {
      this.#layers.pop();
      this.#lost.delete(top.suite);
      this.#end(top);
    }
  }

  #end(scope: TestScope | LayerScope): void {
    scope.ended = true;
    try {
      this.#lifecycle.end(scope);
    } catch (error) {
      this.#mourn(scope.title, error);
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
class TestScope implements ScopeName, Owner {
  readonly kind = 'test';
  readonly test: Runnable;
  ended = false;

  constructor(test: Runnable) {
    this.test = test;
  }

  /** Every promise of the app carries it in its async context, and shows it where the app prints one. */
  [inspect.custom](): string {
    return `TestScope <${this.title}>`;
  }

  get title(): string {
    return this.test.fullTitle();
  }

  get advice(): string | undefined {
    return adviceTo(this.test);
  }

  get identities(): ScopeName['identities'] {
    return identitiesOf(this.test.parent);
  }
}

/** The scope of what the hooks of a suite do that run once. */
class LayerScope implements ScopeName, Owner {
  readonly kind = 'layer';
  readonly suite: Suite;
  readonly advice = undefined;
  ended = false;

  constructor(suite: Suite) {
    this.suite = suite;
  }

  /** Every promise of the app carries it in its async context, and shows it where the app prints one. */
  [inspect.custom](): string {
    return `LayerScope <${this.title}>`;
  }

  get title(): string {
    return this.suite.fullTitle() || 'the root hooks';
  }

  get identities(): ScopeName['identities'] {
    return identitiesOf(this.suite);
  }
}

/** The suite by which a runnable is run: hooks around a test are by the test's. */
function suiteOf(runnable: Runnable): Suite {
  return testOf(runnable)?.parent ?? runnable.parent;
}

/** The test that a runnable belongs to: beforeEach and afterEach to their test, before and after to none but their suite. */
function testOf(runnable: Runnable): Runnable | undefined {
  if (runnable.type === 'test') return runnable;

  const suite = runnable.parent;
  const ofSuite = suite._beforeAll.includes(runnable) || suite._afterAll.includes(runnable);
  return ofSuite ? undefined : runnable.ctx?.currentTest;
}
