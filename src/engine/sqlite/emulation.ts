import { RefusedStatementError } from '../../errors.js';
import type { Effect } from '../../sql/effect.js';
import type { Plan } from '../../sandbox/virtual-transaction.js';
import type { Connection } from './connection.js';
import { DeferredKeys } from './deferred-keys.js';
import { hinted } from './hints.js';
import type { NativeDatabase, NativeModule } from './native.js';
import { changes, ForeignKeys } from './foreign-keys.js';
import { answerForeignKeys, emulatePragma, isOfConnection, LASTING, NOTHING, type Pragma, truth } from './pragmas.js';
import type { Statements } from './statements.js';

/** How a client's driver runs a statement. */
export interface Execution<Result> {
  /** Runs the statement, or the one that answers for it, on the real handle. */
  forward(sql: string): Result;
  /** The answer of a transaction statement that was emulated: no rows, nothing changed. */
  emulated(): Result;
  /** Rows returned, or changed where none are returned: for the log. */
  count(result: Result): number;
}

const GUARD = 'lockstep_guard';

/**
 * Runs statements inside the sandbox's outer transaction so that each has the effect that it would
 * have on a connection of its own.
 *
 * No savepoint guards the statement: when SQLite fails one, it undoes that one only.
 */
export class Emulation {
  readonly keys: DeferredKeys;
  readonly foreignKeys: ForeignKeys;
  readonly #handle: NativeDatabase;
  readonly #statements: Statements;
  readonly #SqliteError: NativeModule['SqliteError'];
  readonly #journalMode: string;
  readonly #settingsBefore = new Map<string, unknown>();
  #attachedBefore: ReadonlySet<string> | undefined;

  constructor(
    handle: NativeDatabase,
    statements: Statements,
    SqliteError: NativeModule['SqliteError'],
    settings: { readonly foreignKeys: boolean | undefined; readonly journalMode: string },
  ) {
    this.#handle = handle;
    this.#statements = statements;
    this.#SqliteError = SqliteError;
    this.#journalMode = settings.journalMode;
    this.keys = new DeferredKeys(handle, statements, SqliteError);
    this.foreignKeys = new ForeignKeys(handle, statements, settings.foreignKeys);
  }

