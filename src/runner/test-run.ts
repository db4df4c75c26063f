import {
  installBlockingChildren,
  installBridge,
  LeftOpen,
  type InstalledBridge,
  type ThreadUse,
} from '../bridge/index.js';
import { loadConfig } from '../config/index.js';
import { loadEngine } from '../engine/index.js';
import type { LockstepError } from '../errors.js';
import { useRealms } from '../realms.js';
import { speakFor } from '../runner-words.js';
import { phaseOver } from '../start-log.js';
import type { Done, RunnerAdapter, Step } from './adapter.js';
import { setCurrent } from './current.js';
import { LateWork } from './late-work.js';
import { Lifecycle } from './lifecycle.js';
import { FailureReport } from './report/failure-report.js';
import { RunScope } from './run-scope.js';
import { runHopped, runInPlace } from './run-step.js';
import type { StepHost } from './step-frame.js';
import { isManual } from './suite-rules.js';
import { Verdict } from './verdict.js';

/** What a process does for the tests that a runner runs in it, from the config to the end. */
export class TestRun implements StepHost {
  readonly adapter: RunnerAdapter;
  readonly lifecycle: Lifecycle;
  readonly report: FailureReport;
  readonly verdict: Verdict;
  /** What the app leaves open; undefined where tests are left alone. */
  readonly leftOpen: LeftOpen | undefined;
  readonly #bridge: InstalledBridge | undefined;
  #scope: RunScope;

  private constructor(adapter: RunnerAdapter, lifecycle: Lifecycle, bridge: InstalledBridge | undefined) {
    this.adapter = adapter;
    this.lifecycle = lifecycle;
    this.report = new FailureReport(lifecycle, adapter);
    this.verdict = new Verdict(this.report);
    this.leftOpen = bridge && new LeftOpen((socket) => lifecycle.leadsToSandbox(socket));
    this.#bridge = bridge;
    this.#scope = this.#newScope();
  }

  /**
   * Finds the config and puts its engines in the app's way. To be called before any file of the app is imported.
   *
   * @throws ConfigError when there is no config or anything in it is wrong.
   * @throws SwapError when a driver of the app cannot be replaced.
   */
  static async prepare(adapter: RunnerAdapter): Promise<TestRun> {
    speakFor(adapter.words);
    useRealms(adapter.realms);
    const config = await loadConfig({ importConfig: adapter.imports.config });
    phaseOver?.('the config was read');
    const automatic = config.bridge.auto && process.env['LOCKSTEP_AUTO'] !== '0';
    const late = new LateWork();
    const prepared: { lifecycle?: Lifecycle } = {};
    const use = config.databases.some(({ engine }) => engine === 'postgres')
      ? threadUse(() => prepared.lifecycle)
      : undefined;
    // Without hops no wait is possible, and then nothing of the runner is patched either.
    const bridge = automatic
      ? installBridge({ use, late: (owner, error) => late.failed(owner.title, error, owner.advice) })
      : undefined;
    // There too a child that waits for this thread, which waits for it, would hang for good.
    if (!bridge && use) installBlockingChildren(use);
    const [engines, http] = await Promise.all([
      Promise.all(config.databases.map((database) => loadEngine(database, adapter.run))),
      config.app && import('../http/index.js'),
    ]);
    phaseOver?.('what the config needs was loaded');
    const lifecycle = new Lifecycle(config, engines, http, late, adapter.imports.app);

    prepared.lifecycle = lifecycle;
    setCurrent(lifecycle);
    phaseOver?.('the app is led to the databases');
    return new TestRun(adapter, lifecycle, bridge);
  }

  /** Whether tests and hooks may wait, and so have to be handed to `run`. */
  get automatic(): boolean {
    return this.#bridge !== undefined;
  }

  /** Which scopes are open. */
  get scope(): RunScope {
    return this.#scope;
  }

  /**
   * Tests and hooks come now; when it resolves, they find what they need.
   *
   * @param moment `first`: whether nothing was started before, so that this is where the app is started; `again`:
   * whether it was opened ahead, and files may have changed since
   * @throws EngineMissingError, UnsafeDatabaseError, and whatever schema or seed throw.
   */
  async begin({
    first = false,
    again = false,
  }: { readonly first?: boolean; readonly again?: boolean } = {}): Promise<void> {
    this.#scope = this.#newScope();
    this.#bridge?.running();
    if (again) await this.lifecycle.refresh();
    if (first) await this.lifecycle.warmUp();
    await this.lifecycle.run({ outside: this.adapter.rules.outside });
  }

  /** Runs a test or hook, and calls back with what it has failed with when all that it has started is over. */
  run(step: Step, done: Done): void {
    if (isManual(step.suite)) runInPlace(this, step, done);
    else runHopped(this, step, done);
  }

  /**
   * All tests of this process are over: ends what is open.
   *
   * @param what `stop`: whether app and databases are stopped, which are kept where more files are to come that share
   * them; `ahead`: whether they are opened for another run of this process, whose files are loaded before it begins
   * @returns what the run fails with, if it does: a loss that was told nobody, or late work
   */
  async end({
    stop,
    ahead = false,
  }: {
    readonly stop: boolean;
    readonly ahead?: boolean;
  }): Promise<LockstepError | undefined> {
    const error = this.#scope.leaveAll() ?? this.#unfinished();
    await this.#scope.comeBack();

    if (stop) await this.lifecycle.stop();
    if (ahead) await this.lifecycle.startAhead();
    this.#bridge?.over();
    return error;
  }

  #newScope(): RunScope {
    return new RunScope(this.lifecycle, this.verdict, this.adapter.rules);
  }

  /** Tells of work that came after the end of its test; with `leaks: 'error'` it is what the run fails with. */
  #unfinished(): LockstepError | undefined {
    const late = this.lifecycle.late.take(this.lifecycle.config.leaks);
    if (late === undefined || this.lifecycle.config.leaks === 'error') return late;
    process.emitWarning(late.message, { code: late.code });
    return undefined;
  }
}

/** What the bridge has to know where a call blocks this thread. */
function threadUse(lifecycle: () => Lifecycle | undefined): ThreadUse {
  return {
    servesSandbox: () => lifecycle()?.servedHere === true,
    remaining: () => lifecycle()?.remaining(),
    usedUp: (reason) => lifecycle()?.usedUp(reason),
  };
}
