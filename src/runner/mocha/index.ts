/**
 * The mocha plug-in: `"require": ["lockstep/mocha"]` in .mocharc.json.
 *
 * It finds the config and swaps the app's driver before anything is loaded that mocha requires after it, opens the
 * database before any test file is, and then begins a scope around each test and each describe's fixtures and rolls it
 * back.
 */

import { inspect } from 'node:util';
import { lazily } from '../../lazily.js';
import { phaseOver } from '../../start-log.js';
import type { Lifecycle } from '../lifecycle.js';
import { TestRun } from '../test-run.js';
import { identities } from './identities.js';
import { manual } from './manual.js';
import { outside } from './outside.js';
import { rollback } from './rollback.js';
import { adapter } from './adapter.js';
import { prepareAhead } from './prepare.js';
import { letProcessEnd } from './process-end.js';
import { skipEmptyHooks } from './empty-hooks.js';
import { layerPlace, leaveByHook, scopeByHooks } from './scope-by-hooks.js';
import { watchLoading } from './loading.js';
import { reportable } from './nodes.js';
import { patchRunnables, releaseRunnables } from './patch.js';
import { printerOf } from './printer.js';
import { isParallelWorker } from './process.js';
import { filesOf, type HookContext, type RootHook, type Runnable, type Runner } from './shapes.js';

export { identities, manual, outside, rollback };

/** What mocha takes from a required module (https://mochajs.org/#root-hook-plugins). */
export interface RootHooks {
  readonly beforeAll: RootHook;
  readonly afterEach?: RootHook;
  readonly afterAll: RootHook;
}

phaseOver?.('lockstep/mocha was loaded');
// Where that was imported, its own code came first.
lazily('./compile-cache.cjs')();

/** What runs in this process; mocha calls the functions below one by one. */
let plugin: Plugin | undefined;

interface Plugin {
  readonly run: TestRun;
  readonly hooks: RootHooks;
  /** Whether runs come one after the other in this process, each of which loads its files in one go. */
  watching: boolean;
}

/** The run, where it was prepared before all else that mocha requires was loaded. */
let ahead: Promise<TestRun | undefined> | undefined;

/** What `await` makes of the module. */
export interface Awaited {
  readonly mochaHooks: typeof mochaHooks;
  readonly mochaGlobalSetup: typeof mochaGlobalSetup;
  readonly mochaGlobalTeardown: typeof mochaGlobalTeardown;
  readonly identities: typeof identities;
  readonly manual: typeof manual;
  readonly outside: typeof outside;
  readonly rollback: typeof rollback;
}

/**
 * Makes the module something that can be awaited. mocha awaits each module that it requires before it loads the next
 * (requireOrImport in lib/nodejs/esm-utils.js of mocha 10 to 12): a plug-in behind this one, whose root hooks import the
 * app, finds its driver swapped and its variables set, as the test files do. `require()` of this module has to work too,
 * so that it cannot await at its top level.
 */
export function then(resolve: (exports: Awaited) => void): void {
  const done = (): void =>
    resolve({ mochaHooks, mochaGlobalSetup, mochaGlobalTeardown, identities, manual, outside, rollback });

  ahead ??= plugin === undefined ? prepareAhead() : undefined;
  // What fails is told by the root hooks, where mocha expects it.
  if (ahead) ahead.then(done, done);
  else done();
}

/**
 * Called by mocha once per process, after all `require`s and before the test files.
 *
 * @throws ConfigError when there is no config or anything in it is wrong.
 * @throws SwapError when a driver of the app cannot be replaced.
 */
export async function mochaHooks(): Promise<RootHooks> {
  const run = (await ahead) ?? (await TestRun.prepare(adapter));
  const { lifecycle } = run;
  const hooks = rootHooks(run);

  plugin = { run, hooks, watching: false };
  watchLoading({
    // What fails is told by the first hook, where mocha reports it as a failure.
    before: async () => {
      phaseOver?.('mocha is about to load the test files');
      await lifecycle.start().catch(() => undefined);
    },
    loaded: (suite) => {
      phaseOver?.('the test files were loaded');
      // Root hooks of plug-ins that were required before this one shall find it at work too.
      runFirst(suite._beforeAll, hooks.beforeAll);
      lifecycle.tests(() => filesOf(suite));
    },
    failed: () => tellStart(lifecycle),
    waitsFor: () => lifecycle.waitsFor(),
  });
  return hooks;
}

