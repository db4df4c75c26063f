import { ConnectionLostError, SandboxLostError } from '../errors.js';
import type { Reportable, TestNode } from './adapter.js';
import type { FailureReport } from './report/failure-report.js';

/**
 * What tests and hooks have failed with, each told once: by the report in the error's own stack, so that the end
 * of a scope does not say it once more.
 */
export class Verdict {
  readonly #report: FailureReport;
  readonly #errors = new WeakSet<Error>();

  constructor(report: FailureReport) {
    this.#report = report;
  }

  /**
   * Notes what something has failed with, and those errors that caused it, and lets its stack tell what is known.
   *
   * @param of what has failed
   */
  add(error: unknown, of: Reportable): void {
    for (let at = error; at instanceof Error && !this.#errors.has(at); at = at.cause) this.#errors.add(at);
    this.#report.tell(error, of);
  }

  /** Whether something has failed with an error already. */
  has(error: unknown): boolean {
    return error instanceof Error && this.#errors.has(error);
  }

  /** Fails a test whose function is over already. */
  fail(test: TestNode, error: unknown): void {
    this.add(error, test);
    test.fail(error);
  }
}

/**
 * What a test fails with that has lost its sandbox. Its own failure is mostly a consequence, and stays
 * what it is, with the loss as its cause; without one it fails with the loss.
 */
export function blame(error: unknown, lost: unknown): unknown {
  if (error === undefined) return lost;
  attribute(error, lost);
  return error;
}

/** Makes the loss the cause of an error that does not tell of it itself. False if that has another cause, or can have none. */
export function attribute(error: unknown, lost: unknown): boolean {
  if (error instanceof SandboxLostError || error instanceof ConnectionLostError) return true;
  if (!(error instanceof Error) || error.cause !== undefined || !Object.isExtensible(error)) return false;
  error.cause = lost;
  return true;
}
