import Database from 'better-sqlite3';

import type { Parameters, Row, StatementResult, SyncConnection } from '#src/engine/engine.js';

/** A plain SQLite connection in memory: what the session needs of an engine, without a sandbox. */
export class PlainConnection implements SyncConnection {
  /** Every statement that was sent, in order. */
  readonly sent: string[] = [];
  readonly #database = new Database(':memory:');

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  execute(sql: string, parameters: Parameters = []): StatementResult {
    this.sent.push(sql);
    const statement = this.#database.prepare<unknown[], Row>(sql);
    const bound: unknown[] = Array.isArray(parameters) ? parameters : [parameters];

    if (statement.reader) return { rows: statement.all(...bound), changes: 0 };
    const { changes, lastInsertRowid } = statement.run(...bound);
    return { rows: [], changes, lastInsertId: lastInsertRowid };
  }

  script(sql: string): void {
    this.sent.push(sql);
    this.#database.exec(sql);
  }

  quoteName(name: string): string {
    return name
      .split('.')
      .map((part) => `"${part.replaceAll('"', '""')}"`)
      .join('.');
  }

  placeholder(): string {
    return '?';
  }

  close(): void {
    this.#database.close();
  }
}