/**
 * Called by mocha between loading the test files and running them, with the runner as `this`
 * (https://mochajs.org/#global-fixtures), but in watch mode with an empty object: the place for work
 * that is no test's own. What fails here is told by the first hook, where mocha reports it as a
 * failure.
 */
export async function mochaGlobalSetup(this: Partial<Runner>): Promise<void> {
  if (plugin === undefined) return;
  const { suite } = this;
  const { report, lifecycle, verdict, automatic } = plugin.run;
  plugin.watching = suite === undefined;
  if (plugin.watching) await lifecycle.start().catch(() => undefined);
  // With --parallel the tests run in other processes, and this one has none.
  if (suite === undefined || suite.total() === 0) return;

  runFirst(suite._beforeAll, plugin.hooks.beforeAll);
  if (automatic) skipEmptyHooks(this);
  report.printedBy(printerOf(this.listeners?.('fail'), this.fullStackTrace === true));
  // Before the reporter, some of which print a failure at once. What has come through a patched
  // function has passed all of this before.
  this.prependListener?.('fail', (test, error) => verdict.add(error, reportable(test as Runnable)));
  lifecycle.tests(() => filesOf(suite));
  await lifecycle.warmUp();
}

/** Called by mocha when all tests are over, once per command; in watch mode when it is left. */
export async function mochaGlobalTeardown(): Promise<void> {
  if (plugin === undefined) return;
  const { leftOpen, lifecycle } = plugin.run;
  // With --parallel nothing ran here: mocha ends the processes of the tests itself.
  if (lifecycle.phase === 'prepared') return;
  // Without tests no hook has done so.
  if (lifecycle.phase !== 'stopped') await lifecycle.stop();
  if (leftOpen) letProcessEnd(leftOpen);
}

/** Why the database is not there, where no hook comes to tell it. */
function tellStart(lifecycle: Lifecycle): void {
  const { failure } = lifecycle;
  if (failure !== undefined) process.stderr.write(`\nThe database could not be opened: ${inspect(failure)}\n`);
}

function rootHooks(run: TestRun): RootHooks {
  const { lifecycle, automatic } = run;

  async function beforeAll(this: HookContext): Promise<void> {
    const root = this.test.parent;
    // In watch mode nothing tells when the files were loaded.
    lifecycle.tests(() => filesOf(root));

    runLast(root._afterEach, afterEach);
    runLast(root._afterAll, afterAll);
    if (automatic) patchRunnables(this.test, { run, own: new Set<unknown>([beforeAll, afterAll]) });
    else scopeByHooks(root, run);
    // The deadline of what schema and seed do is theirs, not that of one test.
    this.timeout(0);
    const watching = plugin?.watching === true;
    // A worker of --parallel has no global setup, and in watch mode that has no tests.
    await run.begin({ first: isParallelWorker || watching, again: watching });
    if (!automatic) run.scope.enter(layerPlace(this.test));
  }

  function afterEach(this: HookContext): void {
    leaveByHook(run, this);
  }

  async function afterAll(this: HookContext): Promise<void> {
    releaseRunnables(this.test);
    // Stopping has deadlines of its own.
    this.timeout(0);
    // The next run loads its files before anything can be waited for.
    const error = await run.end({ stop: !isParallelWorker, ahead: plugin?.watching === true });
    if (error) throw error;
  }

  // Where runnables are patched, the patch ends the scope of a test.
  return automatic ? { beforeAll, afterAll } : { beforeAll, afterEach, afterAll };
}

function runFirst(hooks: Runnable[], fn: unknown): void {
  const index = hooks.findIndex((hook) => hook.fn === fn);

  hooks.unshift(...hooks.splice(index, index < 0 ? 0 : 1));
}

/** Root hooks of the plug-in come first by nature; these have to see what the user's own left behind. */
function runLast(hooks: Runnable[], fn: unknown): void {
  const index = hooks.findIndex((hook) => hook.fn === fn);

  hooks.push(...hooks.splice(index, index < 0 ? 0 : 1));
}
