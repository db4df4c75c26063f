/**
 * The mocha plug-in: `"require": ["lockstep/mocha"]` in .mocharc.json.
 *
 * It finds the config, swaps the app's driver and opens the database before any test file is loaded,
 * and then begins a scope around each test and each describe's fixtures and rolls it back.
 */

import { inspect } from 'node:util';
import {
  installBlockingChildren,
  installBridge,
  LeftOpen,
  type InstalledBridge,
  type ThreadUse,
} from '../bridge/index.js';
import { loadConfig } from '../config/index.js';
import { loadEngine } from '../engine/index.js';
import type { LateWorkError } from '../errors.js';
import { setCurrent } from './current.js';
import { lazily } from '../lazily.js';
import { LateWork } from './late-work.js';
import { Lifecycle } from './lifecycle.js';
import { letProcessEnd } from './mocha-end.js';
import { skipEmptyHooks } from './mocha-empty-hooks.js';
import { scopeByHooks } from './mocha-hooks.js';
import { watchLoading } from './mocha-loading.js';
import { goesOutside } from './mocha-outside.js';
import { patchRunnables, releaseRunnables } from './mocha-patch.js';
import { filesOf, type HookContext, type RootHook, type Runnable, type Runner } from './mocha-shapes.js';
import { FailureReport } from './report/failure-report.js';
import { Reported } from './reported.js';
import { Scopes } from './scopes.js';
import { phaseOver } from '../start-log.js';

export { identities } from './mocha-identities.js';
export { manual } from './mocha-manual.js';
export { outside } from './mocha-outside.js';
export { rollback } from './mocha-rollback.js';

/** What mocha takes from a required module (https://mochajs.org/#root-hook-plugins). */
export interface RootHooks {
  readonly beforeAll: RootHook;
  readonly afterEach?: RootHook;
  readonly afterAll: RootHook;
}

/** What runs in this process; mocha calls the functions below one by one. */
let plugin: Plugin | undefined;

interface Plugin {
  readonly lifecycle: Lifecycle;
  readonly hooks: RootHooks;
  readonly reported: Reported;
  readonly report: FailureReport;
  readonly leftOpen: LeftOpen | undefined;
  /** Whether runs come one after the other in this process, each of which loads its files in one go. */
  watching: boolean;
}

/** What the bridge has to know where a call blocks this thread. */
const threadUse: ThreadUse = {
  servesSandbox: () => plugin?.lifecycle.servedHere === true,
  remaining: () => plugin?.lifecycle.remaining(),
  usedUp: (reason) => plugin?.lifecycle.usedUp(reason),
};

/**
 * Called by mocha once per process, after all `require`s and before the test files.
 *
 * @throws ConfigError when there is no config or anything in it is wrong.
 * @throws SwapError when a driver of the app cannot be replaced.
 */
