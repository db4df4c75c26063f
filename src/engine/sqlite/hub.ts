import { isSession, sessionName } from '../../sandbox/connection-names.js';
import { stragglerError } from '../../sandbox/scope-errors.js';
import { ScopeGate } from '../../sandbox/scope-gate.js';
import { stallError, turnSentences } from '../../sandbox/stall.js';
import { describeTurn, TurnQueue } from '../../sandbox/turn-queue.js';
import { failureOf, type StatementFailure, StatementLog } from '../../sandbox/statement-log.js';
import type { CutConnection, EndedOwner, OpenWork, ScopeName } from '../../sandbox/vocabulary.js';
import type { Effect } from '../../sql/effect.js';
import { loadedByOthers } from '../swap/index.js';
import type { Host, Inside, StatementEvent, SyncConnection } from '../engine.js';
import { inspector } from '../inspector.js';
import { clock, now, ORIGIN } from '../clock.js';
import { Connection } from './connection.js';
import { Emulation, type Execution } from './emulation.js';
import { readImage } from './image.js';
import { lostError } from './lost.js';
import { loadNative, type NativeDatabase, type NativeModule, type NativeStatement, openNative } from './native.js';
import type { SqliteOptions } from './options.js';
import { openedByOthers } from './real-openings.js';
import { type Registration, registry, warnOfOthers } from './registry.js';
import { SqliteSession } from './session.js';
import { Statements } from './statements.js';

const NONE: readonly OpenWork[] = [];

/** What is known of the moment at which a statement was sent. */
export interface Sent {
  /** The hub's epoch; undefined if it is not the same hub any more. */
  readonly epoch: number | undefined;
  /** The scope whose work it is, where that was over then. */
  readonly owner: EndedOwner | undefined;
}

/** What a database in memory begins with that is not the config's. */
export interface Origin {
  /** Its image; empty or undefined for an empty one. */
  readonly bytes: Buffer | undefined;
  /** Where its statements are noted. */
  readonly log: StatementLog<StatementEvent>;
  /** How its journal is told to be kept; by default in memory. */
  readonly journalMode?: string;
  /**
   * Is told of each statement before it is admitted, and may begin a scope then, or refuse it.
   *
   * @param owner the scope whose work it is, where that is over
   */
  admitting(effect: Effect, connection: Connection, owner: EndedOwner | undefined): void;
}

/** A statement that an asynchronous client has sent. */
export interface Job {
  readonly connection: Connection;
  readonly sql: string;
  readonly effect: Effect;
  /** Where it was sent. */
  readonly sent: Sent;
  /** Whether more statements are sent with it. */
  readonly more?: boolean | undefined;
}

/**
 * The one real database handle, shared by all who connect to the configured database.
 *
 * It is always in memory: a file is read into it at the start. So test processes side by side never
 * lock each other, the file cannot come to harm, and what was lost with the outer transaction is
 * begun anew by BEGIN.
 *
 * Its life has two parts. Until the first `begin`, statements go straight through, with real
 * transactions: that is how schema and seed come in. From then on everything runs inside one outer
 * transaction.
 */
export class Hub implements Inside {
  observer: ((statement: StatementEvent) => void) | undefined;
  readonly log: StatementLog<StatementEvent>;
  readonly session: SyncConnection;
  /** The real database. Drivers prepare statements on it and read what a statement is about. */
  readonly handle: NativeDatabase;
  readonly statements: Statements;
  readonly SqliteError: NativeModule['SqliteError'];
  /** Whether the database came from a file; SQLite cannot serialize such an image amid a transaction. */
  readonly fromImage: boolean;
  /** All of the app's drivers are drop-ins in this thread. */
  readonly inTransit = false;
  readonly servedHere = false;
  readonly processes: readonly number[] = [];
  /** There is no server that could be lost. */
  readonly recovering: undefined = undefined;

  readonly #database: string;
  readonly #name: string;
  readonly #options: SqliteOptions;
  readonly #host: Host;
  readonly #gate: ScopeGate<Connection>;
  readonly #turns: TurnQueue<Connection>;
  readonly #emulation: Emulation;
  readonly #origin: Origin | undefined;
  readonly #journalMode: string;
  /** The session's. */
  readonly #own: Connection;
  /** Those that have begun a transaction while another one had the turn, and have done nothing in it yet. */
  readonly #deferred = new Set<Connection>();
  /** How many statements of the app were run. */
  #performed = 0;

