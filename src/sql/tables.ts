import { Cursor, unquote } from './cursor.js';
import type { Dialect } from './dialect.js';
import { memoizeByDialect } from './memo.js';

/** The tables that a statement names, in lower case and without their schema. */
export interface Tables {
  /** The one that rows are inserted into. */
  readonly filled: string | undefined;
  /** Those that rows are looked for in: behind FROM, JOIN and UPDATE. */
  readonly searched: readonly string[];
}

const CACHED = 1000;

/** Reads them by the statement's form: a named query of WITH counts as a table. */
export const tablesOf: (sql: string, dialect: Dialect) => Tables = memoizeByDialect(read, CACHED);

function read(sql: string, dialect: Dialect): Tables {
  const cursor = new Cursor(sql, dialect);
  const inserts = cursor.word === 'INSERT' || cursor.word === 'REPLACE';
  const searched: string[] = [];
  let filled: string | undefined;

  while (cursor.kind !== 'end') {
    const before = cursor.take('INTO', 'FROM', 'JOIN', 'UPDATE');
    if (before === '') {
      cursor.advance();
      continue;
    }
    cursor.take('ONLY', 'LATERAL');
    const name = readName(cursor);
    if (name === undefined) continue;
    if (before !== 'INTO') searched.push(name);
    else if (inserts) filled ??= name;
  }
  return { filled, searched };
}

function readName(cursor: Cursor): string | undefined {
  let name: string | undefined;

  while (cursor.kind === 'word' || cursor.kind === 'identifier') {
    name = unquote(cursor.advance()).toLowerCase();
    if (cursor.text !== '.') return name;
    cursor.advance();
  }
  return name;
}
