/**
 * The contract between an engine (one kind of database) and everything above it.
 *
 * An engine opens a {@link Sandbox}: one real connection whose work is rolled back scope by scope.
 * The sandbox hands out one {@link SyncConnection} to the test's session; the app reaches the same
 * real connection through the engine's own means (drop-in drivers, a relay).
 */

import type { Run } from './run.js';
import type { LoggedStatement } from '../sandbox/statement-log.js';
import type { CutConnection, EndedOwner, LateStatement, OpenWork, ScopeName } from '../sandbox/vocabulary.js';

/** What the engine may ask of whoever runs the tests: the sandbox itself can neither wait nor see the loop. */
export interface Host {
  /** Whether `waitUntil` may be called at this moment, at this place of the stack. */
  canWait(): boolean;
  /**
   * Lets the app's async work run until `done()` is true.
   * Returns false when `timeout` (milliseconds) passed or nothing is left that could make it true.
   */
  waitUntil(done: () => boolean, timeout: number): boolean;
  /** The scope whose work the running code is, where that scope is over and it is certain; undefined otherwise. */
  endedOwner(): EndedOwner | undefined;
  /** Runs what belongs to no scope, e.g. what a connection hears that goes on over all of them. */
  asNobody<T>(work: () => T): T;
  /** To be told of each statement that was refused because its scope was over. */
  refused(late: LateStatement): void;
}

/** A parameter list by position, or parameters by name (without the sign). */
export type Parameters = readonly unknown[] | Readonly<Record<string, unknown>>;

/** A row as the driver parses it: one property per column. */
export type Row = Record<string, unknown>;

/** The outcome of one statement. */
export interface StatementResult {
  /** Rows returned, in order; empty for a statement that returns none. */
  readonly rows: Row[];
  /** Rows inserted, updated or deleted. */
  readonly changes: number;
  /** Key of the last inserted row where the database has such a notion. */
  readonly lastInsertId?: number | bigint;
}

/**
 * A connection whose calls return when the database has answered.
 *
 * Transaction statements (BEGIN, COMMIT, SAVEPOINT …) sent through `execute` are emulated inside
 * the sandbox just as the app's are.
 *
 * @throws StallError when an app transaction holds the turn and waiting could not end it.
 */
export interface SyncConnection {
  /** Runs exactly one statement. */
  execute(sql: string, parameters?: Parameters): StatementResult;
  /** Runs any number of statements without parameters. */
  script(sql: string): void;
  /** What was set on the connection ends here, as if it were another one from here on. */
  renew?(): void;
  /** Quotes a table or column name; `schema.table` is two names. */
  quoteName(name: string): string;
  /** The placeholder for the `index`-th bound value, counted from 1: `?` or `$1`. */
  placeholder(index: number): string;
  /** Whether a transaction that this connection began is open. */
  readonly inTransaction: boolean;
  /** Whether that transaction has failed, so that the database would answer COMMIT by rolling back. */
  readonly transactionFailed?: boolean;
  /** Whether a transaction takes the turn with its first statement only; see `HOLDS_TURN` in sandbox/holding.ts. */
  readonly beginsLazily?: boolean;
  /** Whether a list or an object is a value that can be bound: Postgres has arrays and JSON. */
  readonly storesObjects?: boolean;
}

/** One statement that was sent through the sandbox, as the query log records it. */
export interface StatementEvent extends LoggedStatement {
  /** The database's name in the config, e.g. `main`. */
  readonly database: string;
}

/**
 * The last statements that were sent through a sandbox by the app and the session, numbered from 0
 * in the order in which they were answered. Those of the sandbox's own are not among them.
 */
export interface StatementReader {
  /**
   * How many there were. Whoever has got an answer finds its statement counted, in whatever thread
   * it was run.
   */
  readonly count: number;
  /** Those from a number on, oldest first, as far as they are kept; `first` is the number of the first of them. */
  since(from: number): { readonly first: number; readonly events: readonly StatementEvent[] };
}

/** One real connection, shared by all, whose scopes are rolled back. */
export interface Inside {
  /** Called after every statement; undefined costs nothing. */
  observer: ((statement: StatementEvent) => void) | undefined;

  /** What was sent through it; it goes on over all scopes. */
  readonly log: StatementReader;

  /** Tells the observer at once of statements that it would be told of with the event loop's next turn. */
  drain(): void;

  /** The test's own connection. */
  readonly session: SyncConnection;

  /**
   * Begins a scope inside the current one. Nothing is sent to the database until somebody uses it,
   * so a test that touches no database costs none.
   *
   * @throws SandboxLostError when the work that it would build on is lost, and that was not told yet;
   * the scope has not begun then.
   */
  begin(scope: ScopeName): void;

  /**
   * Rolls the innermost scope back and closes the sandbox to everybody until the next `begin` or
   * `resume`: what arrives in between fails with StragglerError naming the scope. Connections with
   * leftovers are cut.
   *
   * @throws SandboxLostError when the outer transaction was lost during the scope; the sandbox is
   * usable again when it throws.
   */
  end(): void;

