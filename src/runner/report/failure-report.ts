import { pendingNow } from '../../bridge/index.js';
import { LockstepError, NPlusOneError, QueryCountError } from '../../errors.js';
import { FAKE, type FakeClock, fakeClock } from '../../fake-clock.js';
import { failedAnswers } from '../../http/failed-answers.js';
import { type QueryLog, queryReport } from '../../queries/index.js';
import { placesOf, headline } from '../../stack-text.js';
import type { Runnable } from '../mocha-shapes.js';
import { answersParagraph } from './answers.js';
import { causesOf } from './causes.js';
import { readerOf, reporterAmong, type Reader } from './reader.js';
import { cleanStacks, showTest, withParagraphs } from './test-stack.js';

/** Frames of an app's error that a report shows. */
const PLACES = 5;

/** What knows of the run what a failed test's error does not say. */
export interface Background {
  readonly queries: QueryLog;
  /** Why the app could not be started. */
  readonly startFailure: Error | undefined;
  /** Tells of an app that does not reach the config's database; `told` is all that errors of the test say. */
  hint(errors: readonly unknown[]): string | undefined;
}

/**
 * Lets the stack of a test's error, which every reporter prints, hold what is known of the failure, in
 * this order: the message, the lines of the test and the app, the app's errors behind its answers,
 * the database that it never reached, its failed start, what was pending, the statements.
 */
export class FailureReport {
  readonly #background: Background;
  #reader: Reader = readerOf(process.stdout, process.env);
  /** Whether frames of the runner were asked for (mocha's --full-trace). */
  #fullTrace = false;
  /** Errors whose stack tells all of it already. */
  readonly #told = new WeakSet<Error>();
  /** What was pending when a test's time was over. */
  readonly #pending = new WeakMap<Error, readonly string[]>();
  #startTold = false;
  /** What the clock was as the function of a test was over, whose hooks put it back. */
  #clock: { readonly test: Runnable; readonly fake: FakeClock | undefined } | undefined;

  constructor(background: Background) {
    this.#background = background;
  }

  /**
   * Tells who prints the reports.
   *
   * @param listeners those of failures
   */
  readBy(listeners: readonly unknown[], fullTrace: boolean): void {
    this.#reader = readerOf(process.stdout, process.env, reporterAmong(listeners));
    this.#fullTrace = fullTrace;
  }

  /** To be called with a runnable's error before anything that it has begun is ended. */
  notePending(error: unknown): void {
    if (isTimeout(error) && !this.#pending.has(error)) this.#pending.set(error, pendingNow());
  }

  /** To be called when the function of a test is over and hooks of it are to come. */
  noteClock(test: Runnable): void {
    this.#clock = { test, fake: fakeClock() };
  }

  /** @param runnable what has failed, where it is known */
  tell(error: unknown, runnable?: Runnable): void {
    if (!(error instanceof Error) || this.#told.has(error)) return;
    this.#told.add(error);

    this.notePending(error);
    if (!this.#fullTrace) cleanStacks(error);
    if (runnable !== undefined) showTest(error, runnable);
    try {
      const stack = withParagraphs(error, this.#paragraphs(error, runnable), this.#reader.showsMessage);
      if (stack !== error.stack) error.stack = stack;
    } catch {
      // A frozen error, or one whose stack is of its own making: the failure itself matters more.
    }
  }

  #paragraphs(error: Error, runnable: Runnable | undefined): string[] {
    const answers = failedAnswers();
    const causes = causesOf(error);
    const { startFailure } = this.#background;
    const said = [...causes, ...answers.flatMap((answer) => causesOf(answer.error))].map(({ message }) => message);
    const errors = [error, startFailure, ...answers.flatMap((answer) => [answer.error, answer.body])];

    return [
      answersParagraph(answers, error, PLACES),
      this.#background.hint(errors),
      startFailure && this.#startParagraph(startFailure, causes),
      this.#pendingParagraph(error, runnable),
      listsStatements(error) ? undefined : this.#statementsParagraph(said),
    ].filter((paragraph) => paragraph !== undefined);
  }

  #statementsParagraph(said: readonly string[]): string | undefined {
    const { queries } = this.#background;
    const { width, brief } = this.#reader;
    const { report } = queries.rules;
    return report === false ? undefined : queryReport(queries, { width, brief: brief && report !== 'full', said });
  }

  #startParagraph(failure: Error, causes: readonly Error[]): string | undefined {
    const origin = failure instanceof LockstepError && failure.cause instanceof Error ? failure.cause : failure;
    if (causes.includes(failure) || causes.includes(origin)) return undefined;

    // Once with its place; what it is called is enough below all that fail for it afterwards.
    const places = this.#startTold ? [] : placesOf(origin, PLACES);
    this.#startTold = true;
    return [`The app could not be started: ${headline(origin)}`, ...places.map((place) => `    ${place}`)]
      .map((line) => `  ${line}`)
      .join('\n');
  }

  #pendingParagraph(error: Error, runnable: Runnable | undefined): string | undefined {
    const pending = this.#pending.get(error) ?? [];
    const before = runnable !== undefined && this.#clock?.test === runnable ? this.#clock.fake : undefined;
    const fake = isWait(error) ? (fakeClock() ?? before) : undefined;
    const clock = fake === undefined || error.message.includes(FAKE) ? [] : [fake.why, fake.remedy];
    if (pending.length === 0 && clock.length === 0) return undefined;

    const list = pending.length === 0 ? [] : ['Still pending:', ...pending.map((line) => `  - ${line}`)];
    return [...clock, ...list].map((line) => `  ${line}`).join('\n');
  }
}

function listsStatements(error: Error): boolean {
  return error instanceof QueryCountError || error instanceof NPlusOneError;
}

/** Errors of Lockstep that say that something took too long. */
const WAITS: readonly unknown[] = [
  'LOCKSTEP_SYNC_TIMEOUT',
  'LOCKSTEP_DEADLOCK',
  'LOCKSTEP_STALL',
  'LOCKSTEP_HOLD_TIMEOUT',
  'LOCKSTEP_LEAK',
];

/** Whether it says that somebody has waited in vain. */
function isWait(error: Error): boolean {
  return isTimeout(error) || causesOf(error).some((cause) => WAITS.includes((cause as { code?: unknown }).code));
}

/** Whether it is the runner's own error for a test whose time is over. */
function isTimeout(error: unknown): error is Error {
  return error instanceof Error && (error as { readonly code?: unknown }).code === 'ERR_MOCHA_TIMEOUT';
}
