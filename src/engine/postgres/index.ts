/** The Postgres engine: a relay in a worker thread, which any driver connects to. */

export { plan, postgres } from './configured.js';
export type { PostgresSection } from './configured.js';
export { postgresEngine } from './postgres.js';
export type { Parts } from './postgres.js';
export type { PostgresOptions } from './options.js';
export { Pipe } from './pipe.js';
export type { OpenSession, SessionEnd } from './renewable-session.js';
