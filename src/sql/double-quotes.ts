import { unquote } from './cursor.js';
import { tokenize } from './lexer.js';

/** A text of which names in double quotes were taken for strings. */
export interface Strings {
  readonly sql: string;
  /** Those names. */
  readonly names: readonly string[];
}

/**
 * Takes a name in double quotes for the string that SQLite once took it for, where no column has
 * that name (`SQLITE_DBCONFIG_DQS_DML`): see https://www.sqlite.org/quirks.html. The same object where
 * there is none.
 */
export function takeForString(text: Strings, name: string): Strings {
  const { sql, names } = text;
  let changed = '';
  let copied = 0;

  for (const { kind, start, end } of tokenize(sql, 'sqlite')) {
    const qualified = sql[start - 1] === '.' || sql[end] === '.';
    if (kind !== 'identifier' || sql[start] !== '"' || qualified || unquote(sql.slice(start, end)) !== name) continue;

    changed += `${sql.slice(copied, start)}'${name.replaceAll("'", "''")}'`;
    copied = end;
  }
  return copied === 0 ? text : { sql: changed + sql.slice(copied), names: [...names, name] };
}

/** What SQLite would have called a result column: without a name of its own it is the text of its expression. */
export function columnAsWritten(column: string, { names }: Strings): string {
  return tokenize(column, 'sqlite')
    .map(({ kind, start, end }) => {
      const piece = column.slice(start, end);
      const name = kind === 'string' ? unquote(piece) : '';
      return kind === 'string' && names.includes(name) ? `"${name.replaceAll('"', '""')}"` : piece;
    })
    .join('');
}
