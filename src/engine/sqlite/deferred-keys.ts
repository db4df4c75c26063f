import type { NativeDatabase, NativeModule } from './native.js';
import type { Statements } from './statements.js';

/** A row of `PRAGMA foreign_key_check`. */
interface Violation {
  readonly table: string;
  readonly rowid: number | null;
  readonly parent: string;
  readonly fkid: number;
}

/**
 * Deferred foreign keys. SQLite checks them when the real transaction commits, which a sandbox
 * never does; so they are looked for at each emulated commit.
 *
 * Rows that violated a key before any statement of a test ran are none of the test's doing.
 */
export class DeferredKeys {
  readonly #handle: NativeDatabase;
  readonly #statements: Statements;
  readonly #SqliteError: NativeModule['SqliteError'];
  /** Whether the open transaction has asked for `PRAGMA defer_foreign_keys`. */
  requested = false;
  #schemaDefers: boolean | undefined;
  #schemaChanged = false;
  #ignored = false;
  #baseline: Map<string, number> | undefined;

  constructor(handle: NativeDatabase, statements: Statements, SqliteError: NativeModule['SqliteError']) {
    this.#handle = handle;
    this.#statements = statements;
    this.#SqliteError = SqliteError;
  }

  /** A statement has changed the schema. */
  schemaChanged(): void {
    this.#schemaChanged = true;
    this.#schemaDefers = undefined;
  }

  /** A connection without foreign keys may have left rows that violate one: it is nobody else's doing. */
  ignored(): void {
    this.#baseline = undefined;
    this.#ignored = true;
  }

  /** Work was rolled back, and with it perhaps a change of the schema, or such rows. */
  rolledBack(): void {
    if (this.#schemaChanged) this.#schemaDefers = undefined;
    if (this.#ignored) this.#baseline = undefined;
  }

  /** Whether anything is deferred. Must be asked before the first write, to know the rows of before. */
  get active(): boolean {
    this.#schemaDefers ??= this.#readSchema();
    const active = this.#schemaDefers || this.requested;

    if (active) this.#baseline ??= this.#violations();
    return active;
  }

  /** @throws SqliteError as a commit does in production. */
  check(): void {
    for (const [key, count] of this.#violations()) {
      if (count > (this.#baseline?.get(key) ?? 0)) {
        throw new this.#SqliteError('FOREIGN KEY constraint failed', 'SQLITE_CONSTRAINT_FOREIGNKEY');
      }
    }
  }

  #readSchema(): boolean {
    const deferred = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%DEFERRED%'";
    return this.#statements.get(deferred).get() !== undefined;
  }

  #violations(): Map<string, number> {
    const counts = new Map<string, number>();

    for (const row of this.#handle.pragma('foreign_key_check') as unknown[]) {
      const { table, rowid, parent, fkid } = row as Violation;
      const key = JSON.stringify([table, rowid, parent, fkid]);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  }
}
