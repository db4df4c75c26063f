import type { Parameters, Row } from '../engine/engine.js';
import type { Queries } from '../queries/index.js';
import type { Query } from './sql.js';
import type { Savepoint } from './transactions.js';

/** What a statement did. */
export interface RunResult {
  /** Rows inserted, updated or deleted. */
  readonly changes: number;
  /** Key of the last inserted row, where the database has such a notion. */
  readonly lastInsertId?: number | bigint;
}

/** SQL text, or a query made by the `sql` tag, which carries its own parameters. */
export type Statement = string | Query;

/** Equalities that all hold: a value, null for IS NULL, a list for IN. */
export type Where = Readonly<Record<string, unknown>>;

/** What a transaction's function may return: anything but a promise. */
export type NotPromise<T> = T extends PromiseLike<unknown> ? never : T;

/**
 * The test's synchronous database API.
 *
 * It works on the same transaction as the app, so what the app committed is seen here, what is
 * written here is seen by the app, and all of it is rolled back when the test ends. No commit is
 * needed. Errors of the database arrive as the driver's own error objects.
 *
 * Parameters are a list for `?` (and `$1`, `$2`; on Postgres only these), or an object for `:name`. A
 * parameter that is `undefined` is refused, since it is nearly always a mistyped property; null
 * stands for NULL.
 *
 * The methods may be taken off it: `const { get, insert } = session`.
 *
 * Every method throws SessionUsageError for a call that cannot mean what was written, and StallError
 * when an open transaction of the app keeps the database and waiting could not end it.
 */
export interface Session {
  /**
   * Runs one statement and returns its first row, or undefined when there is none.
   *
   * @example session.get<{ name: string }>('select name from providers where id = ?', [1])
   */
  get<T = Row>(this: void, statement: Statement, parameters?: Parameters): T | undefined;

  /**
   * Runs one statement and returns all of its rows, in order.
   *
   * @example session.all('select * from providers where country = :country', { country: 'AT' })
   */
  all<T = Row>(this: void, statement: Statement, parameters?: Parameters): T[];

  /**
   * Runs one statement for what it does and returns how many rows it changed.
   *
   * @example session.run('delete from providers where id = ?', [1]).changes
   */
  run(this: void, statement: Statement, parameters?: Parameters): RunResult;

  /**
   * Runs any number of statements, without parameters and without a result.
   *
   * @example session.exec('create table a (id integer); create table b (id integer);')
   */
  exec(this: void, script: string): void;

  /**
   * Runs a query written in place, with its values bound, and returns all of its rows. For one row,
   * or for pieces that are put together, use the exported `sql` tag with `get`, `all` and `run`.
   *
   * @example session.sql`select * from providers where id in ${[1, 2]}`
   */
  sql<T = Row>(this: void, strings: TemplateStringsArray, ...values: readonly unknown[]): T[];

  /**
   * The statements that were sent to the database since the test began, by the app and by the session,
   * oldest first; in a `before` or `after` hook those of that hook.
   *
   * @example session.queries.filter(({ by }) => by === 'app')
   */
  readonly queries: Queries;

  /**
   * Runs a function inside a transaction and returns what it returns: committed when it returns,
   * rolled back when it throws, and the error thrown on. Inside another transaction it is a
   * savepoint. While it runs, the app's queries wait.
   *
   * @throws SessionUsageError when the function is async or returns a promise: it would go on after
   * the transaction's end. What it did until then is rolled back.
   * @example session.transaction(() => session.insert('providers', { name: 'Erste' }))
   */
  transaction<T>(this: void, work: () => NotPromise<T>): T;

  /**
   * Marks this moment, so that what follows can be undone. While it is open, the app's queries
   * wait. End it by its `rollback` or `commit`.
   *
   * @example
   * const savepoint = session.savepoint();
   * session.run('delete from providers');
   * savepoint.rollback();
   */
  savepoint(this: void): Savepoint;

  /**
   * Undoes what was done since the innermost open savepoint, and ends it.
   *
   * @throws SessionUsageError when no savepoint is open.
   */
  rollback(this: void): void;

  /**
   * Keeps what was done since the innermost open savepoint, and ends it.
   *
   * @throws SessionUsageError when no savepoint is open.
   */
  commit(this: void): void;

  /**
   * Inserts rows and returns them as the database stored them, defaults and keys included, in the
   * given order. A key that a row leaves out gets the column's default. Either all rows are inserted
   * or none.
   *
   * @throws SessionUsageError for a value that is undefined. The types let it pass: they could refuse it
   * only together with rows of a generic type, which factories of fixtures have.
   * @example session.insert('providers', [{ name: 'Erste' }, { name: 'Raiffeisen', country: 'AT' }])
   */
  insert<T = Row>(this: void, table: string, rows: readonly object[]): T[];
  /**
   * Inserts one row and returns it as the database stored it, defaults and keys included. An empty
   * object inserts a row of defaults.
   *
   * @example session.insert<Provider>('providers', { name: 'Erste' }).id
   */
  insert<T = Row>(this: void, table: string, row: object): T;

  /**
   * Counts a table's rows, all or those that meet a condition.
   *
   * @param where Equalities (null is IS NULL, a list is IN), or a condition made by the `sql` tag.
   * @example session.count('providers', { country: ['AT', 'DE'], deleted_at: null })
   */
  count(this: void, table: string, where?: Where | Query): number;

  /**
   * The session of another database, by its name under `databases` in the config; by the name of a
   * replica, its primary's. The same object each time. May be called at the top level of a file.
   *
   * @throws SessionUsageError when no database of the config is called so.
   * @example session.of('audit').count('entries', { action: 'login' })
   */
  of(this: void, database: string): Session;
}
