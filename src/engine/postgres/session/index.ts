/** The test's synchronous session on Postgres, by libpq or by the built-in client. */

export { openSession } from './open.js';
export type { OpenedSession, SessionDriver, SessionOptions } from './open.js';
export type { ConnectionParameters } from './connection-parameters.js';
export type { Pipe } from '../pipe.js';
export { PostgresSession } from './session.js';
export type { BeforeStatement } from './session.js';
export type { TypeParser, TypeParsers } from './type-parsers.js';
