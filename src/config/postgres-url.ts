import type { ConfigError } from '../errors.js';
import type { Section } from './section.js';
import { show } from './show.js';

const ACCEPTED = "a URL like 'postgres://user@localhost:5432/shop_test'";
const SCHEMES = ['postgres:', 'postgresql:'];

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
  return url;
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
    ? 'It names another kind of database than database.engine does.'
    : `${show(scheme)} is not a scheme of Postgres.`;
}