  /**
   * Opens the sandbox for the innermost scope again: a later hook of a layer is about to run.
   *
   * @throws SandboxLostError as `begin`.
   */
  resume(): void;

  /** The function of a test begins; transactions that are open are its hooks'. */
  functionBegins(): void;

  /**
   * The function of a test is over, and hooks of it are to come that need the database. Transactions
   * which it has begun and left idle are rolled back: at once if it has `failed`, which is told then;
   * otherwise as soon as somebody else wants the turn, and they are among the `leftovers` until
   * their clients end them. COMMIT and ROLLBACK of those clients are answered and change nothing.
   */
  functionOver(failed: boolean): void;

  /** What the app has open now: transactions and statements, oldest first, and connections that are being opened. */
  leftovers(): readonly OpenWork[];

  /**
   * Goes up whenever the app was answered something. Where it stands still over a whole turn of the
   * event loop and nothing is left over, the app has nothing under way here.
   */
  readonly activity: number;

  /**
   * Whether the app may have sent something that the sandbox cannot know of yet, from another process or
   * through a socket of the system: then only turns of the event loop can tell.
   */
  readonly inTransit: boolean;

  /** A connection to the server that is being made anew, before which a test should not begin; undefined for none. */
  readonly recovering: Promise<void> | undefined;

  /** A plain sentence per pending or holding connection, for the diagnostics of a wait. */
  describe(): readonly string[];

  /** Connections that were cut and still believe in their transaction: the app's pool counts them as taken. */
  cutConnections(): readonly CutConnection[];

  /**
   * Whether a socket of this process may lead to the sandbox, also after `close`: an app's pool is
   * mostly open when a run ends, and that is no leak.
   */
  leadsHere(socket: { readonly remoteAddress?: string | undefined; readonly remotePort?: number | undefined }): boolean;

  /** Whether the thread of the tests serves it: while that is blocked, nobody else is answered. */
  readonly servedHere: boolean;

  /** Numbers of the processes that run its statements, this one apart; 0 for one that is not known yet. */
  readonly processes: readonly number[];

  /** Whether the app has come to it since the process began: sent a statement, or opened the database. */
  readonly reached: boolean;

  /** Runs a script of schema or seed, which may write what the database defends otherwise. */
  unsafely(work: () => void): void;

  /** Closes the real connection. The sandbox is of no use afterwards. */
  close(): void | Promise<void>;
}

/** A sandbox, and the way out of it. */
export interface Sandbox extends Inside {
  /**
   * Keeps the database as it is now, before the first scope, so that `goOutside` has it to begin with. What prevents
   * that is told by `goOutside`.
   */
  keepForOutside(): Promise<void>;

  /**
   * Leads everybody to a real database of their own, with the content that `keepForOutside` has found: transactions
   * are real there, and nothing is rolled back but what a scope's end finds open. Scopes begin and end as ever, and
   * say whose statements are let in; those that are open keep their work, which nobody sees meanwhile.
   *
   * @throws OutsideError when there can be none; everybody is in the sandbox still.
   */
  goOutside(): Promise<void>;

  /** Leads everybody back to the sandbox, with what they had there, and drops the database. */
  comeBack(): Promise<void>;
}

/** One kind of database. `Options` is the engine's validated part of the config. */
export interface Engine<Options> {
  readonly name: string;

  /**
   * Makes ready what the app is to be led to. All databases of a config are loaded before one of them
   * is prepared.
   *
   * @param run whose databases they are; by default this process is one by itself
   */
  load(options: Options, run?: Run): Promise<LoadedEngine>;
}

/** An engine together with the options that it was loaded for. */
export interface LoadedEngine {
  /** What the app reaches the sandbox by, once it is prepared: a URL; of SQLite the path of the file. */
  readonly url: string;

  /**
   * Servers of this kind that this process has connected to, from when the engine was loaded on, which are neither the
   * sandbox nor Lockstep's own business: `host:port`, or the path of a Unix socket. SQLite has no servers.
   */
  readonly otherServers: readonly string[];

  /**
   * Puts the engine in the app's way: sets environment variables and registers module hooks.
   * Must run before the app is imported. Returns what takes it away again.
   *
   * @throws SwapError when a driver was loaded too early or cannot be replaced.
   */
  prepare(): () => void;

  /**
   * Opens a sandbox; a run opens one, and a process may have one run after the other. Until the first
   * `begin`, what is done on it (schema, seed) is permanent for the sandbox's life.
   *
   * @param image for SQLite: the file whose content the sandbox begins with, instead of the config's
   * @throws EngineMissingError when the database driver is not installed.
   * @throws UnsafeDatabaseError when the database is not named like a test database.
   */
  open(host: Host, image?: string): Promise<Sandbox>;
}