  constructor(database: string, options: SqliteOptions, host: Host, origin?: Origin) {
    const { bytes, journalMode } =
      origin === undefined
        ? readImage(options.image ?? options.file, options.root)
        : { bytes: origin.bytes?.length === 0 ? undefined : origin.bytes, journalMode: origin.journalMode ?? 'memory' };

    this.#database = database;
    this.#name = options.name ?? 'main';
    this.#origin = origin;
    this.#journalMode = journalMode;
    this.log = origin?.log ?? new StatementLog<StatementEvent>();
    this.#options = options;
    this.#host = host;
    this.#gate = new ScopeGate((late) => host.refused(late));
    this.#turns = new TurnQueue({
      timeouts: options,
      clock,
      // There is one thread: when the timer comes in time, the app could go on.
      probe: (answer) => answer(),
      debugging: inspector,
    });
    this.fromImage = bytes !== undefined;
    this.handle = openNative(options.root, bytes ?? ':memory:');
    this.statements = new Statements(this.handle);
    this.SqliteError = loadNative(options.root).SqliteError;
    this.#emulation = new Emulation(this.handle, this.statements, this.SqliteError, {
      foreignKeys: options.foreignKeys,
      journalMode,
    });
    this.#own = new Connection(sessionName(options.label), database);
    this.session = new SqliteSession(this, this.#own);

    this.handle.pragma('journal_mode = MEMORY');
    for (const registration of registry.registrations.values()) registration(this.handle);
  }

  /** A dump writes the tables behind virtual tables, and their schema, itself (SQLITE_DBCONFIG_DEFENSIVE). */
  unsafely(work: () => void): void {
    this.handle.unsafeMode(true);
    try {
      work();
    } finally {
      this.handle.unsafeMode(false);
    }
  }

  register(registration: Registration): void {
    registration(this.handle);
  }

  /** Goes up with each end and begin of a scope. */
  get epoch(): number {
    return this.#gate.epoch;
  }

  /** What is known of a statement that is sent now. */
  get sent(): Sent {
    return { epoch: this.#gate.epoch, owner: this.#host.endedOwner() };
  }

  /** Whether anything was done in the scopes that are open. */
  get used(): boolean {
    return this.#gate.layers.real;
  }

  /** The database as the first scope is about to find it; undefined where that would be more than so many bytes. */
  image(largest: number): Buffer | undefined {
    this.#cutHolder();
    this.wholeSchema();
    const [pages, size] = ['page_count', 'page_size'].map((name) => this.handle.pragma(name, { simple: true }));
    return Number(pages) * Number(size) > largest ? undefined : this.handle.serialize();
  }

  /**
   * Another database beside this one, in which transactions are real.
   *
   * @param bytes what it begins with
   * @param admitting throws what a statement is refused with
   */
  copy(bytes: Buffer, admitting: (connection: Connection, owner: EndedOwner | undefined) => void): Hub {
    return new Hub(this.#database, this.#options, this.#host, {
      bytes,
      log: this.log,
      journalMode: this.#journalMode,
      admitting: (_, connection, owner) => admitting(connection, owner),
    });
  }

  /** Ends what a scope's end finds open where transactions are real; the app's connections are cut. */
  interrupt(title: string): void {
    this.#turns.dismiss((connection, sql) => stragglerError(connection.name, sql, title));
    const { holder } = this.#turns;
    if (holder === undefined) return;

    this.#rollBack(holder);
    if (holder === this.#own) return;
    holder.transaction.done(holder.transaction.plan({ kind: 'begin', mode: undefined, tag: 'BEGIN' }));
    this.#gate.cut(holder, undefined, title);
  }

  begin(scope: ScopeName): void {
    this.#tellLoss();
    // A transaction that is open now would lie below the new scope's savepoint, and its end would take that along.
    this.#cutHolder();

    this.#emulation.foreignKeys.scopeBegan();
    this.#gate.begin(scope);
  }

  resume(): void {
    this.#tellLoss();
    this.#gate.resume();
  }

  /** What begins, or goes on, builds on what is gone. */
  #tellLoss(): void {
    const lost = this.#gate.lost.takeOpen();
    if (lost !== undefined) throw lost;
  }

  functionBegins(): void {
    const { holder } = this.#turns;
    this.#gate.functionBegins(holder === undefined ? this.#deferred : [holder, ...this.#deferred]);
  }

  functionOver(failed: boolean): void {
    if (!failed) return this.#gate.functionOver();

    this.#abandonHolder(true);
    for (const connection of this.#deferred) {
      if (registry.pending.has(connection) || !this.#gate.isOfFunction(connection)) continue;
      this.#deferred.delete(connection);
      this.#gate.abandon(connection, true);
    }
  }

  /** Whether the turn was given back, since a transaction that the test's function has left idle gave way. */
  #makeWay(): boolean {
    return this.#gate.yielding && this.#abandonHolder(false);
  }

  #abandonHolder(forgiven: boolean): boolean {
    const { holder } = this.#turns;
    if (holder === undefined || holder === this.#own || registry.pending.has(holder)) return false;
    if (!this.#gate.isOfFunction(holder)) return false;

    this.#undoTransaction(holder);
    this.#gate.abandon(holder, forgiven);
    holder.since = 0;
    this.#turns.release(holder);
    return true;
  }

  end(): void {
    const { title } = this.#gate;

    this.#gate.rest();
    this.#turns.dismiss((connection, sql) => stragglerError(connection.name, sql, title));
    this.#cutHolder();

    const { send } = this.#gate.end();
    // Nothing to send: nobody has used the database, or it was lost and restored then.
    if (send.length > 0) this.#undo(send);
    this.#emulation.foreignKeys.scopeEnded();

    const lost = this.#gate.lost.take();
    if (lost !== undefined) throw lost;
  }

  /** The observer is told at once. */
  drain(): void {}

  get activity(): number {
    return this.#performed + (registry.databases.get(this.#database)?.calls ?? 0);
  }

  get reached(): boolean {
    return registry.databases.get(this.#database)?.opened === true;
  }

  /** No socket does. */
  leadsHere(): boolean {
    return false;
  }

  leftovers(): readonly OpenWork[] {
    const { holder } = this.#turns;
    // Asked at the end of every test.
    const { abandoned } = this.#gate;
    if (holder === undefined && registry.pending.size === 0 && abandoned.length === 0 && this.#deferred.size === 0)
      return NONE;
    const idle = [...this.#deferred].filter((connection) => !registry.pending.has(connection));
    const leftovers = [...abandoned, ...idle].map((connection) => leftover('transaction', connection, true));

    if (holder !== undefined && !isSession(holder.name))
      leftovers.push(leftover('transaction', holder, !registry.pending.has(holder)));
    for (const connection of registry.pending) {
      if (connection !== holder && connection.database === this.#database)
        leftovers.push(leftover('statement', connection));
    }
    return leftovers;
  }

  describe(): readonly string[] {
    const { holder, waiting } = this.#turns;

    return turnSentences(
      holder && describeTurn(holder),
      waiting.map(({ owner, sql, since }) => ({ connection: owner.name, sql, since })),
      now(),
    );
  }

  cutConnections(): readonly CutConnection[] {
    return this.#gate.cutConnections();
  }

  close(): void {
    if (this.#gate.closed) return;

    this.discard();
    const { key = 'database', swap } = this.#options;
    warnOfOthers(this.#database, key, realDrivers(swap));
  }

  /** Closes it; others of the same name go on. */
  discard(): void {
    if (this.#gate.closed) return;

    const { title } = this.#gate;
    this.#gate.close();
    this.#turns.dismiss((connection, sql) => stragglerError(connection.name, sql, title));
    for (const database of registry.databases.values()) if (database.hub === this) database.hub = undefined;
    this.handle.close();
  }

  /**
   * Takes the turn for a synchronous client; `leave` gives it back. What can run aside needs no turn, if it is not
   * sent with `more`.
   *
   * @throws StragglerError outside all scopes, and on a cut connection.
   * @throws StallError when another connection's transaction has the turn: at once, or, for the
   * session where the app's work can go on meanwhile, after `stallTimeout`.
   */
  enter(connection: Connection, sql: string, effect: Effect, wait: 'wait' | 'refuse', more = false): void {
    this.#admit(connection, sql, effect, this.sent);
    if (this.#turns.tryTake(connection) || (this.#makeWay() && this.#turns.tryTake(connection))) return;
    if (!more && this.#canRunAside(connection, effect)) return;

    const holder = this.#turns.holder;
    if (wait === 'wait' && this.#host.canWait())
      this.#turns.requestHere(connection, sql, (done, timeout) => this.#host.waitUntil(done, timeout));
    else if (holder !== undefined)
      throw stallError({ connection: connection.name, sql }, describeTurn(holder), now(), 'blocked');
  }

  /**
   * Runs `work` when it is this asynchronous client's turn, which may be at once; gives the turn
   * back behind it. `work` must not throw. Errors of waiting go to `fail`.
   */
  queue(job: Job, work: () => void, fail: (error: Error) => void): void {
    const { connection, sql, effect, sent, more = false } = job;
    const inTurn = (): void => {
      try {
        work();
      } finally {
        this.leave(connection);
      }
    };

    try {
      this.#admit(connection, sql, effect, sent);
    } catch (error) {
      fail(error as Error);
      return;
    }
    if (this.#turns.tryTake(connection) || (this.#makeWay() && this.#turns.tryTake(connection))) inTurn();
    else if (!more && this.#canRunAside(connection, effect)) work();
    else this.#turns.request(connection, sql, inTurn, fail);
  }

  /** Gives the turn back, unless the connection has a transaction open. */
  leave(connection: Connection): void {
    if (this.#turns.holder !== connection) return;

    if (!this.inTransaction(connection)) {
      connection.since = 0;
      this.#turns.release(connection);
      return;
    }
    connection.idleSince = now();
    if (connection.since === 0) connection.since = connection.idleSince;
  }

  /** Runs one statement of a connection that has the turn. */
  perform<Result>(connection: Connection, sql: string, effect: Effect, execution: Execution<Result>): Result {
    const began = now();
    connection.lastSql = sql;
    // A statement that ends a transaction is part of it.
    const transaction = connection.transaction.number;
    let result: Result;
    try {
      result = this.#perform(connection, sql, effect, execution);
    } catch (error) {
      this.#note(connection, sql, began, transaction, 0, failureOf(error));
      throw error;
    }
    this.#note(connection, sql, began, transaction, execution.count(result), undefined);
    return result;
  }

  /** Prepares a statement of a client's; one that cannot be prepared never runs, and is logged here. */
  preparing(connection: Connection, sql: string, prepare: () => NativeStatement): NativeStatement {
    const began = now();
    try {
      return this.#emulation.foreignKeys.preparing(connection, prepare);
    } catch (error) {
      this.#note(connection, sql, began, connection.transaction.number, 0, failureOf(error));
      throw error;
    }
  }

  /** The prepared statement. A pragma is prepared each time, because preparing it is half of its effect. */
  prepare(sql: string, effect: Effect): NativeStatement {
    return effect.kind === 'pragma' ? this.handle.prepare(sql) : this.statements.get(sql);
  }

  /** Has the schema be what it is, for who reads it otherwise than by a statement. */
  wholeSchema(): void {
    this.#emulation.foreignKeys.wholeSchema();
  }

  /** What the last statement that wrote has done: the answer of a statement with RETURNING does not say it. */
  lastChange(): { readonly changes: number; readonly lastInsertId: number } {
    const row = this.statements.get('SELECT changes() AS changes, last_insert_rowid() AS lastInsertId').get();
    return row as { changes: number; lastInsertId: number };
  }

  /** Whether the connection believes itself inside a transaction. */
  inTransaction(connection: Connection): boolean {
    if (connection.hub !== this) return false;
    if (!this.#gate.settingUp) return connection.transaction.open;
    return this.#turns.holder === connection && this.handle.inTransaction;
  }

  /** The connection was closed: SQLite rolls back what it had open. */
  disconnect(connection: Connection): void {
    if (connection.hub !== this || this.#gate.closed) return;

    this.#turns.cancel(connection);
    this.#deferred.delete(connection);
    if (this.#turns.holder === connection) this.#rollBack(connection);
    this.#join(connection);
  }

  #note(
    connection: Connection,
    sql: string,
    began: number,
    transaction: number | undefined,
    rows: number,
    error: StatementFailure | undefined,
  ): void {
    const ended = now();
    if (connection !== this.#own) this.#performed += 1;
    const statement: StatementEvent = {
      database: this.#name,
      connection: connection.name,
      sql,
      at: ORIGIN + ended,
      duration: ended - began,
      rows,
      transaction: transaction ?? connection.transaction.number,
      error,
    };

    this.log.add(statement);
    this.observer?.(statement);
  }

  #perform<Result>(connection: Connection, sql: string, effect: Effect, execution: Execution<Result>): Result {
    if (this.#gate.settingUp) return this.#emulation.setUp(connection, sql, effect, execution);
    if (this.#turns.holder !== connection) return this.#performAside(connection, sql, effect, execution);

    this.#touch(connection, sql, effect);
    this.#deferred.delete(connection);
    this.#emulation.start(connection);
    let result: Result;
    try {
      result = this.#emulation.run(connection, sql, effect, execution);
    } catch (error) {
      throw this.handle.inTransaction ? error : this.#lose(connection, sql, error);
    }
    if (!this.handle.inTransaction) throw this.#lose(connection, sql, undefined);
    return result;
  }

  #performAside<Result>(connection: Connection, sql: string, effect: Effect, execution: Execution<Result>): Result {
    const result = this.#emulation.runAside(connection, sql, effect, execution);
    if (connection.transaction.deferred) this.#deferred.add(connection);
    else this.#deferred.delete(connection);
    return result;
  }

  /** The session's transaction is the test's own, which has to hear at once of one that is in its way. */
  #canRunAside(connection: Connection, effect: Effect): boolean {
    const { holder } = this.#turns;
    if (this.#gate.settingUp || holder === this.#own || (connection === this.#own && effect.kind !== 'read'))
      return false;
    return this.#emulation.canRunAside(connection, effect, holder);
  }

  /** Begins what is to begin before a statement of the current scope. */
  #touch(connection: Connection, sql: string, effect: Effect): void {
    const { layers } = this.#gate;
    const { foreignKeys } = this.#emulation;

    if (foreignKeys.arrives(connection, sql, effect)) {
      this.statements.get('ROLLBACK').run();
      layers.lost();
    }
    const opening = layers.touch();
    if (opening.length === 0) return;

    foreignKeys.opening();
    for (const statement of opening) this.statements.get(statement).run();
  }

  #admit(connection: Connection, sql: string, effect: Effect, { epoch: sentIn, owner }: Sent): void {
    if (connection.hub !== this) this.#join(connection);
    connection.lastSql = sql;
    this.#origin?.admitting(effect, connection, owner);

    const refusal = this.#gate.admit(connection, [effect], { sentIn, owner });
    if (refusal !== undefined) throw refusal;
  }

  #join(connection: Connection): void {
    connection.join(this);
    this.#gate.forget(connection);
  }

  /** Ends the transactions of all who have one open now, and cuts those connections off. */
  #cutHolder(): void {
    for (const connection of this.#deferred) this.#gate.cut(connection);
    this.#deferred.clear();

    const { holder } = this.#turns;
    if (holder === undefined) return;

    const app = holder !== this.#own && !this.#gate.settingUp;
    this.#rollBack(holder, app);
  }

  #rollBack(connection: Connection, cut = false): void {
    if (this.#gate.settingUp) {
      if (this.handle.inTransaction) this.handle.exec('ROLLBACK');
    } else this.#undoTransaction(connection);

    // A cut connection goes on believing in its transaction.
    if (cut) this.#gate.cut(connection);
    else connection.transaction.reset();
    connection.since = 0;
    this.#turns.release(connection);
  }

  #undoTransaction({ transaction }: Connection): void {
    if (!transaction.open || !this.handle.inTransaction) return;
    const plan = transaction.plan({ kind: 'rollback', chain: false });
    if ('send' in plan) for (const sql of plan.send) this.statements.get(sql).run();
    this.#emulation.restore();
  }

  #undo(send: readonly string[]): void {
    // A user's statement that broke the transaction off unseen leaves nothing to roll back.
    if (this.handle.inTransaction) for (const sql of send) this.statements.get(sql).run();
    this.#emulation.restore();
  }

  #lose(connection: Connection, sql: string, cause: unknown): Error {
    const title = this.#gate.layers.current?.title;
    const error = this.#gate.lose((gone) => lostError(sql, connection.name, title, gone, cause));

    connection.transaction.reset();
    this.#emulation.restore();
    return error;
  }
}

function leftover(kind: OpenWork['kind'], connection: Connection, idle = false): OpenWork {
  return { kind, connection: connection.name, lastSql: connection.lastSql ?? '', idle };
}

/** Drivers that the app has as they are. */
function realDrivers(swapped: SqliteOptions['swap']): string[] {
  const drivers: SqliteOptions['swap'] = ['better-sqlite3', 'sqlite3'];
  return drivers.filter((name) => !swapped.includes(name) && isReal(name));
}

function isReal(name: SqliteOptions['swap'][number]): boolean {
  return loadedByOthers(name) !== undefined || (name === 'better-sqlite3' && openedByOthers().length > 0);
}
