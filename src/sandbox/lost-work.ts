import type { ScopeName } from './vocabulary.js';

/**
 * What is lost that has not been reported: nothing; work during the current scope; work before it that it
 * builds on; work of the scope that has just ended, and of no other.
 */
export type Loss = 'none' | 'now' | 'before' | 'past';

/**
 * Why work of open scopes is gone, until it is reported: at the end of the scope that was running, or, where
 * that was missed, to whatever comes next and builds on what is gone.
 */
export class LostWork {
  readonly #changed: (loss: Loss) => void;
  #error: Error | undefined;
  #loss: Loss = 'none';
  /** The open scopes whose work it was. */
  readonly #gone = new Set<ScopeName>();

  /** @param changed is called with what there is to report, whenever that may have changed */
  constructor(changed: (loss: Loss) => void = () => undefined) {
    this.#changed = changed;
  }

  /**
   * The first error counts.
   *
   * @param gone open scopes whose work is gone
   * @param during whether a scope is running
   */
  add(error: Error, gone: readonly ScopeName[], during: boolean): void {
    for (const scope of gone) this.#gone.add(scope);
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#become(during ? 'now' : 'before');
  }

  /** A scope begins, or goes on. */
  begun(): void {
    if (this.#loss === 'past') this.take();
    if (this.#error !== undefined) this.#become('before');
  }

  /** A scope has ended. What was lost before it began matters no more when no scope is left that builds on it. */
  ended(scope: ScopeName): void {
    this.#gone.delete(scope);
    if (this.#error === undefined) return;

    if (this.#gone.size > 0) this.#become('before');
    else if (this.#loss === 'now') this.#become('past');
    else this.take();
  }

  /** Gives the error, once, if open scopes build on what is gone. */
  takeOpen(): Error | undefined {
    this.begun();
    return this.take();
  }

  /** Gives the error, once. */
  take(): Error | undefined {
    const error = this.#error;

    this.#error = undefined;
    this.#gone.clear();
    this.#become('none');
    return error;
  }

  #become(loss: Loss): void {
    this.#loss = loss;
    this.#changed(loss);
  }
}
