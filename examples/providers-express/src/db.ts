import knex, { type Knex } from 'knex';
import { settings } from './settings.js';

/** The part of node-sqlite3's connection that setting it up needs. */
interface RawConnection {
  exec(sql: string, done: (error: Error | null) => void): void;
}

const PRAGMAS = 'pragma foreign_keys = on; pragma journal_mode = wal; pragma busy_timeout = 5000;';

// In WAL mode readers go on while one connection writes. A connection to :memory: would be a
// database of its own, so there the pool holds just one.
const connections = settings.databaseFile === ':memory:' ? 1 : 4;

/** The app's database: a pool of connections to one SQLite file. */
export const db: Knex = knex({
  client: 'sqlite3',
  connection: { filename: settings.databaseFile },
  useNullAsDefault: true,
  pool: {
    min: 1,
    max: connections,
    afterCreate: (connection: RawConnection, done: (error: Error | null, connection: RawConnection) => void) => {
      connection.exec(PRAGMAS, (error) => done(error, connection));
    },
  },
});
