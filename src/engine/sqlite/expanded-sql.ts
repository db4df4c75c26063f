import { placeholders } from '../../sql/placeholders.js';

/**
 * The SQL with its values written in, as SQLite's sqlite3_expanded_sql does for traces. `valueOf` is
 * asked for each placeholder: by its text, or by its place among the bare `?`, counted from 0.
 */
export function expandedSql(sql: string, valueOf: (text: string, place: number) => unknown): string {
  const found = placeholders(sql, 'sqlite');
  if (found.length === 0) return sql;

  let expanded = '';
  let from = 0;
  let place = 0;
  for (const { start, end, text } of found) {
    expanded += sql.slice(from, start) + literal(valueOf(text, place));
    if (text === '?') place += 1;
    from = end;
  }
  return expanded + sql.slice(from);
}

function literal(value: unknown): string {
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (typeof value === 'bigint') return String(value);
  // SQLite prints a float with a point.
  if (typeof value === 'number') return Number.isInteger(value) ? `${value}.0` : String(value);
  if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString('hex')}'`;
  return 'NULL';
}
