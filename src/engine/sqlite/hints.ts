import type { Connection } from './connection.js';

/** What every hint of Lockstep ends with; the report of a failed test shows those that do. */
const SOURCE = '(Lockstep, see node_modules/lockstep/docs/troubleshooting.md#transactions-that-share-a-connection)';

const SHARED =
  "An ORM may share one connection among all transactions of a database that it opens as ':memory:' (Sequelize does): " +
  'the second one begins inside the first. Let the app take the path from a variable that database.env of the config ' +
  'names: then it is given a file, with a connection for each transaction, as in production.';

/** Adds to an error of a connection, where nobody prints it unasked, what its name has to do with it. */
export function hinted<Failure extends Error>(error: Failure, connection: Connection): Failure {
  if (connection.memory && error.message.endsWith('cannot start a transaction within a transaction'))
    Object.defineProperty(error, 'hint', { value: `${SHARED} ${SOURCE}`, configurable: true });
  return error;
}
