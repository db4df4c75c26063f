/** How one test or hook runs: in a clean macrotask, inside its scope, until the app has finished what it started. */

import { debug, enterFrame, hop, leaveFrame, letQueuesRun, runAs, runAsNobody } from '../bridge/index.js';
import { BridgeMissingError } from '../errors.js';
import type { Done, Step, TestNode } from './adapter.js';
import { adviceTo } from './forgotten-call.js';
import type { EndingTest } from './lifecycle.js';
import { StepFrame, type StepHost } from './step-frame.js';
import { attribute, blame } from './verdict.js';

/** In its scope, but where the runner calls it. */
export function runInPlace(run: StepHost, step: Step, done: Done): void {
  const frame = new StepFrame(run, step, done);
  const moving = run.scope.moving(step);
  if (moving === undefined) runEnteredInPlace(frame);
  else void moving.then(() => runEnteredInPlace(frame));
}

function runEnteredInPlace(frame: StepFrame): void {
  const { run, step } = frame;
  if (!entered(frame)) return;
  if (hooksFollow(step) || isSharing(run, step)) run.lifecycle.functionBegins();
  const over = (error: unknown): void => runAsNobody(() => finish(frame, frame.reasonOf(error)));
  runAs(run.scope.owner, () => step.call(over));
}

// A runner may keep the callback with each test until its suite is over: what is created here for each
// test shares one closure's variables.
export function runHopped(run: StepHost, step: Step, done: Done): void {
  const frame = new StepFrame(run, step, done);
  const { recovering } = run.lifecycle;
  const moving = run.scope.moving(step);

  const go = (): void => hop(() => runEntered(frame));
  if (moving === undefined && recovering === undefined) go();
  else void Promise.allSettled([moving, recovering]).then(go);
}

function runEntered(frame: StepFrame): void {
  const { step } = frame;
  debug?.(`hop into ${step.kind} "${step.title}"`);
  if (!entered(frame)) return;
  if (hooksFollow(step) || isSharing(frame.run, step)) frame.run.lifecycle.functionBegins();

  let synchronous = true;
  const call = (): void =>
    step.call((error) => {
      const late = synchronous && error === undefined && step.kind === 'test' ? letGoOn() : undefined;
      // The callback may start whatever comes next: it must find no frame, or it could wait, and be nobody's work.
      leaveFrame(() => runAsNobody(() => finish(frame, frame.reasonOf(error) ?? late)));
    });
  enterFrame(frame, () => runAs(frame.run.scope.owner, call));
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

/** Moves to the step's scope; one that cannot be entered has failed. */
function entered(frame: StepFrame): boolean {
  const { run, step } = frame;
  try {
    run.scope.enter(step);
  } catch (error) {
    frame.done(error);
    return false;
  }
  frame.begin();
  // What it awaits of the client has a deadline too.
  run.lifecycle.limit(frame);
  return true;
}

/** Whether hooks come behind a test's function, which may end what it has left open. */
function hooksFollow({ kind, last }: Step): boolean {
  return kind === 'test' && !last;
}

/** Whether it is a test that is rolled back with others, so that what it leaves open has to be ended behind it. */
function isSharing({ scope }: StepHost, { kind }: Step): boolean {
  return kind === 'test' && scope.shared;
}

/** A test is over when its last hook is, and the app has finished what they started. */
function finish(frame: StepFrame, error: unknown): void {
  const { run, step, done } = frame;
  const { lifecycle } = run;
  lifecycle.over(frame);
  if (error !== undefined) run.report.notePending(error);

  const { test, kind } = step;
  if (test === undefined) return leave(run, step, error, done);
  if (hooksFollow(step)) {
    run.report.noteClock(test);
    return behind(lifecycle.functionOver(frame, error !== undefined), (found) =>
      leave(run, step, error ?? found, done),
    );
  }
  if (!step.last) return leave(run, step, error, done);

  behind(lifecycle.settle(kind === 'test' ? frame : new EndedTest(test)), (found) => {
    if (kind === 'test') return leave(run, step, error ?? found, done);
    // As an error of the hook it would end the whole suite: it is the failure of this one test.
    if (found !== undefined && !test.failed) run.verdict.fail(test, found);
    leave(run, step, error, done);
  });
}

function behind(waiting: Promise<unknown> | undefined, then: (found: unknown) => void): void {
  if (waiting === undefined) then(undefined);
  else void waiting.then(then);
}

/**
 * Ends the scope of a test behind the last function that belongs to it, so that what comes later is
 * told to be a straggler.
 */
function leave(run: StepHost, step: Step, error: unknown, done: Done): void {
  if (error !== undefined) run.verdict.add(error, step);
  const before = error === undefined ? undefined : run.scope.lossBefore(step.suite);
  const { test } = step;
  try {
    if (test !== undefined && step.last) run.scope.leaveTest();
  } catch (lost) {
    if (step.kind === 'test') return done(blame(error, lost));
    // As an error of a hook it would end the whole suite: it is the failure of this one test.
    if (!attribute(test?.error, lost)) test?.fail(lost);
  }
  // A loss of its own is nearer to what the test has failed with.
  if (before !== undefined) attribute(error, before);
  done(error);
}

/** A test behind its last hook. */
class EndedTest implements EndingTest {
  readonly #test: TestNode;

  constructor(test: TestNode) {
    this.#test = test;
  }

  get title(): string {
    return this.#test.title;
  }

  get advice(): string | undefined {
    return adviceTo(this.#test);
  }
}
