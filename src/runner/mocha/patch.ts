import { inspector } from '../../engine/index.js';
import {
  debug,
  enterFrame,
  hop,
  leaveFrame,
  letQueuesRun,
  runAs,
  runAsNobody,
  type FrameOwner,
} from '../../bridge/index.js';
import { BridgeMissingError } from '../../errors.js';
import { attribute, blame } from '../blame.js';
import { adviceTo } from '../forgotten-call.js';
import type { Lifecycle } from '../lifecycle.js';
import { isManual } from './manual.js';
import { isLastOfTest, type Done, type Runnable } from './shapes.js';
import type { FailureReport } from '../report/failure-report.js';
import type { Reported } from '../reported.js';
import type { Scopes } from '../scopes.js';
import { now } from '../../real-time.js';

/** Milliseconds a wait may take in a test whose own timeout is switched off. */
const DEFAULT_TIMEOUT = 60_000;

/** What the patched runnables work with; replaced when a new run starts in the same process. */
export interface Run {
  readonly lifecycle: Lifecycle;
  readonly scopes: Scopes;
  readonly reported: Reported;
  readonly report: FailureReport;
  /** Lockstep's own root hooks, which run as mocha would run them. */
  readonly own: ReadonlySet<unknown>;
}

type Original = (this: Runnable, done: Done) => void;

const RUN = Symbol.for('lockstep.mocha.run');

interface PatchedPrototype {
  [RUN]?: { current: Run | undefined };
  run(this: Runnable, done: Done): void;
}

/**
 * Makes every test and hook of this copy of mocha run in a clean macrotask, inside its scope.
 * One patch, of `Runnable.prototype.run`; it is made once and kept.
 *
 * @param hook any hook of the running mocha, which leads to the right copy of its classes
 */
