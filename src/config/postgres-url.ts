import type { ConfigError } from '../errors.js';
import { nearest } from './nearest.js';
import type { Section } from './section.js';
import { show } from './show.js';

const ACCEPTED = "a URL like 'postgres://user@localhost:5432/shop_test'";
const SCHEMES = ['postgres:', 'postgresql:'];

/** Those of libpq that are read. */
const PARAMETERS: readonly string[] = [
  ...['host', 'hostaddr', 'port', 'dbname', 'user', 'password', 'passfile', 'service', 'servicefile', 'options'],
  ...['application_name', 'fallback_application_name', 'connect_timeout', 'channel_binding'],
  ...['sslmode', 'sslnegotiation', 'sslrootcert', 'sslcert', 'sslkey', 'sslpassword'],
];

/** Others that are alike: libpq's that change nothing here, JDBC's, pg's, Prisma's. */
const FOREIGN: readonly string[] = [
  ...['ssl', 'sslcompression', 'sslcrl', 'sslcrldir', 'sslsni', 'sslcertmode', 'ssl_min_protocol_version'],
  ...['ssl_max_protocol_version', 'sslaccept', 'sslidentity', 'database', 'username', 'schema', 'connection_limit'],
  ...['pool_timeout', 'pgbouncer', 'keepalives', 'keepalives_idle', 'tcp_user_timeout', 'client_encoding'],
];

/**
 * Reads the form of `url`; what it leaves out is filled from the environment when the server is
 * opened. Its password is never shown.
 */
export function readPostgresUrl(section: Section): string | undefined {
  const value = section.raw('url');
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value.trim() === '') throw section.refuse('url', ACCEPTED);

  const url = value.trim();
  const refuse = (why: string, remedy = ''): ConfigError =>
    section.refuse('url', ACCEPTED, { value: withoutPassword(url), why, remedy });

  const scheme = /^([a-z][a-z\d+.-]*:)/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined || !SCHEMES.includes(scheme)) {
    throw /\b(host|dbname|user|port)\s*=/.test(url)
      ? refuse('A list of keywords is not a URL.', `Accepted is ${ACCEPTED}.`)
      : refuse(`Accepted is ${ACCEPTED}.`, wrongScheme(scheme));
  }
  if (!/^[a-z]+:\/\//i.test(url)) throw refuse(`Accepted is ${ACCEPTED}.`, `After ${show(scheme)} come two slashes.`);

  const broken = /%(?![\da-f]{2})/i.exec(url);
  if (broken) {
    throw refuse('A percent sign in it is not followed by two hexadecimal digits.', 'Write the sign itself as %25.');
  }
  const authority = /^[a-z]+:\/\/([^/?]*)/i.exec(url)?.[1] ?? '';
  if (authority.slice(authority.lastIndexOf('@') + 1).includes(',')) {
    throw refuse('It names several hosts.', 'Name the one that the tests are to use.');
  }
  const port = /:([^:\]@]*)$/.exec(authority.slice(authority.lastIndexOf('@') + 1))?.[1];
  if (port !== undefined && port !== '' && !(/^\d+$/.test(port) && Number(port) > 0 && Number(port) < 65_536)) {
    throw refuse(`Its port is ${show(port)}; a port is a number from 1 to 65535.`);
  }
  const mistyped = mistypedParameter(url);
  if (mistyped !== undefined) {
    throw refuse(
      `Its parameter ${show(mistyped.written)} is not one of libpq.`,
      `Did you mean ${show(mistyped.meant)}?`,
    );
  }
  return url;
}

/** Parameters of other libraries are none of our business, but a slip in one of libpq's would go unnoticed. */
function mistypedParameter(url: string): { written: string; meant: string } | undefined {
  const query = /\?(.*)$/s.exec(url)?.[1] ?? '';
  const names = query.split('&').flatMap((pair) => pair.split('=', 1));

  for (const written of names) {
    const meant = PARAMETERS.includes(written) || FOREIGN.includes(written) ? undefined : nearest(written, PARAMETERS);
    if (meant !== undefined) return { written, meant };
  }
  return undefined;
}

/** A URL as messages may show it. */
export function withoutPassword(url: string): string {
  return url
    .replace(/^([^/]*\/\/[^/?@]*?):.*@/, '$1:…@')
    .replace(/([?&](?:password|sslpassword)=)[^&]*/gi, '$1…')
    .replace(/(\bpassword\s*=\s*)('[^']*'|\S+)/gi, '$1…');
}

function wrongScheme(scheme: string | undefined): string {
  if (scheme === undefined) return 'Begin it with postgres://.';
  return ['mysql:', 'mariadb:', 'sqlite:', 'mssql:', 'mongodb:'].includes(scheme)
    ? 'It names another kind of database than the engine does.'
    : `${show(scheme)} is not a scheme of Postgres.`;
}
