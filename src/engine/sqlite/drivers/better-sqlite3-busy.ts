import type { Hub } from '../hub.js';

const BUSY = 'This database connection is busy executing a query';
const LOCKED = 'This statement is busy executing a query';

/**
 * What a better-sqlite3 connection refuses while it runs a statement, or while an iterator of its
 * statements is not at its end: the conditions of the driver's src/util/macros.cpp and
 * query-macros.cpp, with its words.
 *
 * An iterator bars its connection until the end of the scope in which it was made. In production one
 * that is forgotten half-way does so for ever; here the next test would pay for it.
 */
export class BusyConnection {
  /** What the driver calls unsafe mode: writing is allowed beside iterators. */
  unsafe = false;
  #running = false;
  /** The statements that are iterated. */
  readonly #iterated = new Set<object>();
  readonly #current: () => Hub | undefined;
  // Where the iterators were made.
  #hub: Hub | undefined;
  #epoch: number | undefined;

  /** @param current the hub of this moment, if there is one */
  constructor(current: () => Hub | undefined) {
    this.#current = current;
  }

  /** A statement runs: all that a logger or a user function does on the connection is refused, until `end`. */
  begin(): void {
    this.#running = true;
  }

  end(): void {
    this.#running = false;
  }

  /** @throws TypeError while a statement runs. */
  requireIdle(): void {
    if (this.#running) throw new TypeError(BUSY);
  }

  /** @throws TypeError while a statement runs or is iterated. */
  requireNoIterators(): void {
    if (this.#running || this.#iterators > 0) throw new TypeError(BUSY);
  }

  /** @throws TypeError while a statement runs or, in safe mode, is iterated. */
  requireWritable(): void {
    if (this.#running || (!this.unsafe && this.#iterators > 0)) throw new TypeError(BUSY);
  }

  /** @throws TypeError while a statement runs or this one is iterated. */
  requireUnlocked(statement: object): void {
    this.requireIdle();
    if (this.isIterated(statement)) throw new TypeError(LOCKED);
  }

  isIterated(statement: object): boolean {
    return this.#iterators > 0 && this.#iterated.has(statement);
  }

  beginIterating(statement: object): void {
    const hub = this.#current();
    this.#hub = hub;
    this.#epoch = hub?.epoch;
    this.#iterated.add(statement);
  }

  endIterating(statement: object): void {
    this.#iterated.delete(statement);
  }

  get #iterators(): number {
    if (this.#iterated.size === 0) return 0;

    const hub = this.#current();
    if (hub !== this.#hub || hub?.epoch !== this.#epoch) this.#iterated.clear();
    return this.#iterated.size;
  }
}
