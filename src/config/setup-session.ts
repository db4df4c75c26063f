/**
 * The part of the session that schema and seed functions use.
 *
 * Written out rather than imported, because the config leans on nothing but the errors. A type test
 * holds that the real session fits.
 */
export interface SetupSession {
  /** Runs any number of statements. */
  exec(script: string): void;
  /** Runs one statement and returns how many rows it changed. */
  run(
    query: string,
    parameters?: readonly unknown[] | Readonly<Record<string, unknown>>,
  ): { readonly changes: number; readonly lastInsertId?: number | bigint };
  /** The first row, or undefined. */
  get<T = Record<string, unknown>>(
    query: string,
    parameters?: readonly unknown[] | Readonly<Record<string, unknown>>,
  ): T | undefined;
  /** Every row. */
  all<T = Record<string, unknown>>(
    query: string,
    parameters?: readonly unknown[] | Readonly<Record<string, unknown>>,
  ): T[];
  /** Inserts rows and returns them as stored. */
  insert<T = Record<string, unknown>>(table: string, rows: readonly object[]): T[];
  /** Inserts a row and returns it as stored. */
  insert<T = Record<string, unknown>>(table: string, row: object): T;
  /** Counts a table's rows. */
  count(table: string, where?: object): number;
  /** The session of another database of the config. All are open by then; schema and seed come in one by one. */
  of(database: string): SetupSession;
}
