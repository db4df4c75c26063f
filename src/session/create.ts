import type { Row, SyncConnection } from '../engine/engine.js';
import { SessionUsageError } from '../errors.js';
import { NO_QUERIES, type Queries } from '../queries/index.js';
import { countRows } from './count.js';
import { insertRow } from './insert.js';
import type { Session, Statement } from './session.js';
import { sql } from './sql.js';
import { checkText, runStatement } from './statement.js';
import { Transactions } from './transactions.js';
import { show } from './values.js';

/** What a session tells of the run that it is part of. */
export interface Run {
  /** What was sent to its database since the test began. */
  queries(): Queries;
  /** The session of another database, by name. */
  readonly of: Session['of'];
}

/**
 * The session over a connection. Its methods may be taken off it: `const { get, run } = session`.
 *
 * @param run what it knows of the run that it is part of
 */
export function createSession(connection: SyncConnection, run: Run = ALONE): Session {
  const transactions = new Transactions(connection);

  // The rows' types are the caller's claim about the database; nothing here could check them.
  const all = <T = Row>(statement: Statement, parameters?: Parameters<Session['all']>[1]): T[] =>
    runStatement(connection, 'all', statement, parameters).rows as T[];

  return Object.freeze<Session>({
    all,

    get<T = Row>(statement: Statement, parameters?: Parameters<Session['get']>[1]): T | undefined {
      return runStatement(connection, 'get', statement, parameters).rows[0] as T | undefined;
    },

    run(statement, parameters) {
      const { changes, lastInsertId } = runStatement(connection, 'run', statement, parameters);

      return lastInsertId === undefined ? { changes } : { changes, lastInsertId };
    },

    exec(script: string, ...rest: readonly unknown[]) {
      if (rest.length > 0) {
        throw new SessionUsageError({
          what: `session.exec was given parameters (${show(rest[0])}).`,
          why: 'It runs a script of several statements, which takes none.',
          remedy: 'Use session.run for one statement with parameters.',
        });
      }
      // An empty SQL file is a script that does nothing, whereas an empty statement has no result.
      const empty = typeof script === 'string' && script.trim() === '';
      if (!empty) connection.script(checkText('exec', script));
    },

    sql: <T = Row>(strings: TemplateStringsArray, ...values: readonly unknown[]) => all<T>(sql(strings, ...values)),

    transaction: (work) => transactions.run(checkFunction(work)),

    get queries() {
      return run.queries();
    },

    savepoint: () => transactions.savepoint(),
    rollback: () => transactions.endInnermost('rollback'),
    commit: () => transactions.endInnermost('commit'),

    insert: (table: string, rows: object | readonly object[]) => {
      checkTable('insert', table);
      if (!Array.isArray(rows)) return insertRow(connection, table, rows) as never;
      if (rows.length === 0) return [] as never;

      return transactions.run(() => rows.map((row) => insertRow(connection, table, row))) as never;
    },

    count(table, where) {
      checkTable('count', table);
      return countRows(connection, table, where);
    },

    of: run.of,
  });
}

const ALONE: Run = {
  queries: () => NO_QUERIES,
  of(database: string): never {
    throw new SessionUsageError({
      what: `session.of was given ${show(database)}, but this session stands alone.`,
      why: 'It was not made from a config, which is what names databases.',
    });
  },
};

function checkTable(method: string, table: unknown): void {
  if (typeof table === 'string' && table.trim() !== '') return;

  throw new SessionUsageError({
    what: `session.${method} was given ${show(table)} as its table.`,
    why: 'A table is named by a string.',
  });
}

function checkFunction<T>(work: () => T): () => T {
  if (typeof work === 'function') return work;

  throw new SessionUsageError({
    what: `session.transaction was given ${show(work)}.`,
    why: 'It takes a function, runs it, and returns what it returns.',
    remedy: 'Write session.transaction(() => { … }).',
  });
}
