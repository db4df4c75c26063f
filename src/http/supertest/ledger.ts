import { reportPending } from '../../bridge/index.js';
import { UnsentRequestError } from '../../errors.js';
import { forgetAnswers } from '../failed-answers.js';
import type { Failures } from '../failures.js';
import type { RaiseServerErrors } from '../options.js';
import { dropOwnFrames } from './stack.js';

/** A request of a test, as the runner has to know it. */
export interface Entry {
  /** `METHOD /path`. */
  readonly label: string;
  /** Made where the request was built; its stack is formatted only when somebody reads it. */
  readonly built: Error;
  /** A sentence on how far it has come. */
  describe(): string;
  abort(): void;
}

/** The supertest requests of the running test. */
interface Ledger {
  readonly unsent: Set<Entry>;
  readonly inFlight: Set<Entry>;
  /** Where errors of the apps arrive that were asked during the test. */
  readonly failures: Set<Failures>;
  /** The config's setting. */
  raise: RaiseServerErrors;
  /** Notes that a request is sent; what it returns is to be called with the answer. */
  logged: ((label: string) => { end(): void }) | undefined;
}

const KEY = Symbol.for('lockstep.supertest');

/** One per thread even when the package is loaded twice (see bridge/state.ts): the runner reads what the tests' copy wrote. */
export const ledger: Ledger = ((globalThis as { [KEY]?: Ledger })[KEY] ??= makeLedger());

function makeLedger(): Ledger {
  const inFlight = new Set<Entry>();
  reportPending(() => [...inFlight].map((entry) => entry.describe()));

  return { unsent: new Set(), inFlight, failures: new Set(), raise: 'unhandled', logged: undefined };
}

/**
 * Forgets the requests of before; to be called when a test or a layer begins, before its hooks.
 *
 * @param raise what requests without an option of their own throw
 * @param logged is told when a request is sent, by `METHOD /path`
 */
export function beginRequests(raise: RaiseServerErrors = 'unhandled', logged?: Ledger['logged']): void {
  forgetAnswers();
  ledger.raise = raise;
  ledger.logged = logged;
  // To clear a set makes a new table for it, even where it has nothing.
  if (ledger.unsent.size > 0) ledger.unsent.clear();
  if (ledger.failures.size > 0) ledger.failures.clear();
}

/** Whether a request is without an answer, or an app failed after its answer. */
export function requestsBusy(): boolean {
  return ledger.inFlight.size > 0 || (ledger.failures.size > 0 && [...ledger.failures].some(({ late }) => late));
}

/**
 * Aborts what is in flight. Returns a sentence for each of them, and for each error of an app that
 * came after its request was answered.
 */
export function endRequests(): string[] {
  const open = [...ledger.inFlight].map((entry) => {
    const sentence = entry.describe();
    entry.abort();
    return sentence;
  });

  return [...open, ...[...ledger.failures].flatMap((failures) => failures.takeLate())];
}

/** Whether `requestFailure` has something to tell. */
export function requestsUnsent(): boolean {
  return ledger.unsent.size > 0;
}

/**
 * What a test has to fail with for requests that it built during its course and never sent: nothing
 * was tested by them. Asked once.
 *
 * @param title the test's
 */
export function requestFailure(title: string): UnsentRequestError | undefined {
  const entries = [...ledger.unsent];
  const [first] = entries;
  ledger.unsent.clear();
  if (first === undefined) return undefined;

  const others = entries.length > 1 ? ` and ${entries.length - 1} more` : '';
  const error = new UnsentRequestError({
    what: `"${title}" built ${first.label}${others} with supertest and never sent it.`,
    why: 'A request is sent by its first .expect(), by reading .status, .body or another property of the answer, or by await; nothing of it happened. After an `await`, .expect() alone does not send.',
    remedy: 'Add an .expect() or read the answer; put `await` before a request that comes after another `await`.',
  });
  // The place that matters is the one where the request was built.
  dropOwnFrames(first.built);
  const frames = (first.built.stack ?? '').split('\n').slice(1);
  error.stack = [`${error.name}: ${error.message}`, ...frames].join('\n');
  return error;
}