  /**
   * Runs a statement before the first scope: transactions are real, and what is done stays. Only
   * pragmas about the journal are answered as on a file.
   */
  setUp<Result>(connection: Connection, sql: string, effect: Effect, execution: Execution<Result>): Result {
    this.foreignKeys.setUp(connection, effect);
    if (effect.kind !== 'pragma') return execution.forward(sql);

    const { inTransaction } = this.#handle;
    return execution.forward(this.#settings(connection, effect, inTransaction) ?? sql);
  }

  /** Runs a statement inside the current scope. */
  run<Result>(connection: Connection, sql: string, effect: Effect, execution: Execution<Result>): Result {
    this.foreignKeys.before(connection, sql, effect);
    if (changes(effect)) connection.excludes = true;
    switch (effect.kind) {
      case 'read':
      case 'empty':
        return execution.forward(sql);
      case 'ddl':
        this.keys.schemaChanged();
        return this.#write(connection, sql, execution);
      case 'write':
        return this.#write(connection, sql, execution);
      case 'pragma':
        return execution.forward(this.#pragma(connection, sql, effect));
      case 'refused':
        throw new RefusedStatementError({ what: effect.what, why: effect.why, remedy: effect.remedy });
      default:
        if (effect.kind === 'begin' && !connection.transaction.open) connection.excludes = effect.mode === 'exclusive';
        this.control(connection, connection.transaction.plan(effect));
        return execution.emulated();
    }
  }

  /**
   * Whether the statement can be answered while `holder` has the turn: because it needs nothing of the database, as
   * SQLite's BEGIN takes no lock before the first statement behind it (https://sqlite.org/lang_transaction.html), or
   * because both only read.
   */
  canRunAside({ transaction }: Connection, effect: Effect, holder: Connection | undefined): boolean {
    switch (effect.kind) {
      case 'read':
        return holder?.transaction.open === true && !holder.excludes && !transaction.open;
      case 'begin':
        return transaction.deferred || (!transaction.open && (effect.mode ?? 'deferred') === 'deferred');
      case 'commit':
      case 'rollback':
        return transaction.deferred || !transaction.open;
      case 'pragma':
        return isOfConnection(effect);
      default:
        return false;
    }
  }

  /** Answers such a statement. */
  runAside<Result>(connection: Connection, sql: string, effect: Effect, execution: Execution<Result>): Result {
    if (effect.kind === 'read' || effect.kind === 'pragma') return this.run(connection, sql, effect, execution);

    const plan = connection.transaction.plan(effect);
    // What is answered with an error has no part in the turn either.
    if (plan.kind === 'reject') this.control(connection, plan);
    if (plan.kind === 'open') {
      connection.excludes = false;
      connection.transaction.defer(plan);
    } else connection.transaction.done(plan);
    return execution.emulated();
  }

  /** Begins on the real handle what its connection has begun aside. */
  start({ transaction }: Connection): void {
    for (const statement of transaction.start()) this.#statements.get(statement).run();
  }

  /** Carries out what the virtual transaction has planned for BEGIN, COMMIT and their like. */
  control(connection: Connection, plan: Plan): void {
    const { transaction } = connection;

    if (plan.kind === 'reject') {
      transaction.done(plan);
      throw hinted(new this.#SqliteError(plan.message, plan.code), connection);
    }
    if (plan.kind === 'forward' || plan.kind === 'notice') return;

    if (plan.commits && this.foreignKeys.of(connection) && this.keys.active) this.keys.check();
    for (const statement of plan.send) this.#statements.get(statement).run();
    transaction.done(plan);

    if (plan.kind === 'close') this.#closed();
    if (!plan.commits) this.keys.rolledBack();
  }

  /** Puts back what no rollback undoes. Attached databases can go only when the outer transaction has gone. */
  restore(): void {
    this.foreignKeys.rolledBack();
    this.keys.rolledBack();
    this.#closed();

    for (const [name, value] of this.#settingsBefore) this.#handle.pragma(`${name} = ${String(value)}`);
    this.#settingsBefore.clear();
    if (this.#attachedBefore !== undefined && !this.#handle.inTransaction) this.#detach(this.#attachedBefore);
  }

  #write<Result>(connection: Connection, sql: string, execution: Execution<Result>): Result {
    if (/^\s*attach/i.test(sql)) this.#attachedBefore ??= new Set(this.#databases());
    if (!this.foreignKeys.of(connection)) {
      this.keys.ignored();
      return execution.forward(sql);
    }
    // Inside a transaction the commit will check; outside, the statement is its own.
    const checked = this.keys.active && !connection.transaction.open;

    return checked ? this.#writeChecked(sql, execution) : execution.forward(sql);
  }

  #writeChecked<Result>(sql: string, execution: Execution<Result>): Result {
    this.#statements.get(`SAVEPOINT ${GUARD}`).run();
    let undo = false;

    try {
      const result = execution.forward(sql);
      undo = true;
      this.keys.check();
      undo = false;
      return result;
    } finally {
      // INSERT OR ROLLBACK takes the savepoint along.
      if (this.#handle.inTransaction) {
        if (undo) this.#statements.get(`ROLLBACK TO ${GUARD}`).run();
        this.#statements.get(`RELEASE ${GUARD}`).run();
      }
    }
  }

  /** The statement that stands for the pragma: itself, or one that answers without any effect. */
  #pragma(connection: Connection, sql: string, pragma: Pragma): string {
    const { name, value } = pragma;

    if (name === 'defer_foreign_keys' && value !== undefined) {
      // SQLite resets it at each commit, so outside a transaction it ends with its own statement.
      if (!connection.transaction.open) return NOTHING;
      this.keys.requested = truth(value);
    } else if (LASTING.has(name) && value !== undefined && !this.#settingsBefore.has(name)) {
      this.#settingsBefore.set(name, LASTING.get(name) ?? this.#handle.pragma(name, { simple: true }));
    }
    return this.#settings(connection, pragma, connection.transaction.open) ?? sql;
  }

  /** The statement that answers for a setting of the connection's own; undefined for all other pragmas. */
  #settings(connection: Connection, pragma: Pragma, inTransaction: boolean): string | undefined {
    if (pragma.name !== 'foreign_keys') return emulatePragma(connection, pragma, this.#journalMode);

    if (pragma.value === undefined) return answerForeignKeys(this.foreignKeys.of(connection));
    this.foreignKeys.set(connection, pragma.value, inTransaction);
    return NOTHING;
  }

  /** A virtual transaction is over, and with it what SQLite keeps no longer than that. */
  #closed(): void {
    if (!this.keys.requested) return;
    this.keys.requested = false;
    this.#handle.pragma('defer_foreign_keys = 0');
  }

  #detach(kept: ReadonlySet<string>): void {
    this.#attachedBefore = undefined;

    for (const name of this.#databases()) {
      if (!kept.has(name) && name !== 'temp') this.#handle.exec(`DETACH "${name.replaceAll('"', '""')}"`);
    }
  }

  #databases(): string[] {
    return (this.#handle.pragma('database_list') as { name: string }[]).map(({ name }) => name);
  }
}
