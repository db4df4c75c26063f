import { blockedHost, type Host, type Sandbox } from '#src/engine/index.js';
import { sqlite, type SqliteOptions } from '#src/engine/sqlite/index.js';
import sqlite3 from '#src/engine/sqlite/drivers/sqlite3.js';

/** Nobody runs the loop: a synchronous caller is refused at once. */

export function options(changes: Partial<SqliteOptions> = {}): SqliteOptions {
  return {
    file: ':memory:',
    swap: [],
    foreignKeys: true,
    allowAnyDatabase: false,
    stallTimeout: 60,
    holdTimeout: 10_000,
    root: process.cwd(),
    ...changes,
  };
}

export async function open(
  schema: string,
  changes: Partial<SqliteOptions> = {},
  host: Host = blockedHost,
): Promise<Sandbox> {
  const sandbox = await (await sqlite.load(options(changes))).open(host);
  sandbox.session.script(schema);
  return sandbox;
}

export function begin(sandbox: Sandbox, title: string, kind: 'test' | 'layer' = 'test'): void {
  sandbox.begin({ kind, title });
}

/** The first column of every row. */
export function column(sandbox: Sandbox, sql: string): unknown[] {
  return sandbox.session.execute(sql).rows.map((row) => Object.values(row)[0]);
}

interface AsyncConnection {
  run(sql: string, ...values: unknown[]): Promise<{ lastID: number; changes: number }>;
  all(sql: string, ...values: unknown[]): Promise<Record<string, unknown>[]>;
  exec(sql: string): Promise<void>;
  close(): Promise<void>;
}

/** A connection of the app through the drop-in for sqlite3, with promises. */
export function connect(file = ':memory:'): AsyncConnection {
  const database = new sqlite3.Database(file);

  return {
    run: (sql, ...values) =>
      new Promise((resolve, reject) => {
        database.run(sql, ...values, function (this: { lastID: number; changes: number }, error: Error | null) {
          if (error === null) resolve({ lastID: this.lastID, changes: this.changes });
          else reject(error);
        });
      }),
    all: (sql, ...values) =>
      new Promise((resolve, reject) => {
        database.all(sql, ...values, (error: Error | null, rows: Record<string, unknown>[]) =>
          error === null ? resolve(rows) : reject(error),
        );
      }),
    exec: (sql) =>
      new Promise((resolve, reject) => {
        database.exec(sql, (error) => (error === null ? resolve() : reject(error)));
      }),
    close: () =>
      new Promise((resolve, reject) => database.close((error) => (error === null ? resolve() : reject(error)))),
  };
}

/** The error that an action ends with, thrown or rejected. */
export async function errorOf(action: () => unknown): Promise<Error & { code?: string }> {
  try {
    await action();
  } catch (error) {
    return error as Error & { code?: string };
  }
  throw new Error('It did not fail.');
}
