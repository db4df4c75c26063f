import { DeadlockError, SyncTimeoutError, type BridgeError } from '../errors.js';
import { runnerWords } from '../runner-words.js';
import { fakeClock, type FakeClock } from '../fake-clock.js';
import { pendingRemedy, pendingWork } from './diagnostics.js';
import { openInWords } from './pending.js';
import { waitingFrame } from './place.js';
import type { Expired } from './event-loop.js';
import { pump } from './pump.js';
import { withRealTicks } from './real-ticks.js';
import { appendTestFrames } from './stack.js';
import { state, type FrameOwner } from './state.js';
import { checkWork, isThenable, readWorks } from './works.js';
import { checkTimeout } from './timeout.js';

/** Async work: a promise, or a function that returns one (or a value). */
export type Work<T = unknown> = PromiseLike<T> | (() => PromiseLike<T> | T);

export interface SyncOptions {
  /** Milliseconds until SyncTimeoutError. Default: what is left of the running test's timeout. */
  readonly timeout?: number | undefined;
}

/** The values of several works, position by position. */
export type Results<W extends readonly Work[]> = {
  -readonly [K in keyof W]: W[K] extends PromiseLike<infer T> ? T : W[K] extends () => infer R ? Awaited<R> : never;
};

/** `sync` and its variant for several works at once. */
export interface SyncFunction {
  /**
   * Waits for async work and returns its value; the rest of the process goes on meanwhile.
   *
   * A rejection is thrown as the object it is, with the caller's frames appended to its stack. An
   * error that other code of the app throws meanwhile, where nobody catches it, is thrown here too.
   *
   * @throws WaitPlaceError outside the synchronous part of a test or hook, e.g. after an `await`.
   * @throws NestedWaitError in code that runs inside another wait.
   * @throws SyncTimeoutError when the deadline passes.
   * @throws DeadlockError when nothing is left in the process that could settle the work.
   */
  <T>(work: Work<T>, options?: SyncOptions): T;

  /**
   * Starts all works, then waits for all of them: `sync.all([a, b])` or `sync.all(a, b)`. The first
   * failure, by position, is thrown after every work has settled.
   *
   * @throws SyncUsageError for what is no work.
   */
  all: SyncAll;
}

/** One list, or one argument for each work. */
export interface SyncAll {
  <const W extends readonly Work[]>(works: W, options?: SyncOptions): Results<W>;
  <const W extends readonly [Work, ...Work[]]>(...works: W): Results<W>;
  <const W extends readonly [Work, ...Work[]]>(...worksAndOptions: [...works: W, options: SyncOptions]): Results<W>;
}

/** The public function whose caller is the test: frames below it are the test's. */
type Caller = (...args: never[]) => unknown;

type Settled = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown };

function waitFor<T>(work: Work<T>, options: SyncOptions = {}): T {
  checkWork(work, options);
  return waitAs('sync()', work, checkTimeout('sync', options.timeout), waitFor);
}

/**
 * As `sync`, on behalf of another public call, which is named to the reader.
 *
 * @param call as the test wrote it, or nearly so: `client.get("/notes")`
 * @param below its function, whose caller is the test
 */
export function waitAs<T>(call: string, work: Work<T>, timeout: number | undefined, below: Caller): T {
  const frame = waitingFrame(call);

  const started: unknown = typeof work === 'function' ? withRealTicks(work) : work;
  if (!isThenable(started)) return started as T;

  let settled: Settled | undefined;
  observe(started, (result) => (settled = result));
  wait(frame, call, () => settled !== undefined, timeout, below);

  // `wait` returns only when the callback above has run, which the compiler cannot see.
  return unwrap(settled as unknown as Settled, below) as T;
}

function waitForAll(...given: unknown[]): unknown[] {
  const { works, options } = readWorks(given);
  const timeout = checkTimeout('sync.all', options.timeout);
  const frame = waitingFrame('sync.all()');

  const results: (Settled | undefined)[] = works.map(() => undefined);
  let open = works.length;
  works.forEach((work, index) => {
    observe(start(work), (result) => {
      results[index] = result;
      open -= 1;
    });
  });
  wait(frame, `sync.all() of ${works.length}`, () => open === 0, timeout, waitForAll);

  return results.map((result) => unwrap(result as Settled, waitForAll));
}

/** Starts one work of several: one that throws at once must not keep the others from settling. */
function start(work: Work): PromiseLike<unknown> {
  try {
    const started = typeof work === 'function' ? withRealTicks(work) : work;
    return isThenable(started) ? started : Promise.resolve(started);
  } catch (error) {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the app's own object
    return Promise.reject(error);
  }
}

function observe(work: PromiseLike<unknown>, settle: (result: Settled) => void): void {
  // A query builder may resolve with another thenable; only a native promise is known not to.
  const promise = work instanceof Promise ? (work as Promise<unknown>) : Promise.resolve(work);

  promise.then(
    (value) => settle({ ok: true, value }),
    (error: unknown) => settle({ ok: false, error }),
  );
}

function unwrap(result: Settled, below: Caller): unknown {
  if (result.ok) return result.value;
  appendTestFrames(result.error, below);
  throw result.error;
}

/** Pumps until done, and turns any other end of the wait into its error. */
function wait(frame: FrameOwner, what: string, done: () => boolean, timeout: number | undefined, below: Caller): void {
  const limit = timeout ?? frame.remaining();
  const outcome = pump(frame, `${what} in "${frame.title}"`, done, limit);

  if (outcome.kind === 'done') return;
  if (outcome.kind === 'thrown') throw takeThrown(below);
  throw waitFailed(outcome, frame, what, limit);
}

function takeThrown(below: Caller): unknown {
  const [first] = state.thrown.splice(0);

  appendTestFrames(first, below);
  return first;
}

function waitFailed({ kind, open }: Expired, frame: FrameOwner, what: string, limit: number): BridgeError {
  const list = [...pendingWork(), ...openInWords(open)];
  const details = list.length > 0 ? `Still pending:\n${list.map((line) => `    - ${line}`).join('\n')}` : undefined;
  // It explains what is pending better than a list of it.
  const fake = fakeClock(false);

  if (kind === 'timeout') {
    return new SyncTimeoutError({
      what: `${what} in "${frame.title}" gave up after ${Math.round(limit)} ms: the work is still pending.`,
      why: because(
        fake,
        details ?? 'Nothing that Lockstep knows of is pending: the work may wait for an event that nobody emits.',
      ),
      remedy:
        fake?.remedy ??
        pendingRemedy() ??
        `Look for a response never sent or a promise never settled; for work that is only slow, raise the timeout (${runnerWords().timeout}, or { timeout: ms } of the call).`,
    });
  }
  return new DeadlockError({
    what: `${what} in "${frame.title}" can never finish: the work is pending and nothing is left that could settle it.`,
    why: because(fake, details ?? 'No timer, socket, file operation or other resource is open in the process.'),
    remedy:
      fake?.remedy ??
      pendingRemedy() ??
      'Look for a promise whose resolve is never called, a callback never called back, a response never sent.',
  });
}

function because(fake: FakeClock | undefined, why: string): string {
  return fake === undefined ? why : `${fake.why}\n  ${why}`;
}

export const sync: SyncFunction = Object.assign(waitFor, { all: waitForAll });
