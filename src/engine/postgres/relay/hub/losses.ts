import type { ScopeName } from '../../../../sandbox/vocabulary.js';
import { Loss } from '../../shared.js';
import type { Noticeboard } from './noticeboard.js';

/**
 * Why work of open scopes is gone, until the main thread has asked. It is told at the end of the scope
 * that was running, which the main thread does not wait for where nobody has used the database; what
 * it missed there is kept for whoever comes next and builds on what is gone.
 */
export class Losses {
  readonly #noticeboard: Noticeboard;
  #error: Error | undefined;
  #kind: (typeof Loss)[keyof typeof Loss] = Loss.none;
  /** The open scopes whose work it was. */
  readonly #gone = new Set<ScopeName>();

  constructor(noticeboard: Noticeboard) {
    this.#noticeboard = noticeboard;
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
    this.#tell(during ? Loss.now : Loss.before);
  }

  /** A scope begins, or goes on. */
  begun(): void {
    if (this.#kind === Loss.past) this.take();
    if (this.#error !== undefined) this.#tell(Loss.before);
  }

  /** A scope has ended. What was lost before it began matters no more when nobody is left who builds on it. */
  ended(scope: ScopeName): void {
    this.#gone.delete(scope);
    if (this.#error === undefined) return;

    if (this.#gone.size > 0) this.#tell(Loss.before);
    else if (this.#kind === Loss.now) this.#tell(Loss.past);
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
    this.#tell(Loss.none);
    return error;
  }

  #tell(kind: (typeof Loss)[keyof typeof Loss]): void {
    this.#kind = kind;
    this.#noticeboard.lost(kind);
  }
}
