import type { NativeDatabase, NativeStatement } from './native.js';

const KEPT = 200;

/**
 * Prepared statements of the real handle by their SQL, the most recently used ones. SQLite itself
 * prepares them anew after a change of the schema.
 */
export class Statements {
  readonly #database: NativeDatabase;
  readonly #kept = new Map<string, NativeStatement>();
  #newest: { readonly sql: string; readonly statement: NativeStatement } | undefined;

  constructor(database: NativeDatabase) {
    this.#database = database;
  }

  /** @throws SqliteError when the SQL cannot be prepared. */
  get(sql: string): NativeStatement {
    // Loops repeat a statement: it need not be moved to the end of the map each time.
    if (this.#newest?.sql === sql) return this.#newest.statement;

    const known = this.#kept.get(sql);
    const statement = known ?? this.#database.prepare(sql);
    if (known !== undefined) this.#kept.delete(sql);
    else this.#forgetOldest();

    this.#kept.set(sql, statement);
    this.#newest = { sql, statement };
    return statement;
  }

  #forgetOldest(): void {
    const oldest = this.#kept.size < KEPT ? undefined : this.#kept.keys().next().value;
    if (oldest !== undefined) this.#kept.delete(oldest);
  }
}
