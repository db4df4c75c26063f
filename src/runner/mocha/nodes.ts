/** mocha's tree of suites, tests and hooks, as the core knows one. */

import type { Identities, Rollback } from '../../config/index.js';
import type { Done, Reportable, Step, SuiteNode, TestNode } from '../adapter.js';
import { ownIdentities } from './identities.js';
import { isMarkedManual } from './manual.js';
import { isMarkedOutside } from './outside.js';
import { ownRollback } from './rollback.js';
import { isLastOfTest, type Runnable, type Suite } from './shapes.js';

const suites = new WeakMap<Suite, SuiteNode>();

export function suiteNode(suite: Suite): SuiteNode {
  let node = suites.get(suite);
  if (node === undefined) suites.set(suite, (node = new MochaSuite(suite)));
  return node;
}

class MochaSuite implements SuiteNode {
  readonly id: Suite;

  constructor(suite: Suite) {
    this.id = suite;
  }

  get parent(): SuiteNode | undefined {
    const { parent } = this.id;
    return parent && suiteNode(parent);
  }

  get title(): string {
    return this.id.fullTitle();
  }

  get rollback(): Rollback | undefined {
    return ownRollback(this.id);
  }

  get identities(): Identities | undefined {
    return ownIdentities(this.id);
  }

  get outside(): boolean {
    return isMarkedOutside(this.id);
  }

  get manual(): boolean {
    return isMarkedManual(this.id);
  }
}

/** A test or hook, or what mocha reports in place of one. */
class MochaItem implements Reportable {
  readonly id: Runnable;

  constructor(runnable: Runnable) {
    this.id = runnable;
  }

  get name(): string {
    return this.id.title;
  }

  get file(): string | undefined {
    return this.id.file;
  }

  get title(): string {
    return this.id.fullTitle();
  }

  get suite(): SuiteNode {
    return suiteNode(this.id.parent);
  }

  get fn(): unknown {
    return this.id.fn;
  }
}

export class MochaTest extends MochaItem implements TestNode {
  get failed(): boolean {
    return this.id.isFailed();
  }

  get error(): unknown {
    return this.id.err;
  }

  fail(error: unknown): void {
    this.id.emit('error', error);
  }
}

type Original = (this: Runnable, done: Done) => void;

/** One run of a test or hook. */
export class MochaStep extends MochaItem implements Step {
  readonly test: MochaTest | undefined;
  readonly #original: Original;
  #parked = false;

  /** @param original mocha's own `Runnable.prototype.run` */
  constructor(runnable: Runnable, original: Original) {
    super(runnable);
    this.test = testOf(runnable);
    this.#original = original;
  }

  get kind(): 'test' | 'hook' {
    return this.id.type;
  }

  get last(): boolean {
    return isLastOfTest(this.id);
  }

  call(done: Done): void {
    this.#original.call(this.id, done);
  }

  timeout(): number {
    return this.id.timeout();
  }

  park(): void {
    const timer = this.id.timer as { _destroyed?: boolean } | undefined;
    // One that mocha cleared, as the function ended, is not to be started again.
    if (timer === undefined || timer._destroyed === true) return;
    this.id.clearTimeout();
    this.#parked = true;
  }

  unpark(): void {
    if (!this.#parked) return;
    this.#parked = false;
    this.id.resetTimeout();
  }
}

/** What a report says of whatever mocha tells to have failed. */
export function reportable(runnable: Runnable): Reportable {
  return new MochaItem(runnable);
}

/** The test that a runnable belongs to: beforeEach and afterEach to their test, before and after to none but their suite. */
function testOf(runnable: Runnable): MochaTest | undefined {
  if (runnable.type === 'test') return new MochaTest(runnable);

  const suite = runnable.parent;
  const ofSuite = suite._beforeAll.includes(runnable) || suite._afterAll.includes(runnable);
  const test = ofSuite ? undefined : runnable.ctx?.currentTest;
  return test && new MochaTest(test);
}
