import type { BusyConnection } from './better-sqlite3-busy.js';

/** The rows of a statement as far as it came, and why it came no further. */
export interface RowsRead {
  readonly rows: readonly unknown[];
  /** Absent when it came to its end. */
  readonly failure?: { readonly error: unknown };
}

/**
 * What better-sqlite3's `iterate()` returns. The statement runs with the first `next()`, as in the
 * driver, but to its end: an open statement on the real handle would bar all other connections from
 * writing. An error comes behind the rows that came before it.
 */
export class StatementIterator implements IterableIterator<unknown> {
  declare readonly statement: unknown;
  readonly #busy: BusyConnection;
  readonly #read: () => RowsRead;
  #state: 'new' | 'begun' | 'ended' = 'new';
  #result: RowsRead = { rows: [] };
  #place = 0;

  constructor(statement: object, busy: BusyConnection, read: () => RowsRead) {
    Object.defineProperty(this, 'statement', { value: statement, enumerable: true });
    this.#busy = busy;
    this.#read = read;
    busy.beginIterating(statement);
  }

  next(): IteratorResult<unknown, undefined> {
    this.#busy.requireIdle();
    if (this.#state === 'ended') return done();
    if (this.#state === 'new') this.#begin();

    const { rows, failure } = this.#result;
    if (this.#place < rows.length) {
      this.#place += 1;
      return { value: rows[this.#place - 1], done: false };
    }
    this.#end();
    if (failure !== undefined) throw failure.error;
    return done();
  }

  return(): IteratorResult<unknown, undefined> {
    this.#busy.requireIdle();
    if (this.#state !== 'ended') this.#end();
    return done();
  }

  [Symbol.iterator](): this {
    return this;
  }

  #begin(): void {
    this.#state = 'begun';
    this.#result = this.#read();
  }

  #end(): void {
    this.#state = 'ended';
    this.#result = { rows: [] };
    this.#busy.endIterating(this.statement as object);
  }
}

function done(): IteratorReturnResult<undefined> {
  return { value: undefined, done: true };
}
