import { columnAsWritten, type Strings, takeForString } from '../../../sql/double-quotes.js';

const NO_COLUMN = /^no such column: "([\s\S]*)" - should this be a string literal/;

/**
 * Tries a statement as `sqlite3` takes it, which is built so that `"text"` is a string where no
 * column has that name; better-sqlite3 is not, but says which one it was.
 *
 * @param attempt prepares the text, or runs it; what it throws must have changed nothing
 */
export function withStrings<Result>(text: Strings, attempt: (text: Strings) => Result): Result {
  for (let tried = text; ;) {
    try {
      return attempt(tried);
    } catch (error) {
      const name = error instanceof Error ? NO_COLUMN.exec(error.message)?.[1] : undefined;
      const next = name === undefined ? tried : takeForString(tried, name);
      if (next === tried) throw error;
      tried = next;
    }
  }
}

/** The rows with the names that their columns have where such strings are read. */
export function nameColumns<Row extends Record<string, unknown>>(rows: Row[], text: Strings): Row[] {
  if (text.names.length === 0) return rows;

  const rename = ([column, value]: [string, unknown]): [string, unknown] => [columnAsWritten(column, text), value];
  return rows.map((row) => Object.fromEntries(Object.entries(row).map(rename)) as Row);
}
