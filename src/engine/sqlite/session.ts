import { SessionUsageError } from '../../errors.js';
import { beginAtCaller } from '../../own-frames.js';
import { shortSql } from '../../sandbox/short-sql.js';
import { classify } from '../../sql/classify.js';
import { split } from '../../sql/split.js';
import type { Parameters, Row, StatementResult, SyncConnection } from '../engine.js';
import { bindValues } from './binding.js';
import type { Connection } from './connection.js';
import type { Execution } from './emulation.js';
import type { Hub } from './hub.js';
import type { NativeStatement } from './native.js';

const NO_ROWS: StatementResult = { rows: [], changes: 0 };

/** The test's own connection. Values are those of better-sqlite3. */
export class SqliteSession implements SyncConnection {
  readonly #hub: Hub;
  readonly #connection: Connection;

  constructor(hub: Hub, connection: Connection) {
    this.#hub = hub;
    this.#connection = connection;
  }

  get inTransaction(): boolean {
    return this.#hub.inTransaction(this.#connection);
  }

  execute(sql: string, parameters?: Parameters): StatementResult {
    const statement = onlyStatement(sql);
    const values = bindValues(statement, parameters);

    return this.#inTurn(statement, () => this.#run(statement, values));
  }

  script(sql: string): void {
    const [first, ...rest] = split(sql, 'sqlite');
    if (first === undefined) return;

    this.#inTurn(first, () => {
      for (const statement of [first, ...rest]) this.#run(statement, bindValues(statement, undefined));
    });
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

  #inTurn<Result>(sql: string, work: () => Result): Result {
    this.#hub.enter(this.#connection, sql, classify(sql, 'sqlite'), 'wait');
    try {
      return work();
    } catch (error) {
      // It was made between our own frames; the reader looks for the line of his test.
      if (error instanceof Error && error.name === 'SqliteError') beginAtCaller(error);
      throw error;
    } finally {
      this.#hub.leave(this.#connection);
    }
  }

  #run(sql: string, values: readonly unknown[]): StatementResult {
    const effect = classify(sql, 'sqlite');
    const execution: Execution<StatementResult> = {
      forward: (statement) => this.#forward(this.#hub.prepare(statement, effect), values),
      emulated: () => NO_ROWS,
      count: ({ rows, changes }) => rows.length || changes,
    };
    return this.#hub.perform(this.#connection, sql, effect, execution);
  }

  #forward(statement: NativeStatement, values: readonly unknown[]): StatementResult {
    if (!statement.reader) {
      const { changes, lastInsertRowid } = statement.run(...values);
      return { rows: [], changes, lastInsertId: lastInsertRowid };
    }
    const rows = statement.all(...values) as Row[];
    return statement.readonly ? { rows, changes: 0 } : { rows, ...this.#hub.lastChange() };
  }
}

function onlyStatement(sql: string): string {
  const [statement, ...more] = split(sql, 'sqlite');
  if (statement !== undefined && more.length === 0) return statement;

  throw new SessionUsageError({
    what:
      statement === undefined
        ? `"${shortSql(sql)}" contains no statement.`
        : `"${shortSql(sql)}" contains ${more.length + 1} statements, and only one can return a result.`,
    remedy: 'Run several statements with session.exec(sql), which takes no parameters.',
  });
}
