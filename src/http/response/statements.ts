/** One statement that the app sent to the database during a request. */
export interface StatementRecord {
  /** The database's name in the config; `main` where there is only one. */
  readonly database: string;
  /** Which of the app's connections sent it, e.g. `sqlite3 connection 2`. */
  readonly connection: string;
  readonly sql: string;
  /** Milliseconds. */
  readonly duration: number;
  /** Rows returned, or changed where none are returned. */
  readonly rows: number;
  readonly error?: unknown;
}

/** A line per statement. */
export function statementLines(statements: readonly StatementRecord[]): string[] {
  return statements.map(({ connection, sql, duration, rows, error }) => {
    const text = sql.replace(/\s+/g, ' ').trim();
    const outcome = error === undefined ? `${rows} row${rows === 1 ? '' : 's'}` : `failed: ${messageOf(error)}`;
    return `${text.length > 300 ? `${text.slice(0, 297)}...` : text}  (${connection}, ${duration.toFixed(1)} ms, ${outcome})`;
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
