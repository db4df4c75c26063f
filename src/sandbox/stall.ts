import { HoldTimeoutError, StallError } from '../errors.js';
import { runnerWords } from '../runner-words.js';
import { isSession } from './connection-names.js';
import { shortSql } from './short-sql.js';

/** What is known about the connection that has the turn. */
export interface TurnInfo {
  /** Name of the virtual connection, e.g. `sqlite3 connection 2`. */
  readonly connection: string;
  readonly lastSql: string | undefined;
  /** When it took the turn, in milliseconds of the clock that `now` is read from. */
  readonly since: number;
  /** Since when its transaction has run no statement, in milliseconds; undefined while one runs. */
  readonly idleSince: number | undefined;
}

/** A connection that asks for the turn, and the statement that it wants to run. */
export interface Waiter {
  readonly connection: string;
  readonly sql: string;
  /** Whether it has begun a transaction of its own. */
  readonly inTransaction?: boolean;
}

/** The likely cause, and what to do about it. */
type Advice = readonly [likely: string, remedy: string];

const outside = (): string =>
  'What open transactions do to each other (what is not committed cannot be seen, FOR UPDATE, SKIP LOCKED, NOWAIT, advisory locks, ' +
  `isolation levels) is tested on a real database: in ${runnerWords().outside}.`;

const appHolds = (): Advice => [
  "Likely causes: a query inside the transaction forgot to use the transaction's own connection " +
    "(db('x') instead of trx('x')), or the transaction was begun and never finished.",
  `Run the query on the transaction's own connection, or finish the transaction first. ${outside()}`,
];

const overlapping = (): Advice => [
  'On a server the two would overlap, so this need be no fault of the app: workers of a queue, a lock that one holds and ' +
    'the other asks for. Unless the first waits for the second: then the second has to use its connection.',
  `If the first is only slow, raise stallTimeout in the config above the time that it takes. ${outside()}`,
];

/** What is meant for transactions that overlap. */
const LOCKS =
  /\bfor\s+(?:no\s+key\s+update|update|key\s+share|share)\b|\bskip\s+locked\b|\bnowait\b|advisory_(?:xact_)?lock|\block\s+table\b/i;

const SESSION_HOLDS: Advice = [
  'Likely cause: the test lets the app work (client.get, sync) inside session.transaction, or between savepoint() and its end.',
  "End the session's transaction before the app is to use the database. What a test writes needs no transaction to be seen by the app.",
];

/** The error of a session that has waited for the turn as long as it may, and knows nothing of who has it. */
export function notFreeError({ connection, sql }: Waiter, limit: number): StallError {
  return new StallError({
    what: `${connection} cannot run ${quoted(sql)}: the database was not free within ${limit} ms.`,
    why: 'Another connection kept the turn, and nothing is left that could make it give it back.',
    remedy: 'Finish the transaction of the app before the session needs the database.',
  });
}

/**
 * The error of a query that waits for a transaction which does not go on.
 *
 * `timeout`: it waited for `stallTimeout`. `blocked`: it comes from synchronous code, so waiting
 * would stop the very code that could finish the transaction.
 */
export function stallError(waiter: Waiter, holder: TurnInfo, now: number, reason: 'timeout' | 'blocked'): StallError {
  const idle =
    holder.idleSince === undefined ? 'is running' : `has been idle for ${milliseconds(now - holder.idleSince)} after`;
  const why =
    reason === 'timeout'
      ? 'Both share one real connection, which runs one transaction at a time, and the transaction did not end.'
      : 'Both share one real connection, which runs one transaction at a time; waiting here would block the thread that has to finish the transaction.';

  const overlap = waiter.inTransaction === true || LOCKS.test(waiter.sql) || LOCKS.test(holder.lastSql ?? '');
  const app = overlap && !isSession(waiter.connection) ? overlapping() : appHolds();
  const [likely, remedy] = isSession(holder.connection) ? SESSION_HOLDS : app;

  return new StallError({
    what:
      `${waiter.connection} cannot run ${quoted(waiter.sql)}: ${holder.connection} has held the database for ` +
      `${milliseconds(now - holder.since)} and ${idle} ${quoted(holder.lastSql)}.`,
    why: `${why} ${likely}`,
    remedy,
  });
}

/** The error of a session outside of the sandbox that waits, for `waited` milliseconds, for a lock of another connection. */
export function lockError(
  waiter: Waiter,
  holder: Pick<TurnInfo, 'connection' | 'lastSql'> & { readonly idle: boolean },
  waited: number,
): StallError {
  const doing = holder.idle ? 'is idle after' : 'is running';

  return new StallError({
    what:
      `${waiter.connection} cannot run ${quoted(waiter.sql)}: for ${milliseconds(waited)} it has waited for a lock that ` +
      `${holder.connection} has in its transaction, which ${doing} ${quoted(holder.lastSql)}.`,
    why: 'Outside of the sandbox each connection has a transaction of its own, and locks are those of the server.',
    remedy:
      'Finish the transaction of the app before the session needs the same rows or tables; commit or roll back on every path.',
  });
}

/** The error of a transaction that kept the turn longer than `limit` milliseconds. */
export function holdTimeoutError(holder: TurnInfo, now: number, limit: number): HoldTimeoutError {
  return new HoldTimeoutError({
    what:
      `${holder.connection} has kept the database for ${milliseconds(now - holder.since)}, longer than holdTimeout ` +
      `(${milliseconds(limit)}). Its last SQL: ${quoted(holder.lastSql)}.`,
    why: 'All connections of a test share one real connection, so nobody else could use the database meanwhile.',
    remedy:
      'Finish the transaction (commit or roll back on every path, also after errors), or raise holdTimeout in the config.',
  });
}

/** Who has the turn and who waits for it, a sentence each. */
export function turnSentences(
  holder: TurnInfo | undefined,
  waiting: readonly (Waiter & { readonly since: number })[],
  now: number,
): string[] {
  return [
    ...(holder === undefined ? [] : [holderSentence(holder, now)]),
    ...waiting.map(
      ({ connection, sql, since }) =>
        `${connection} has waited ${milliseconds(now - since)} for its turn to run ${quoted(sql)}`,
    ),
  ];
}

function holderSentence({ connection, lastSql, idleSince }: TurnInfo, now: number): string {
  const doing = idleSince === undefined ? 'running' : `idle for ${milliseconds(now - idleSince)} after`;
  return `${connection} has a transaction open, ${doing} ${quoted(lastSql)}`;
}

function quoted(sql: string | undefined): string {
  return sql === undefined ? '(no SQL yet)' : `"${shortSql(sql)}"`;
}

function milliseconds(duration: number): string {
  return `${Math.max(0, Math.round(duration))} ms`;
}
