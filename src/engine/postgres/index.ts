/** The Postgres engine: a relay in a worker thread, which any driver connects to. */

export { postgresEngine, sandboxUrl } from './postgres.js';
export type { Parts } from './postgres.js';
export type { PostgresOptions } from './options.js';
export { Pipe } from './pipe.js';
export type { OpenSession, SessionEnd } from './sandbox.js';
