/**
 * The part of mocha that Lockstep relies on, the same in mocha 10, 11 and 12 (lib/runnable.js,
 * lib/hook.js, lib/suite.js).
 */

import type { Done } from '../adapter.js';

export interface Suite {
  readonly root: boolean;
  readonly parent: Suite | undefined;
  readonly _beforeAll: Runnable[];
  readonly _afterAll: Runnable[];
  readonly _beforeEach: Runnable[];
  readonly _afterEach: Runnable[];
  readonly suites: Suite[];
  readonly tests: readonly { readonly file?: string | undefined }[];
  fullTitle(): string;
  /** How many tests it has, its inner suites' included. */
  total(): number;
  beforeAll(fn: RootHook): unknown;
  afterAll(fn: RootHook): unknown;
  beforeEach(fn: RootHook): unknown;
}

export interface Runnable {
  readonly type: 'test' | 'hook';
  readonly title: string;
  readonly parent: Suite;
  readonly file?: string | undefined;
  readonly fn: unknown;
  /** What a test has failed with, as mocha's reporters note it. */
  readonly err?: unknown;
  readonly ctx: { readonly currentTest?: Runnable | undefined } | undefined;
  /** The runner's own timer, set while an async function runs. */
  timer?: unknown;
  isPending(): boolean;
  isFailed(): boolean;
  fullTitle(): string;
  timeout(): number;
  resetTimeout(): void;
  clearTimeout(): void;
  emit(event: 'error', error: unknown): boolean;
  run(done: Done): void;
}

/** `this` of a global fixture, but in watch mode. */
export interface Runner {
  readonly suite: Suite;
  /** Whether --full-trace was given. */
  readonly fullStackTrace?: boolean;
  listeners(event: 'fail'): readonly unknown[];
  prependListener(event: 'fail', listener: (test: unknown, error: unknown) => void): unknown;
}

/** `this` of a root hook. */
export interface HookContext {
  /** The hook itself. */
  readonly test: Runnable;
  readonly currentTest?: Runnable | undefined;
  timeout(ms: number): unknown;
}

export type RootHook = (this: HookContext) => void | Promise<void>;

/** The test files whose tests are about to run. */
export function filesOf(suite: Suite): ReadonlySet<string> {
  const own = suite.tests.flatMap(({ file }) => (file === undefined ? [] : [file]));

  return new Set([...own, ...suite.suites.flatMap((inner) => [...filesOf(inner)])]);
}

/**
 * Whether nothing more runs for a test behind this test or hook: mocha runs `afterEach` hooks from
 * the innermost suite to the outermost.
 */
export function isLastOfTest(runnable: Runnable): boolean {
  const { parent } = runnable;
  if (runnable.type === 'hook' && parent._afterEach.at(-1) !== runnable) return false;

  const outer = runnable.type === 'hook' ? parent.parent : parent;
  for (let suite = outer; suite !== undefined; suite = suite.parent) if (suite._afterEach.length > 0) return false;
  return true;
}
