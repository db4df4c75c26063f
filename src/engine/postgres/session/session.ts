import { DatabaseError } from 'pg-protocol';

import { SessionUsageError } from '../../../errors.js';
import { beginAtCaller } from '../../../own-frames.js';
import { shortSql } from '../../../sandbox/short-sql.js';
import { split } from '../../../sql/split.js';
import type { Parameters, StatementResult, SyncConnection } from '../../engine.js';
import { bind } from './binding.js';
import type { Link } from './link.js';
import { quoteName } from './names.js';

/**
 * Called before a statement is sent, with its text. The thread is about to block: here the engine
 * finds out whether the relay can answer, waits while the app can still move, and throws StallError
 * when it cannot.
 */
export type BeforeStatement = (sql: string) => void;

/** The test's own connection to Postgres. Values, rows and errors are those of pg. */
export class PostgresSession implements SyncConnection {
  /** Lists are arrays to Postgres, and objects JSON. */
  readonly storesObjects = true;
  readonly #link: Link;
  readonly #beforeStatement: BeforeStatement;

  constructor(link: Link, beforeStatement: BeforeStatement) {
    this.#link = link;
    this.#beforeStatement = beforeStatement;
  }

  get inTransaction(): boolean {
    return this.#link.status !== 'idle';
  }

  get transactionFailed(): boolean {
    return this.#link.status === 'failed';
  }

  execute(sql: string, parameters?: Parameters): StatementResult {
    refuseSeveral(sql);
    const { text, values } = bind(sql, parameters);

    return this.#send(text, () => this.#link.query(text, values));
  }

  script(sql: string): void {
    const { text } = bind(sql, undefined);
    if (split(text, 'postgres').length === 0) return;

    this.#send(text, () => this.#link.script(text));
  }

  quoteName(name: string): string {
    return quoteName(name);
  }

  placeholder(index: number): string {
    return `$${index}`;
  }

  /** Ends the connection; later calls throw ConnectionLostError. */
  close(): void {
    this.#link.close();
  }

  #send<Result>(sql: string, work: () => Result): Result {
    this.#beforeStatement(sql);
    try {
      return work();
    } catch (error) {
      // It was made between the frames of drivers; the reader looks for the line of his test.
      if (error instanceof DatabaseError) beginAtCaller(error);
      throw error;
    }
  }
}

/** The text itself is sent as it is, so that the positions in the server's errors are those of the test's own. */
function refuseSeveral(sql: string): void {
  const [statement, ...more] = split(sql, 'postgres');
  if (statement !== undefined && more.length === 0) return;

  throw new SessionUsageError({
    what:
      statement === undefined
        ? `"${shortSql(sql)}" contains no statement.`
        : `"${shortSql(sql)}" contains ${more.length + 1} statements, and only one can return a result.`,
    remedy: 'Run several statements with session.exec(sql), which takes no parameters.',
  });
}
