import { namesSchema, withoutReferences, withTableName } from '../../sql/references.js';
import type { NativeDatabase } from './native.js';
import type { Statements } from './statements.js';

/** A table that has foreign keys. */
interface Table {
  readonly database: string;
  readonly rowid: number;
  readonly name: string;
  readonly sql: string;
}

interface Entry {
  readonly rowid: number;
  readonly type: string;
  readonly name: string;
  readonly sql: string | null;
}

const SAVEPOINT = 'lockstep_schema';

/**
 * The schema without its foreign keys, for statements that are to run as if they were off: SQLite
 * cannot turn them off inside a transaction, and a sandbox is one.
 *
 * The texts of the tables in `sqlite_schema` are replaced by others that have a `CHECK(1)` for each
 * reference, and put back later. All that is part of the transaction, so a rollback undoes it; but
 * SQLite must be told then to read the schema anew.
 */
export class BareSchema {
  readonly #handle: NativeDatabase;
  readonly #statements: Statements;
  /** While it is bare, the tables as they were. */
  #tables: readonly Table[] | undefined;
  #read = false;

  constructor(handle: NativeDatabase, statements: Statements) {
    this.#handle = handle;
    this.#statements = statements;
  }

  get active(): boolean {
    return this.#tables !== undefined;
  }

  /** Whether a query would see that it is bare. */
  seenBy(sql: string): boolean {
    return this.#read || namesSchema(sql);
  }

  /** Takes the references away, if they are there. */
  enter(): void {
    if (this.#tables !== undefined) return;

    const tables: Table[] = [];
    this.#read = false;
    for (const database of this.#databases()) {
      for (const { rowid, type, name, sql } of this.#entries(database)) {
        if (sql === null) continue;
        if (type !== 'table') this.#read ||= namesSchema(sql);
        else if (withoutReferences(sql) !== sql) tables.push({ database, rowid, name, sql });
      }
    }
    this.#write(tables, ({ sql }) => withoutReferences(sql));
    this.#tables = tables;
  }

  /** Puts them back, if they were taken away. */
  leave(): void {
    const tables = this.#tables;
    if (tables === undefined) return;

    const names = new Map<string, string>();
    for (const database of new Set(tables.map((table) => table.database))) {
      for (const { rowid, name } of this.#entries(database)) names.set(`${rowid} ${database}`, name);
    }
    // A table may have been dropped or renamed meanwhile.
    this.#write(tables, ({ database, rowid, name, sql }) => {
      const now = names.get(`${rowid} ${database}`);
      return now === undefined || now === name ? sql : withTableName(sql, now);
    });
    this.#tables = undefined;
  }

  /** Runs `work` without the references. */
  within<Result>(work: () => Result): Result {
    const { active } = this;

    this.enter();
    try {
      return work();
    } finally {
      if (!active) this.leave();
    }
  }

  /** The transaction, or the part of it in which the references were taken away, was rolled back. */
  rolledBack(): void {
    if (this.#tables === undefined) return;

    const changed = this.#tables.length > 0;
    this.#tables = undefined;
    if (changed) this.#reread(this.#writable());
  }

  #write(tables: readonly Table[], textOf: (table: Table) => string): void {
    if (tables.length === 0) return;
    const writable = this.#writable();

    // It also makes virtual tables write what they hold back, since all are connected anew.
    this.#statements.get(`SAVEPOINT ${SAVEPOINT}`).run();
    this.#handle.unsafeMode(true);
    try {
      this.#handle.pragma('writable_schema = 1');
      for (const table of tables) {
        const update = `UPDATE ${quote(table.database)}.sqlite_schema SET sql = ? WHERE rowid = ?`;
        this.#statements.get(update).run(textOf(table), table.rowid);
      }
    } catch (error) {
      this.#statements.get(`ROLLBACK TO ${SAVEPOINT}`).run();
      throw error;
    } finally {
      this.#statements.get(`RELEASE ${SAVEPOINT}`).run();
      this.#reread(writable);
      // Only who writes unsafely himself can have set it.
      this.#handle.unsafeMode(writable);
    }
  }

  /** Has SQLite read the schema, and all statements prepared, anew. */
  #reread(writable: boolean): void {
    this.#handle.pragma('writable_schema = RESET');
    if (writable) this.#handle.pragma('writable_schema = 1');
  }

  /** What the user has set. */
  #writable(): boolean {
    return this.#handle.pragma('writable_schema', { simple: true }) === 1;
  }

  #entries(database: string): Entry[] {
    const sql = `SELECT rowid, type, name, sql FROM ${quote(database)}.sqlite_schema WHERE type <> 'index'`;
    return this.#statements.get(sql).all() as Entry[];
  }

  #databases(): string[] {
    return (this.#handle.pragma('database_list') as { name: string }[]).map(({ name }) => name);
  }
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
