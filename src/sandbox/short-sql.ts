const LIMIT = 120;

/** One line of at most 120 characters, for messages. */
export function shortSql(sql: string | undefined): string {
  if (sql === undefined) return '(no SQL yet)';

  const line = sql
    .slice(0, LIMIT * 4)
    .replace(/\s+/g, ' ')
    .trim();
  return line.length <= LIMIT && sql.length <= LIMIT * 4 ? line : `${line.slice(0, LIMIT - 1)}…`;
}
