/** A stream that can be told to wait. */
export interface Source {
  pause(): void;
  resume(): void;
}

/**
 * Stops the server while a client does not read, as a server without a relay would stop for it: what
 * comes is kept by nobody in between.
 */
export class Backpressure {
  readonly #full = new Set<unknown>();
  #source: Source | undefined;

  /** The stream that the server's bytes come by; undefined while there is none. */
  set source(source: Source | undefined) {
    this.#source = source;
    if (this.#full.size > 0) source?.pause();
  }

  /** The client has more than it reads. */
  full(client: unknown): void {
    this.#full.add(client);
    this.#source?.pause();
  }

  /** The client reads again, or has gone. */
  relieved(client: unknown): void {
    if (!this.#full.delete(client)) return;
    if (this.#full.size === 0) this.#source?.resume();
  }
}