export async function mochaHooks(): Promise<RootHooks> {
  phaseOver?.('lockstep/mocha was loaded');
  // Where that was imported, its own code came first.
  lazily('./compile-cache.cjs')();
  const config = await loadConfig();
  phaseOver?.('the config was read');
  const automatic = config.bridge.auto && process.env['LOCKSTEP_AUTO'] !== '0';
  const late = new LateWork();
  const use = config.databases.some(({ engine }) => engine === 'postgres') ? threadUse : undefined;
  // Without hops no wait is possible, and then nothing of mocha is patched either.
  const bridge = automatic
    ? installBridge({ use, late: (owner, error) => late.failed(owner.title, error) })
    : undefined;
  // There too a child that waits for this thread, which waits for it, would hang for good.
  if (!bridge && use) installBlockingChildren(use);
  const [engines, http] = await Promise.all([
    Promise.all(config.databases.map(loadEngine)),
    config.app && import('../http/index.js'),
  ]);
  phaseOver?.('what the config needs was loaded');
  const lifecycle = new Lifecycle(config, engines, http, late);

  setCurrent(lifecycle);
  phaseOver?.('the app is led to the databases');
  const reported = new Reported();
  const report = new FailureReport(lifecycle);
  const hooks = rootHooks(lifecycle, reported, report, bridge);
  plugin = {
    lifecycle,
    hooks,
    reported,
    report,
    leftOpen: bridge && new LeftOpen((socket) => lifecycle.leadsToSandbox(socket)),
    watching: false,
  };
  watchLoading({
    // What fails is told by the first hook, where mocha reports it as a failure.
    before: () => lifecycle.start().catch(() => undefined),
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
  plugin.watching = suite === undefined;
  if (plugin.watching) await plugin.lifecycle.start().catch(() => undefined);
  // With --parallel the tests run in other processes, and this one has none.
  if (suite === undefined || suite.total() === 0) return;

  runFirst(suite._beforeAll, plugin.hooks.beforeAll);
  if (plugin.leftOpen) skipEmptyHooks(this);
  const { reported, report, lifecycle } = plugin;
  report.readBy(this.listeners?.('fail') ?? [], this.fullStackTrace === true);
  // Before the reporter, some of which print a failure at once. What has come through a patched
  // function has passed all of this before.
  this.prependListener?.('fail', (test, error) => {
    reported.add(error);
    report.tell(error, test as Runnable);
  });
  lifecycle.tests(() => filesOf(suite));
  await lifecycle.warmUp();
}

/** Called by mocha when all tests are over, once per command; in watch mode when it is left. */
export async function mochaGlobalTeardown(): Promise<void> {
  if (plugin === undefined) return;
  const { leftOpen, lifecycle } = plugin;
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

function rootHooks(
  lifecycle: Lifecycle,
  reported: Reported,
  report: FailureReport,
  bridge: InstalledBridge | undefined,
): RootHooks {
  let scopes: Scopes | undefined;

  async function beforeAll(this: HookContext): Promise<void> {
    const root = this.test.parent;
    scopes = new Scopes(lifecycle, reported);
    // In watch mode nothing tells when the files were loaded.
    lifecycle.tests(() => filesOf(root));

    runLast(root._afterEach, afterEach);
    runLast(root._afterAll, afterAll);
    if (bridge)
      patchRunnables(this.test, { lifecycle, scopes, reported, report, own: new Set<unknown>([beforeAll, afterAll]) });
    else scopeByHooks(root, scopes);
    bridge?.running();
    // The deadline of what schema and seed do is theirs, not that of one test.
    this.timeout(0);
    // A worker of --parallel has no global setup, and in watch mode that has no tests.
    if (plugin?.watching) await lifecycle.refresh();
    if (isParallelWorker() || plugin?.watching) await lifecycle.warmUp();
    await lifecycle.run({ outside: goesOutside() });
    if (!bridge) scopes.enter(this.test);
  }

  function afterEach(this: HookContext): void {
    const { currentTest } = this;
    const unsent = currentTest && lifecycle.unsent(currentTest.fullTitle());
    if (unsent !== undefined && !currentTest?.isFailed()) currentTest?.emit('error', unsent);
    try {
      scopes?.leaveTest();
    } catch (error) {
      // Thrown from a root hook, it would end the whole run: it is the failure of this one test.
      (this.currentTest ?? this.test).emit('error', error);
    }
  }

  async function afterAll(this: HookContext): Promise<void> {
    const error = scopes?.leaveAll() ?? unfinished(lifecycle);
    await scopes?.comeBack();

    releaseRunnables(this.test);
    // Stopping has deadlines of its own.
    this.timeout(0);
    if (!isParallelWorker()) await lifecycle.stop();
    // The next run loads its files before anything can be waited for.
    if (plugin?.watching) await lifecycle.startAhead();
    bridge?.over();
    if (error) throw error;
  }

  // Where runnables are patched, the patch ends the scope of a test.
  return bridge ? { beforeAll, afterAll } : { beforeAll, afterEach, afterAll };
}

/** Tells of work that came after the end of its test; with `leaks: 'error'` it is what the run fails with. */
function unfinished(lifecycle: Lifecycle): LateWorkError | undefined {
  const late = lifecycle.late.take();
  if (late === undefined || lifecycle.config.leaks === 'error') return late;
  process.emitWarning(late.message, { code: late.code });
  return undefined;
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

/**
 * Whether this process runs file after file for --parallel, each with root hooks of its own. The app
 * is imported once for all of them, so it cannot be stopped behind the first; it ends with the process.
 */
function isParallelWorker(): boolean {
  return process.env['MOCHA_WORKER_ID'] !== undefined;
}
