import { RefusedStatementError } from '../../errors.js';
import { shortSql } from '../../sandbox/short-sql.js';
import type { Effect } from '../../sql/effect.js';
import { namesSchema, tableChange } from '../../sql/references.js';
import { BareSchema } from './bare-schema.js';
import type { Connection } from './connection.js';
import type { NativeDatabase } from './native.js';
import { truth } from './pragmas.js';
import type { Statements } from './statements.js';

/** What a scope has changed: each connection with what its setting was. */
type Changes = [connection: Connection, before: boolean | undefined][];

/**
 * Whether foreign keys hold, for each connection by itself, as `PRAGMA foreign_keys` has it.
 *
 * SQLite takes the pragma only outside a transaction, and a sandbox is one. So the real handle has
 * one setting from BEGIN to ROLLBACK: mostly ON, and what connections write that are OFF runs on a
 * schema without references. Only where no connection of the app has ever been ON, the real handle
 * is OFF, which costs nothing.
 */
export class ForeignKeys {
  readonly #handle: NativeDatabase;
  readonly #statements: Statements;
  readonly #bare: BareSchema;
  /** The config's. */
  readonly #forAll: boolean | undefined;
  /** What the real handle has. */
  #real: boolean;
  /** The app's connections that have run statements: none yet, all of them OFF, or one of them ON. */
  #app: 'unknown' | 'off' | 'on' = 'unknown';
  #settingUp = true;
  /** Whether the outer transaction may have changed something. */
  #written = false;
  /** The open scopes, the outermost first; the first entry is the setup. */
  readonly #scopes: Changes[] = [[]];

  constructor(handle: NativeDatabase, statements: Statements, forAll: boolean | undefined) {
    this.#handle = handle;
    this.#statements = statements;
    this.#bare = new BareSchema(handle, statements);
    this.#forAll = forAll;
    this.#real = handle.pragma('foreign_keys', { simple: true }) === 1;
  }

  /** What holds for this connection. */
  of(connection: Connection): boolean {
    // Whoever turns them off in the config wants none at all.
    if (this.#forAll === false) return false;
    return connection.foreignKeys ?? this.#forAll ?? connection.keysByDefault ?? (this.#settingUp || this.#real);
  }

  /** The pragma. Like SQLite, it does nothing inside the connection's own transaction. */
  set(connection: Connection, value: string, inTransaction: boolean): void {
    if (inTransaction) return;

    const session = connection.keysByDefault === undefined;
    const scope = this.#scopes.at(-1);
    // What the app sets when it has opened a connection is meant for good; what comes later is not to outlive the test.
    const lasts = connection.firstScope === undefined || connection.firstScope === scope;
    if (session || !lasts) scope?.push([connection, connection.foreignKeys]);

    connection.foreignKeys = truth(value);
  }

  // ---- scopes

  scopeBegan(): void {
    if (this.#settingUp) {
      this.#settingUp = false;
      this.#undo(this.#scopes[0]);
    }
    this.#scopes.push([]);
  }

  scopeEnded(): void {
    this.#undo(this.#scopes.pop());
  }

  #undo(changes: Changes | undefined): void {
    for (const [connection, before] of changes?.splice(0).reverse() ?? []) connection.foreignKeys = before;
  }

  /** The outer transaction is about to begin, or a savepoint of Lockstep's own in it. */
  opening(): void {
    if (this.#handle.inTransaction) {
      this.#bare.leave();
      return;
    }
    this.#written = false;
    this.#setReal(this.#forAll ?? this.#app !== 'off');
  }

  /** Work was rolled back. */
  rolledBack(): void {
    this.#bare.rolledBack();
  }

  /** Nobody is to see what stands in for the schema. */
  wholeSchema(): void {
    this.#bare.leave();
  }

  // ---- statements

