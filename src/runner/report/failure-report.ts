import { pendingNow } from '../../bridge/index.js';
import { LockstepError, NPlusOneError, QueryCountError } from '../../errors.js';
import { FAKE, type FakeClock, fakeClock } from '../../fake-clock.js';
import { failedAnswers } from '../../http/failed-answers.js';
import { type QueryLog, queryReport } from '../../queries/index.js';
import { placesOf, headline } from '../../stack-text.js';
import type { Printer, Reportable, RunnerAdapter } from '../adapter.js';
import { answersParagraph } from './answers.js';
import { causesOf } from './causes.js';
import { readerOf, type Reader } from './reader.js';
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
  readonly #runner: Pick<RunnerAdapter, 'isTimeout'>;
  #printer: Printer;
  #reader: Reader;
  /** Errors whose stack tells all of it already. */
  readonly #told = new WeakSet<Error>();
  /** What was pending when a test's time was over. */
  readonly #pending = new WeakMap<Error, readonly string[]>();
  #startTold = false;
  /** What the clock was as the function of a test was over, whose hooks put it back. */
  #clock: { readonly test: Reportable; readonly fake: FakeClock | undefined } | undefined;

  constructor(background: Background, runner: Pick<RunnerAdapter, 'isTimeout' | 'printer'>) {
    this.#background = background;
    this.#runner = runner;
    this.#printer = runner.printer;
    this.#reader = readerOf(process.stdout, process.env, this.#printer);
  }

  /** Tells who prints the reports, where that is known only when the tests begin. */
  printedBy(printer: Printer): void {
    this.#printer = printer;
    this.#reader = readerOf(process.stdout, process.env, printer);
  }

  /** To be called with the error of a test or hook before anything that it has begun is ended. */
  notePending(error: unknown): void {
    if (this.#isTimeout(error) && !this.#pending.has(error)) this.#pending.set(error, pendingNow());
  }

  /** To be called when the function of a test is over and hooks of it are to come. */
  noteClock(test: Reportable): void {
    this.#clock = { test, fake: fakeClock() };
  }

  /** @param of what has failed */
  tell(error: unknown, of: Reportable): void {
    if (!(error instanceof Error) || this.#told.has(error)) return;
    this.#told.add(error);

    this.notePending(error);
    if (!this.#printer.fullTrace) cleanStacks(error);
    showTest(error, of);
    try {
      const stack = withParagraphs(error, this.#paragraphs(error, of), this.#printer);
      if (stack !== error.stack) error.stack = stack;
    } catch {
      // A frozen error, or one whose stack is of its own making: the failure itself matters more.
    }
  }

  #paragraphs(error: Error, of: Reportable): string[] {
    const answers = failedAnswers();
    const causes = causesOf(error);
    const { startFailure } = this.#background;
    const said = [...causes, ...answers.flatMap((answer) => causesOf(answer.error))].map(({ message }) => message);
    const errors = [error, startFailure, ...answers.flatMap((answer) => [answer.error, answer.body])];

    return [
      answersParagraph(answers, error, PLACES),
      this.#background.hint(errors),
      startFailure && this.#startParagraph(startFailure, causes),
      this.#pendingParagraph(error, of),
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

  #pendingParagraph(error: Error, of: Reportable): string | undefined {
    const pending = this.#pending.get(error) ?? [];
    const before = this.#clock !== undefined && this.#clock.test.id === of.id ? this.#clock.fake : undefined;
    const fake = this.#isWait(error) ? (fakeClock() ?? before) : undefined;
    const clock = fake === undefined || error.message.includes(FAKE) ? [] : [fake.why, fake.remedy];
    if (pending.length === 0 && clock.length === 0) return undefined;

    const list = pending.length === 0 ? [] : ['Still pending:', ...pending.map((line) => `  - ${line}`)];
    return [...clock, ...list].map((line) => `  ${line}`).join('\n');
  }

  /** Whether it says that somebody has waited in vain. */
  #isWait(error: Error): boolean {
    return (
      this.#isTimeout(error) || causesOf(error).some((cause) => WAITS.includes((cause as { code?: unknown }).code))
    );
  }

  /** Whether it is the runner's own error for a test whose time is over. */
  #isTimeout(error: unknown): error is Error {
    return error instanceof Error && this.#runner.isTimeout(error);
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
