/** The Postgres engine: a relay, which any driver connects to. */

export { postgres } from './configured.js';
export type { PostgresSection } from './configured.js';
export type { HostKind } from './choose-host.js';
export { postgresEngine } from './postgres.js';
export type { Parts } from './postgres.js';
export type { PostgresOptions } from './options.js';
export type { Pipe } from './pipe.js';
export type { OpenSession, SessionEnd } from './renewable-session.js';