export function patchRunnables(hook: Runnable, run: Run): void {
  const prototype = owner(hook, 'run') as PatchedPrototype;
  const patched = prototype[RUN];

  if (patched) {
    patched.current = run;
    return;
  }

  const slot: { current: Run | undefined } = { current: run };
  const original = Object.getOwnPropertyDescriptor(prototype, 'run')?.value as Original;
  Object.defineProperty(prototype, RUN, { value: slot });
  prototype.run = function runInScope(this: Runnable, done: Done): void {
    const { current } = slot;

    if (current === undefined || current.own.has(this.fn) || this.isPending()) original.call(this, done);
    else if (isManual(this.parent)) runInPlace(current, this, original, done);
    else runHopped(current, this, original, done);
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

/** In its scope, but where mocha runs it. */
function runInPlace(run: Run, runnable: Runnable, original: Original, done: Done): void {
  const frame = new MochaFrame(run, runnable, done);
  const moving = run.scopes.moving(runnable);
  if (moving === undefined) runEnteredInPlace(frame, original);
  else void moving.then(() => runEnteredInPlace(frame, original));
}

function runEnteredInPlace(frame: MochaFrame, original: Original): void {
  const { run, runnable } = frame;
  if (!entered(frame)) return;
  if (hooksFollow(runnable) || isSharing(run, runnable)) run.lifecycle.functionBegins();
  const over = (error: unknown): void => runAsNobody(() => finish(frame, frame.reasonOf(error)));
  runAs(run.scopes.owner, () => original.call(runnable, over));
}

// mocha keeps the callback with each test until its suite is over: what is created here for each
// test shares one closure's variables.
function runHopped(run: Run, runnable: Runnable, original: Original, done: Done): void {
  const frame = new MochaFrame(run, runnable, done);
  const { recovering } = run.lifecycle;
  const moving = run.scopes.moving(runnable);

  const go = (): void => hop(() => runEntered(frame, original));
  if (moving === undefined && recovering === undefined) go();
  else void Promise.allSettled([moving, recovering]).then(go);
}

function runEntered(frame: MochaFrame, original: Original): void {
  const { runnable } = frame;
  debug?.(`hop into ${runnable.type} "${runnable.fullTitle()}"`);
  if (!entered(frame)) return;
  if (hooksFollow(runnable) || isSharing(frame.run, runnable)) frame.run.lifecycle.functionBegins();

  let synchronous = true;
  const run = (): void =>
    original.call(runnable, (error) => {
      const late = synchronous && error === undefined && runnable.type === 'test' ? letGoOn() : undefined;
      // mocha's callback starts whatever comes next: it must find no frame, or it could wait, and be nobody's work.
      leaveFrame(() => runAsNobody(() => finish(frame, frame.reasonOf(error) ?? late)));
    });
  enterFrame(frame, () => runAs(frame.run.scopes.owner, run));
  synchronous = false;
}

/**
 * Lets go on what a plain function has started and not waited for, as far as nothing has to come for
 * it: only then can be told what it has under way. Gives what it throws where nobody catches it.
 */
function letGoOn(): unknown {
  try {
    return letQueuesRun();
  } catch (error) {
    // Without a pump nothing can be let go on, and a test that needs none shall not fail by that.
    if (error instanceof BridgeMissingError) return undefined;
    throw error;
  }
}

/** Moves to the runnable's scope; one that cannot be entered has failed. */
function entered(frame: MochaFrame): boolean {
  const { run, runnable } = frame;
  try {
    run.scopes.enter(runnable);
  } catch (error) {
    frame.done(error);
    return false;
  }
  frame.begin();
  // What it awaits of the client has a deadline too.
  run.lifecycle.limit(frame);
  return true;
}

/** Whether `afterEach` hooks come behind a test's function, which may end what it has left open. */
function hooksFollow(runnable: Runnable): boolean {
  return runnable.type === 'test' && !isLastOfTest(runnable);
}

/** Whether it is a test that is rolled back with others, so that what it leaves open has to be ended behind it. */
function isSharing({ scopes }: Run, { type }: Runnable): boolean {
  return type === 'test' && scopes.shared;
}

/** A test is over when its last hook is, and the app has finished what they started. */
function finish(frame: MochaFrame, error: unknown): void {
  const { run, runnable, done } = frame;
  const { lifecycle } = run;
  lifecycle.over(frame);
  if (error !== undefined) run.report.notePending(error);

  const test = testOf(runnable);
  if (test === undefined) return leave(run, runnable, error, done);
  if (hooksFollow(runnable)) {
    run.report.noteClock(runnable);
    return behind(lifecycle.functionOver(frame, error !== undefined), (found) =>
      leave(run, runnable, error ?? found, done),
    );
  }
  if (!isLastOfTest(runnable)) return leave(run, runnable, error, done);

  behind(lifecycle.settle(test === runnable ? frame : new EndedTest(test)), (found) => {
    if (test === runnable) return leave(run, runnable, error ?? found, done);
    // As an error of the hook it would end the whole suite: it is the failure of this one test.
    if (found !== undefined && !test.isFailed()) fail(run, test, found);
    leave(run, runnable, error, done);
  });
}

/** The test that a test's function or a hook around it belongs to. */
function testOf(runnable: Runnable): Runnable | undefined {
  if (runnable.type === 'test') return runnable;
  return runnable.parent._afterEach.includes(runnable) ? runnable.ctx?.currentTest : undefined;
}

function behind(waiting: Promise<unknown> | undefined, then: (found: unknown) => void): void {
  if (waiting === undefined) then(undefined);
  else void waiting.then(then);
}

/** Fails a test whose function is over already. */
function fail(run: Run, test: Runnable, error: unknown): void {
  run.reported.add(error);
  run.report.tell(error, test);
  test.emit('error', error);
}

/**
 * Ends the scope of a test behind the last function that belongs to it, so that what comes later is
 * told to be a straggler. A root `afterEach` hook would do as well, but mocha takes longer for a
 * hook than for an empty test.
 */
function leave(run: Run, runnable: Runnable, error: unknown, done: Done): void {
  if (error !== undefined) {
    run.reported.add(error);
    run.report.tell(error, runnable);
  }
  const before = error === undefined ? undefined : run.scopes.lossBefore(runnable.parent);
  const test = runnable.type === 'test' ? runnable : runnable.ctx?.currentTest;
  try {
    if (test !== undefined && isLastOfTest(runnable)) run.scopes.leaveTest();
  } catch (lost) {
    if (runnable === test) return done(blame(error, lost));
    // As an error of a hook it would end the whole suite: it is the failure of this one test.
    if (!attribute(test?.err, lost)) test?.emit('error', lost);
  }
  // A loss of its own is nearer to what the test has failed with.
  if (before !== undefined) attribute(error, before);
  done(error);
}

/** A test behind its last hook. */
class EndedTest {
  readonly #test: Runnable;

  constructor(test: Runnable) {
    this.#test = test;
  }

  get title(): string {
    return this.#test.fullTitle();
  }

  get advice(): string | undefined {
    return adviceTo(this.#test);
  }
}

/** A runnable as the bridge sees it. */
class MochaFrame implements FrameOwner {
  readonly run: Run;
  readonly runnable: Runnable;
  readonly done: Done;
  #start = 0;
  #parked = false;
  #usedUp: Error | undefined;

  constructor(run: Run, runnable: Runnable, done: Done) {
    this.run = run;
    this.runnable = runnable;
    this.done = done;
  }

  /** To be called when the function is about to run: its time begins. */
  begin(): void {
    this.#start = now();
  }

  get title(): string {
    return this.runnable.fullTitle();
  }

  get advice(): string | undefined {
    return adviceTo(this.runnable);
  }

  remaining(): number {
    const { timeout: limit } = this.run.lifecycle.config.bridge;
    if (limit !== undefined) return limit;

    // Read anew each time: this.timeout(ms) may have changed it.
    const timeout = this.runnable.timeout();
    if (timeout > 0) return Math.max(1, timeout - (now() - this.#start));
    // A person at a breakpoint is not a hang.
    return inspector() ? Infinity : DEFAULT_TIMEOUT;
  }

  usedUp(reason: Error): void {
    this.#usedUp ??= reason;
  }

  /** Mocha's timer fires before what the function still awaits, a `finally` of its own: it knows of no reason. */
  reasonOf(error: unknown): unknown {
    return (error as NodeJS.ErrnoException | undefined)?.code === 'ERR_MOCHA_TIMEOUT' ? (this.#usedUp ?? error) : error;
  }

  park(): void {
    // A timer that fires inside the wait would start the next test on top of this one.
    const timer = this.runnable.timer as { _destroyed?: boolean } | undefined;
    // One that mocha cleared, as the function ended, is not to be started again.
    if (timer === undefined || timer._destroyed === true) return;
    this.runnable.clearTimeout();
    this.#parked = true;
  }

  unpark(): void {
    if (!this.#parked) return;
    this.#parked = false;
    this.runnable.resetTimeout();
  }
}
