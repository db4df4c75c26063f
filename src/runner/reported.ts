/** The errors that tests and hooks have failed with, so that the end of a scope does not say one of them once more. */
export class Reported {
  readonly #errors = new WeakSet<Error>();

  /** Notes an error, and those that caused it. */
  add(error: unknown): void {
    for (let at = error; at instanceof Error && !this.#errors.has(at); at = at.cause) this.#errors.add(at);
  }

  has(error: unknown): boolean {
    return error instanceof Error && this.#errors.has(error);
  }
}
