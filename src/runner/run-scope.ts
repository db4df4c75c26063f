import { inspect } from 'node:util';
import type { Owner } from '../bridge/index.js';
import type { ScopeName } from '../engine/index.js';
import { LockstepError } from '../errors.js';
import { hooksLostError, severalLostError, sparesOthers } from '../sandbox/scope-errors.js';
import type { SuiteNode, TestNode, UsedRules } from './adapter.js';
import { adviceTo } from './forgotten-call.js';
import type { Lifecycle } from './lifecycle.js';
import { contains, identitiesOf, outsideOf, rolledBackWith } from './suite-rules.js';
import type { Verdict } from './verdict.js';

/** A place in the tree of tests: a test or what is around it, or a block's own. */
export interface Place {
  /** Full title as the runner prints it; asked for only where somebody reads it. */
  readonly title: string;
  /** The block that it is written in. */
  readonly suite: SuiteNode;
  /** The test to which it belongs; undefined for what is the block's own. */
  readonly test: TestNode | undefined;
}

/** The open test, or the suites whose fixtures are open, as the lifecycle's scopes mirror them. */
export class RunScope {
  readonly #lifecycle: Lifecycle;
  readonly #layers: LayerScope[] = [];
  #test: TestScope | undefined;
  /** A test that has no scope of its own, since it is rolled back with the layer on top. */
  #joined: TestNode | undefined;
  /** What has become of the work of open layers, by the ids of their suites. */
  readonly #lost = new Map<unknown, { readonly during: string; readonly error: unknown }>();
  readonly #verdict: Verdict;
  readonly #rules: UsedRules;
  /** The suite on whose separate database everybody is; undefined in the sandbox. */
  #outside: SuiteNode | undefined;
  /** What has prevented that the next test or hook is entered. */
  #failed: { readonly error: unknown } | undefined;

  constructor(lifecycle: Lifecycle, verdict: Verdict, rules: UsedRules) {
    this.#lifecycle = lifecycle;
    this.#verdict = verdict;
    this.#rules = rules;
  }

  /** Whose work a test or hook is that runs now: the innermost scope's. */
  get owner(): Owner | undefined {
    return this.#test ?? this.#layers.at(-1);
  }

  /**
   * What a test or hook that is about to run has to wait for before it is entered: the way to a separate database, or
   * back from one. Undefined where there is nothing to wait for. What fails is told by `enter`.
   */
  moving(place: Place): Promise<void> | undefined {
    const suite = suiteOf(place);
    const target = outsideOf(suite, this.#rules);
    return target?.id === this.#outside?.id ? undefined : this.#move(suite, target);
  }

  async #move(suite: SuiteNode, target: SuiteNode | undefined): Promise<void> {
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
  enter(place: Place): void {
    const failed = this.#failed;
    this.#failed = undefined;
    if (failed !== undefined) throw failed.error;
    const { test } = place;
    if (test !== undefined && (test.id === this.#test?.test.id || test.id === this.#joined?.id)) return;

    const own = suiteOf(place);
    const shared = rolledBackWith(own, this.#lifecycle.config.rollback);
    this.leaveTest();
    this.#leaveLayersOutside(shared ?? own);

    try {
      if (shared === undefined) return this.#begin(test, own);
      this.#begin(undefined, shared);
      if (test !== undefined) this.#join(test);
    } catch (error) {
      this.#mourn(place.title, error);
      throw error;
    }
  }

  #begin(test: TestNode | undefined, suite: SuiteNode): void {
    if (test !== undefined) {
      this.#test = new TestScope(test, this.#rules);
      this.#lifecycle.begin(this.#test);
    } else {
      const top = this.#layers.at(-1);
      if (top !== undefined && top.suite.id === suite.id) return this.#lifecycle.resume(top);
      const layer = new LayerScope(suite, this.#rules);
      this.#layers.push(layer);
      this.#lifecycle.begin(layer);
    }
  }

  #join(test: TestNode): void {
    this.#joined = test;
    this.#lifecycle.join(new TestScope(test, this.#rules));
  }

  /** Whether the test that runs is rolled back with others. */
  get shared(): boolean {
    return this.#joined !== undefined;
  }

  /** Why a test or hook of the suite may miss what hooks around it have written before. */
  lossBefore(suite: SuiteNode): LockstepError | undefined {
    const layers = this.#layers
      .map((layer) => layer.suite)
      .filter((at) => this.#lost.has(at.id) && contains(at, suite));
    const first = layers[0] && this.#lost.get(layers[0].id);
    if (first === undefined) return undefined;

    const titles = layers.map((layer) => layer.title);
    return hooksLostError(titles, first.during, first.error);
  }

  /** The first loss counts: it has left nothing for others. */
  #mourn(during: string, error: unknown): void {
    if (!(error instanceof LockstepError || error instanceof AggregateError) || sparesOthers(error)) return;
    for (const { suite } of this.#layers) if (!this.#lost.has(suite.id)) this.#lost.set(suite.id, { during, error });
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

  #leaveLayersOutside(suite: SuiteNode | undefined): void {
    for (let top = this.#layers.at(-1); top !== undefined && !contains(top.suite, suite); top = this.#layers.at(-1)) {
      this.#layers.pop();
      this.#lost.delete(top.suite.id);
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
      const unheard = errors.filter((lost) => !this.#verdict.has(lost));
      if (unheard.length > 1) throw severalLostError(unheard);
      if (unheard.length > 0) throw unheard[0];
    }
  }
}

/** The scope of a test; its title is put together only where somebody reads it, which is in messages. */
class TestScope implements ScopeName, Owner {
  readonly kind = 'test';
  readonly test: TestNode;
  readonly #rules: UsedRules;
  ended = false;

  constructor(test: TestNode, rules: UsedRules) {
    this.test = test;
    this.#rules = rules;
  }

  /** Every promise of the app carries it in its async context, and shows it where the app prints one. */
  [inspect.custom](): string {
    return `TestScope <${this.title}>`;
  }

  get title(): string {
    return this.test.title;
  }

  get advice(): string | undefined {
    return adviceTo(this.test);
  }

  get identities(): ScopeName['identities'] {
    return identitiesOf(this.test.suite, this.#rules);
  }
}

/** The scope of what the hooks of a suite do that run once. */
class LayerScope implements ScopeName, Owner {
  readonly kind = 'layer';
  readonly suite: SuiteNode;
  readonly #rules: UsedRules;
  readonly advice = undefined;
  ended = false;

  constructor(suite: SuiteNode, rules: UsedRules) {
    this.suite = suite;
    this.#rules = rules;
  }

  /** Every promise of the app carries it in its async context, and shows it where the app prints one. */
  [inspect.custom](): string {
    return `LayerScope <${this.title}>`;
  }

  get title(): string {
    return this.suite.title || 'the root hooks';
  }

  get identities(): ScopeName['identities'] {
    return identitiesOf(this.suite, this.#rules);
  }
}

/** The block by which it is run: hooks around a test are by the test's. */
function suiteOf({ test, suite }: Place): SuiteNode {
  return test?.suite ?? suite;
}
