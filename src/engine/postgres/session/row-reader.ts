import type { Row } from '../../engine.js';
import type { TypeParser, TypeParsers } from './type-parsers.js';

/** A column of a result. */
export interface Column {
  readonly name: string;
  /** OID of its type. */
  readonly type: number;
}

/** Makes rows of one result's raw columns. Of two columns with one name, the last counts, as in pg. */
export class RowReader {
  readonly #names: readonly string[];
  readonly #parsers: readonly TypeParser[];
  readonly #template: Row;

  constructor(columns: readonly Column[], types: TypeParsers) {
    this.#names = columns.map(({ name }) => name);
    this.#parsers = columns.map(({ type }) => types.getTypeParser(type, 'text'));
    // Copies of one object share their hidden class, and `__proto__` is a column like any other.
    this.#template = Object.fromEntries(this.#names.map((name) => [name, null]));
  }

  /** @param raw For each column its text, null for NULL. */
  read(raw: (index: number) => string | null): Row {
    const row = { ...this.#template };

    // Not for…of: its iterator would cost as much as the rest.
    for (let index = 0; index < this.#names.length; index += 1) {
      const text = raw(index);
      if (text !== null) row[this.#names[index] as string] = this.#parsers[index]?.(text);
    }
    return row;
  }
}
