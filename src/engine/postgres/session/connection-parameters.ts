/** Whom to connect to, and as whom. */
export interface ConnectionParameters {
  /** A host name or address, or the folder of the server's Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password?: string;
  /** As the server lists the connection. */
  readonly applicationName?: string;
  /** Settings for the whole connection, by name. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** What the startup message says, by the names of the protocol. */
export function startupParameters(parameters: ConnectionParameters): Record<string, string> {
  const { user, database, applicationName } = parameters;
  const options = startupOptions(parameters.settings ?? {});

  return {
    user,
    database,
    ...(applicationName === undefined ? {} : { application_name: applicationName }),
    ...(options === '' ? {} : { options }),
  };
}

/** libpq's form of the same (Postgres manual, "Connection Strings"). */
export function connectionString(parameters: ConnectionParameters): string {
  const { host, port, user, database, password, applicationName } = parameters;
  const entries = {
    host,
    port: String(port),
    user,
    dbname: database,
    password,
    application_name: applicationName,
    client_encoding: 'UTF8',
    // PGSSLMODE is meant for the real server, to which the relay connects.
    sslmode: 'disable',
    // libpq prints notices to the process's standard error, and the addon offers no way to catch them.
    options: startupOptions({ ...parameters.settings, client_min_messages: 'error' }),
  };

  return Object.entries(entries)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([key, value]) => `${key}='${value.replaceAll(/[\\']/g, '\\$&')}'`)
    .join(' ');
}

/** Settings as `postgres` takes them on its command line. */
function startupOptions(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replaceAll(/[\\\s]/g, '\\$&')}`)
    .join(' ');
}
