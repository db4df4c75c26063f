/** The session: the test's synchronous database API, over any engine's connection. */

export { createSession } from './create.js';
export { Query, sql } from './sql.js';
export type { BoundStatement, Dialect, Name, SqlTag, Value } from './sql.js';
export type { NotPromise, RunResult, Session, Statement, Where } from './session.js';
export type { Savepoint } from './transactions.js';
