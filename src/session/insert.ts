import type { Row, SyncConnection } from '../engine/engine.js';
import { SessionUsageError } from '../errors.js';
import { checkValue, show, type ValueRules } from './values.js';

/**
 * Inserts one row and returns it as stored.
 *
 * Several rows are several such statements: the order of RETURNING is unspecified in SQLite
 * (sqlite.org/lang_returning.html, "Limitations"), and each row may leave out other columns.
 */
export function insertRow(connection: SyncConnection, table: string, row: unknown): Row {
  const name = connection.quoteName(table);
  const entries = readRow(connection, table, row);
  if (entries.length === 0)
    return stored(table, connection.execute(`INSERT INTO ${name} DEFAULT VALUES RETURNING *`).rows);

  const columns = entries.map(([column]) => connection.quoteName(column)).join(', ');
  const places = entries.map((_, index) => connection.placeholder(index + 1)).join(', ');
  const values = entries.map(([, value]) => value);
  const text = `INSERT INTO ${name} (${columns}) VALUES (${places}) RETURNING *`;

  return stored(table, connection.execute(text, values).rows);
}

/** A row's columns and values. A class instance counts by its own properties, as an ORM's model would. */
function readRow(rules: ValueRules, table: string, row: unknown): [string, unknown][] {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw new SessionUsageError({
      what: `A row to be inserted into ${table} is ${show(row)}.`,
      why: 'A row is an object of column names and values.',
    });
  }

  const entries: [string, unknown][] = Object.entries(row);
  for (const [column, value] of entries) {
    if (value === undefined) {
      throw new SessionUsageError({
        what: `${table}.${column} is undefined.`,
        why: 'It could mean NULL, the column’s default, or a mistyped property.',
        remedy: 'Write null for NULL; leave the key out for the default.',
      });
    }
    checkValue(rules, `${table}.${column}`, value);
  }
  return entries;
}

function stored(table: string, rows: readonly Row[]): Row {
  const row = rows[0];
  if (row !== undefined) return row;

  throw new SessionUsageError({
    what: `Inserting into ${table} stored no row.`,
    why: 'A trigger or a rule of the database took the row away, so there is none to return.',
    remedy: 'Use session.run with an INSERT statement.',
  });
}
