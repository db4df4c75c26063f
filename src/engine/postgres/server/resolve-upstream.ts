import { existsSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';

import { ConfigError } from '../../../errors.js';
import { fromEnvironment, fromUrl, type Environment, type Parameters } from './parameters.js';
import { passwordFromFile } from './password-file.js';
import { fromService } from './service-file.js';
import { resolveTls } from './tls.js';
import { socketPath, type Upstream } from './upstream.js';

const DEFAULT_PORT = 5432;

/** Where libpq looks for a socket when no host is given: Debian's and Red Hat's builds, then all others. */
const SOCKET_FOLDERS = ['/var/run/postgresql', '/tmp'];

/**
 * Reads a URL as libpq does: what it leaves out comes from its service, the PG* variables, `~/.pgpass`
 * and `~/.postgresql`, in that order, and at last from the defaults.
 *
 * @param env The variables as they are before an engine has set any of them to its own server.
 * @throws ConfigError when a value cannot be used, naming it.
 */
export async function resolveUpstream(url: string, env: Environment = process.env): Promise<Upstream> {
  const given = fromUrl(url);
  const environment = fromEnvironment(env);
  const home = env['HOME'] ?? env['USERPROFILE'] ?? homedir();
  const service = given.service ?? environment.service;
  const parameters: Parameters = {
    ...environment,
    ...(service !== undefined && fromService(service, environment.servicefile, { home, system: env['PGSYSCONFDIR'] })),
    ...given,
  };

  const port = readPort(parameters.port);
  const user = parameters.user ?? userInfo().username;
  const database = parameters.dbname ?? user;
  const host = parameters.host ?? parameters.hostaddr ?? defaultHost(port);
  if (`${host}${parameters.hostaddr ?? ''}`.includes(',')) throw severalHosts(host);

  const passfile = parameters.passfile ?? passwordFile(env, home);
  const password = parameters.password ?? (await passwordFromFile(passfile, { host, port, database, user }));
  const connectTimeout = readSeconds(parameters.connect_timeout);
  const applicationName = parameters.application_name ?? parameters.fallback_application_name;

  return {
    host,
    port,
    user,
    database,
    tls: resolveTls(parameters, host, home),
    ...(parameters.hostaddr !== undefined && { address: parameters.hostaddr }),
    ...(password !== undefined && { password }),
    ...(parameters.options !== undefined && { options: parameters.options }),
    ...(applicationName !== undefined && { applicationName }),
    ...(connectTimeout !== undefined && { connectTimeout }),
  };
}

function defaultHost(port: number): string {
  return SOCKET_FOLDERS.find((folder) => existsSync(socketPath(folder, port))) ?? 'localhost';
}

function passwordFile(env: Environment, home: string): string {
  const roaming = env['APPDATA'];
  return process.platform === 'win32' && roaming !== undefined
    ? join(roaming, 'postgresql', 'pgpass.conf')
    : join(home, '.pgpass');
}

function readPort(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PORT;
  const port = Number(text);
  if (/^\s*\d+\s*$/.test(text) && port > 0 && port < 65_536) return port;

  throw new ConfigError({
    what: `The port of the database is '${text}'.`,
    why: 'A port is a number from 1 to 65535.',
    remedy: 'Mend it in database.url or in PGPORT.',
  });
}

/** libpq counts in seconds; 0 and less is no limit, and 1 is too short to be meant. */
function readSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (!Number.isInteger(seconds)) {
    throw new ConfigError({
      what: `connect_timeout is '${text}'.`,
      why: 'It is a whole number of seconds.',
      remedy: 'Mend it in database.url or in PGCONNECT_TIMEOUT.',
    });
  }
  return seconds > 0 ? Math.max(seconds, 2) * 1000 : undefined;
}

function severalHosts(host: string): ConfigError {
  return new ConfigError({
    what: `The host of the database is '${host}'.`,
    why: 'It names several hosts.',
    remedy: 'Name the one that the tests are to use, in database.url or in PGHOST.',
  });
}
