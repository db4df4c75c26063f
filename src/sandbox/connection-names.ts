/** The name of the test's own connection. */
const SESSION = 'session';

/**
 * What messages and logs call a connection: `session`, `sqlite3 connection 2`; where there are
 * several databases, `session of audit`.
 *
 * @param database the database's label; undefined for the only one
 */
export function connectionName(connection: string, database: string | undefined): string {
  return database === undefined ? connection : `${connection} of ${database}`;
}

/** The name of the test's own connection to a database. */
export function sessionName(database: string | undefined): string {
  return connectionName(SESSION, database);
}

/** Whether that is the name of the test's own connection, to whatever database. */
export function isSession(connection: string): boolean {
  return connection === SESSION || connection.startsWith(`${SESSION} of `);
}
