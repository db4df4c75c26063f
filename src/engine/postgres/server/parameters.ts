import { ConfigError } from '../../../errors.js';

/** What a connection is made of, by libpq's keywords; see section 34.1.2 of the Postgres manual. */
export type Parameters = Partial<Record<keyof typeof VARIABLES, string>>;

/** Environment variables, as process.env holds them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variable that fills in for each keyword, see section 34.15; undefined where libpq has none. */
const VARIABLES = {
  host: 'PGHOST',
  hostaddr: 'PGHOSTADDR',
  port: 'PGPORT',
  dbname: 'PGDATABASE',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  passfile: 'PGPASSFILE',
  service: 'PGSERVICE',
  servicefile: 'PGSERVICEFILE',
  options: 'PGOPTIONS',
  application_name: 'PGAPPNAME',
  fallback_application_name: undefined,
  connect_timeout: 'PGCONNECT_TIMEOUT',
  sslmode: 'PGSSLMODE',
  sslnegotiation: 'PGSSLNEGOTIATION',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslpassword: undefined,
  channel_binding: 'PGCHANNELBINDING',
} as const;

const KEYWORDS = Object.keys(VARIABLES) as (keyof typeof VARIABLES)[];

/** What other libraries call the same. */
const SYNONYMS: Readonly<Record<string, keyof typeof VARIABLES>> = { database: 'dbname', username: 'user' };

/** The parameters that the environment gives. An empty variable counts as one that is not set. */
export function fromEnvironment(env: Environment): Parameters {
  const given = KEYWORDS.map((keyword) => {
    const variable = VARIABLES[keyword];
    return [keyword, variable && env[variable]] as const;
  });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined && value !== ''));
}

/**
 * The parameters of a URL, see section 34.1.1.2. What follows the last `@` before the path is the
 * host, so a password with a raw `@` is read as it was meant. Unknown parameters (those of ORMs) are
 * passed over: the config has checked them.
 *
 * @throws ConfigError when it cannot be read; the message never shows it, for it may hold a password.
 */
export function fromUrl(url: string): Parameters {
  const [, authority, path, query = ''] =
    /^postgres(?:ql)?:\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/is.exec(url.trim()) ?? [];
  if (authority === undefined) {
    throw new ConfigError({
      what: "The database's URL cannot be read.",
      why: "It must look like 'postgres://user:password@host:5432/database'.",
    });
  }

  const at = authority.lastIndexOf('@');
  const [user = '', ...password] = at < 0 ? [] : authority.slice(0, at).split(':');
  const [, address, name = '', port] = /^(?:\[(.*)\]|([^:]*))(?::(.*))?$/.exec(authority.slice(at + 1)) ?? [];

  const parameters: Record<string, string | undefined> = {
    user: decode(user),
    password: password.length > 0 ? decode(password.join(':')) : undefined,
    host: decode(address ?? name),
    port,
    dbname: decode(path ?? ''),
    ...fromQuery(query),
  };
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined && value !== ''));
}

function fromQuery(query: string): Parameters {
  const parameters: Parameters = {};

  for (const pair of query.split('&').filter(Boolean)) {
    const [key = '', ...rest] = pair.split('=');
    const value = decode(rest.join('='));
    const name = decode(key);
    const keyword = SYNONYMS[name] ?? KEYWORDS.find((known) => known === name);

    if (keyword !== undefined) parameters[keyword] = value;
    // JDBC's and pg's spellings, the first of which libpq takes too.
    else if (name === 'ssl' && ['true', '1'].includes(value)) parameters.sslmode ??= 'require';
    else if (name === 'ssl' && ['false', '0'].includes(value)) parameters.sslmode ??= 'disable';
  }
  return parameters;
}

/** Only `%XX` is special: libpq leaves a plus sign alone. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new ConfigError({
      what: "The database's URL cannot be read.",
      why: 'A percent sign in it is not followed by the two hexadecimal digits of a byte of UTF-8.',
      remedy: 'Write the sign itself as %25.',
      cause: error,
    });
  }
}
