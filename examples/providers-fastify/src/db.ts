import { Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import { settings } from './settings.js';
import type { Tables } from './tables.js';

/** The database, or a transaction on it. */
export type Db = Kysely<Tables>;

export const pool: Pool = new Pool({ connectionString: settings.databaseUrl });

// The pool replaces an idle connection that the server has cut; unheard, the event would end the process.
pool.on('error', (error) => console.error(`An idle connection to the database was lost: ${error.message}`));

/** The app's database: a pool of connections to one Postgres server. */
export const db: Db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
