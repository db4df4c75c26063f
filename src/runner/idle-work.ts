import type { OpenWork } from '../engine/index.js';

/** Tells transactions that go on from those that wait for something to happen, at the end of a test. */
export class IdleWork {
  /** When each was first seen as it is now, by connection and last statement. */
  readonly #since = new Map<string, number>();
  readonly #limit: number;
  #stuck = false;

  /** @param limit milliseconds without a statement after which a transaction is waiting for something */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether a transaction waits for something that does not come of what is under way. */
  get stuck(): boolean {
    return this.#stuck;
  }

  /**
   * To be called with every look.
   *
   * @param now milliseconds that count
   */
  look(leftovers: readonly OpenWork[], now: number): void {
    const idle = leftovers.filter((work) => work.idle).map(({ connection, lastSql }) => `${connection}\n${lastSql}`);

    for (const known of this.#since.keys()) if (!idle.includes(known)) this.#since.delete(known);
    for (const seen of idle) if (!this.#since.has(seen)) this.#since.set(seen, now);
    this.#stuck = [...this.#since.values()].some((since) => now - since >= this.#limit);
  }
}
