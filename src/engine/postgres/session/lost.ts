import { ConnectionLostError } from '../../../errors.js';
import { shortSql } from '../../../sandbox/short-sql.js';

/** The connection ended while a statement waited for its answer. */
export function lostDuring(sql: string, cause: unknown): ConnectionLostError {
  return new ConnectionLostError({
    what: `The session's connection to Postgres ended during "${shortSql(sql)}": ${messageOf(cause)}`,
    why: 'The server was stopped, its process ended, or somebody terminated the connection.',
    remedy: "See the server's log; a statement that crashes the server is mostly an extension's.",
    cause,
  });
}

/** A statement was not answered in time. */
export function unanswered(sql: string, timeout: number, cause: unknown): ConnectionLostError {
  return new ConnectionLostError({
    what: `Postgres did not answer "${shortSql(sql)}" within ${timeout} ms, so the session's connection was closed.`,
    why: 'The statement is slow, or it waits for a lock that another connection holds while this thread is blocked.',
    remedy: 'Let the app finish its transaction before the session needs the same rows.',
    cause,
  });
}

/** A statement was sent after the connection had ended. */
export function lostBefore(sql: string, cause: unknown): ConnectionLostError {
  return new ConnectionLostError({
    what: `"${shortSql(sql)}" cannot be sent: the session's connection to Postgres has ended (${messageOf(cause)}).`,
    cause,
  });
}

/** The connection could not be opened. */
export function notOpened(where: string, cause: unknown): ConnectionLostError {
  return new ConnectionLostError({
    what: `The session cannot connect to Postgres at ${where}: ${messageOf(cause)}`,
    cause,
  });
}

function messageOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).trim();
}
