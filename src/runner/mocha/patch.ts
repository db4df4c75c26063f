import type { Done } from '../adapter.js';
import type { TestRun } from '../test-run.js';
import { MochaStep } from './nodes.js';
import type { Runnable } from './shapes.js';

/** What the patched runnables work with; replaced when a new run starts in the same process. */
export interface Running {
  readonly run: TestRun;
  /** Lockstep's own root hooks, which run as mocha would run them. */
  readonly own: ReadonlySet<unknown>;
}

type Original = (this: Runnable, done: Done) => void;

const RUN = Symbol.for('lockstep.mocha.run');

interface PatchedPrototype {
  [RUN]?: { current: Running | undefined };
  run(this: Runnable, done: Done): void;
}

/**
 * Makes every test and hook of this copy of mocha run in a clean macrotask, inside its scope.
 * One patch, of `Runnable.prototype.run`; it is made once and kept. Its callback ends the scope of a
 * test too: a root `afterEach` hook would do as well, but mocha takes longer for a hook than for an
 * empty test.
 *
 * @param hook any hook of the running mocha, which leads to the right copy of its classes
 */
export function patchRunnables(hook: Runnable, running: Running): void {
  const prototype = owner(hook, 'run') as PatchedPrototype;
  const patched = prototype[RUN];

  if (patched) {
    patched.current = running;
    return;
  }

  const slot: { current: Running | undefined } = { current: running };
  const original = Object.getOwnPropertyDescriptor(prototype, 'run')?.value as Original;
  Object.defineProperty(prototype, RUN, { value: slot });
  prototype.run = function runInScope(this: Runnable, done: Done): void {
    const { current } = slot;

    if (current === undefined || current.own.has(this.fn) || this.isPending()) original.call(this, done);
    else current.run.run(new MochaStep(this, original), done);
  };
}

/** Leaves mocha as it was until the next run is given. */
export function releaseRunnables(hook: Runnable): void {
  const slot = (owner(hook, 'run') as PatchedPrototype)[RUN];
  if (slot) slot.current = undefined;
}

function owner(hook: Runnable, method: 'run'): object {
  for (let object: unknown = hook; object !== null; object = Object.getPrototypeOf(object)) {
    if (Object.hasOwn(object as object, method)) return object as object;
  }
  return hook;
}