  /** Before a statement of the setup, where the setting can be real: outside of transactions. */
  setUp(connection: Connection, effect: Effect): void {
    this.#note(connection, effect);
    this.#noteOff(connection, effect);
    if (!this.#handle.inTransaction) this.#setReal(this.of(connection));
  }

  /**
   * A statement of a scope has its turn. Returns whether the outer transaction must be begun anew
   * first, so that keys hold for it.
   *
   * @throws RefusedStatementError where that would lose what was written.
   */
  arrives(connection: Connection, sql: string, effect: Effect): boolean {
    this.#note(connection, effect);
    if (this.#real || this.#app !== 'on' || !this.#handle.inTransaction) return false;
    if (connection.transaction.depth > 0 || effect.kind === 'read' || !this.#wants(connection, effect)) return false;
    if (this.#written) throw refusal(connection, sql);
    return true;
  }

  /** Before a statement of a scope: sees to the schema that it runs on. */
  before(connection: Connection, sql: string, effect: Effect): void {
    const { kind } = effect;
    this.#noteOff(connection, effect);
    if (changes(effect)) this.#written = true;
    if (!this.#real) return;

    if ((kind === 'write' || kind === 'ddl') && !this.of(connection) && this.#concerns(sql, kind)) this.#bare.enter();
    else if (this.#bare.active && (this.#bare.seenBy(sql) || !leavesAlone(effect))) this.#bare.leave();
  }

  /**
   * Prepares a statement. SQLite looks at foreign keys when it prepares: what they refer to may be
   * gone, which is an error only where they hold.
   */
  preparing<Prepared>(connection: Connection, prepare: () => Prepared): Prepared {
    try {
      return prepare();
    } catch (error) {
      if (!this.#real || this.of(connection)) throw error;
      if (this.#handle.inTransaction) return this.#bare.within(prepare);

      this.#setReal(false);
      return prepare();
    }
  }

  /** Whether keys are to hold for this statement. */
  #wants(connection: Connection, effect: Effect): boolean {
    if (this.#forAll === false) return false;
    if (effect.kind !== 'pragma') return connection.foreignKeys ?? connection.keysByDefault ?? false;
    return isSetting(effect) && truth(effect.value ?? '');
  }

  #note(connection: Connection, effect: Effect): void {
    if (effect.kind !== 'pragma') connection.firstScope ??= this.#scopes.at(-1);
    // What a schema file sets says nothing of the app.
    if (this.#app === 'on' || (this.#settingUp && connection.keysByDefault === undefined)) return;

    if (this.#wants(connection, effect)) this.#app = 'on';
  }

  /** After the transaction has begun: a connection's first may be the wrong moment to know what it will want. */
  #noteOff(connection: Connection, effect: Effect): void {
    if (this.#app === 'unknown' && effect.kind !== 'pragma' && connection.keysByDefault !== undefined)
      this.#app = 'off';
  }

  /** Whether SQLite does this otherwise when keys hold. */
  #concerns(sql: string, kind: 'write' | 'ddl'): boolean {
    if (kind === 'write') return !/^\s*attach/i.test(sql) && !namesSchema(sql);

    const change = tableChange(sql);
    // A rename changes the references to the table as well, unless it is to work as it once did.
    return change === 'drop' || (change === 'rename' && this.#renamesOnly());
  }

  #renamesOnly(): boolean {
    return this.#handle.pragma('legacy_alter_table', { simple: true }) === 1;
  }

  #setReal(on: boolean): void {
    if (this.#real === on) return;
    this.#handle.pragma(`foreign_keys = ${on ? 1 : 0}`);
    this.#real = on;
  }
}

/** Pragmas that only tell something, also where they have an argument. */
const TELLING: ReadonlySet<string> = new Set([
  'table_info',
  'table_xinfo',
  'table_list',
  'index_list',
  'index_info',
  'index_xinfo',
  'foreign_key_list',
  'foreign_key_check',
  'database_list',
  'integrity_check',
  'quick_check',
]);

/** Whether it may change what a new transaction would lose. */
export function changes(effect: Effect): boolean {
  if (effect.kind === 'write' || effect.kind === 'ddl') return true;
  return effect.kind === 'pragma' && effect.value !== undefined && !isSetting(effect) && !TELLING.has(effect.name);
}

/** Whether it may run on a schema without references, whoever sends it. */
function leavesAlone(effect: Effect): boolean {
  return effect.kind === 'read' || effect.kind === 'empty' || isSetting(effect);
}

function isSetting(effect: Effect): boolean {
  return effect.kind === 'pragma' && effect.name === 'foreign_keys';
}

function refusal(connection: Connection, sql: string): RefusedStatementError {
  return new RefusedStatementError({
    what: `"${shortSql(sql)}" of ${connection.name} wants foreign keys on, and this test has written while they were off.`,
    why:
      'All connections that the app had so far have them off, so the test began without; ' +
      'SQLite cannot turn them on inside a transaction, and a sandbox is one.',
    remedy: 'Set database.foreignKeys: true in the config, or open this connection before the tests.',
  });
}
