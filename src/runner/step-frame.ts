import { type FrameOwner } from '../bridge/index.js';
import { inspector } from '../engine/index.js';
import { now } from '../real-time.js';
import type { Done, RunnerAdapter, Step } from './adapter.js';
import { adviceTo } from './forgotten-call.js';
import type { EndingTest, Lifecycle, Limit } from './lifecycle.js';
import type { FailureReport } from './report/failure-report.js';
import type { RunScope } from './run-scope.js';
import type { Verdict } from './verdict.js';

/** Milliseconds a wait may take in a test whose own timeout is switched off. */
const DEFAULT_TIMEOUT = 60_000;

/** What steps run with: a `TestRun`. */
export interface StepHost {
  readonly adapter: Pick<RunnerAdapter, 'isTimeout'>;
  readonly lifecycle: Lifecycle;
  readonly scope: RunScope;
  readonly verdict: Verdict;
  readonly report: FailureReport;
}

/** A test or hook as the bridge and the lifecycle see it. */
export class StepFrame implements FrameOwner, Limit, EndingTest {
  readonly run: StepHost;
  readonly step: Step;
  readonly done: Done;
  #start = 0;
  #usedUp: Error | undefined;

  constructor(run: StepHost, step: Step, done: Done) {
    this.run = run;
    this.step = step;
    this.done = done;
  }

  /** To be called when the function is about to run: its time begins. */
  begin(): void {
    this.#start = now();
  }

  get title(): string {
    return this.step.title;
  }

  get advice(): string | undefined {
    return adviceTo(this.step);
  }

  remaining(): number {
    const { timeout: limit } = this.run.lifecycle.config.bridge;
    if (limit !== undefined) return limit;

    // Read anew each time: the test may have changed it.
    const timeout = this.step.timeout();
    if (timeout > 0) return Math.max(1, timeout - (now() - this.#start));
    // A person at a breakpoint is not a hang.
    return inspector() ? Infinity : DEFAULT_TIMEOUT;
  }

  usedUp(reason: Error): void {
    this.#usedUp ??= reason;
  }

  /** The runner's timer fires before what the function still awaits, a `finally` of its own: it knows of no reason. */
  reasonOf(error: unknown): unknown {
    return this.run.adapter.isTimeout(error) ? (this.#usedUp ?? error) : error;
  }

  park(): void {
    this.step.park();
  }

  unpark(): void {
    this.step.unpark();
  }
}
