import { dirname } from 'node:path';

import { readApp } from './app.js';
import type { Leaks, RaiseServerErrors, Rollback, Transport } from './config.js';
import { DATABASE_KEYS } from './database.js';
import { MAIN, readDatabases } from './databases.js';
import { readOpenApi } from './openapi.js';
import { QUERIES_KEYS, readQueries } from './queries.js';
import type { ResolvedConfig } from './resolved.js';
import { Section } from './section.js';

const KEYS = ['app', 'database', 'databases', 'bridge', 'client', 'queries', 'leaks', 'rollback'];
const BRIDGE_KEYS = ['timeout', 'auto'];
const CLIENT_KEYS = ['timeout', 'raiseServerErrors', 'headers', 'baseUrl', 'followRedirects', 'transport', 'openapi'];
const TRANSPORTS: readonly Transport[] = ['memory', 'tcp'];
const LEAKS: readonly Leaks[] = ['warn', 'error'];
const ROLLBACKS: readonly Rollback[] = ['test', 'suite'];
const RAISE: readonly RaiseServerErrors[] = ['unhandled', '5xx', false];

const NESTED = [
  ...DATABASE_KEYS.map((key) => `database.${key}`),
  ...BRIDGE_KEYS.map((key) => `bridge.${key}`),
  ...CLIENT_KEYS.map((key) => `client.${key}`),
  ...QUERIES_KEYS.map((key) => `queries.${key}`),
];

/**
 * Checks a config and fills it up.
 *
 * @param value What the config file exports.
 * @param source Absolute path of the config file; the config's paths are counted from its folder.
 * @throws ConfigError at the first wrong key, value or missing file, with its full key.
 */
export function validateConfig(value: unknown, source: string): ResolvedConfig {
  const section = new Section(value, '', source, KEYS, NESTED);
  const databases = readDatabases(section);

  return Object.freeze({
    source,
    root: dirname(source),
    app: readApp(section),
    databases,
    database: databases.find(({ name }) => name === MAIN) ?? databases[0],
    bridge: readBridge(section.raw('bridge') ?? {}, source),
    client: readClient(section.raw('client') ?? {}, source),
    queries: readQueries(section.raw('queries') ?? {}, source),
    leaks: section.choice('leaks', LEAKS) ?? 'warn',
    rollback: section.choice('rollback', ROLLBACKS) ?? 'test',
  });
}

function readBridge(value: unknown, source: string): ResolvedConfig['bridge'] {
  const section = new Section(value, 'bridge', source, BRIDGE_KEYS);

  return Object.freeze({ timeout: section.milliseconds('timeout'), auto: section.flag('auto') ?? true });
}

function readClient(value: unknown, source: string): ResolvedConfig['client'] {
  const section = new Section(value, 'client', source, CLIENT_KEYS);

  return Object.freeze({
    timeout: section.milliseconds('timeout'),
    raiseServerErrors: section.choice('raiseServerErrors', RAISE) ?? 'unhandled',
    headers: readHeaders(section),
    baseUrl: readBaseUrl(section),
    followRedirects: section.flag('followRedirects') ?? true,
    transport: section.choice('transport', TRANSPORTS) ?? 'memory',
    openapi: readOpenApi(section),
  });
}

function readBaseUrl(section: Section): string | undefined {
  const value = section.text('baseUrl');
  const absolute = value !== undefined && /^https?:\/\//i.test(value) && URL.canParse(value);
  if (value === undefined || (!/[?#]/.test(value) && (value.startsWith('/') || absolute))) return value;

  throw section.refuse('baseUrl', "a path or a URL without query, e.g. '/api/v1' or 'https://shop.test/api'");
}

function readHeaders(section: Section): Readonly<Record<string, string>> {
  const value = section.raw('headers');
  if (value === undefined) return Object.freeze({});
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw section.refuse('headers', 'an object of header names and their values');
  }

  const headers = Object.entries(value as Readonly<Record<string, unknown>>);
  for (const [name, content] of headers) {
    if (typeof content !== 'string') throw section.refuse(`headers.${name}`, 'a string', { value: content });
  }
  return Object.freeze(Object.fromEntries(headers) as Record<string, string>);
}
