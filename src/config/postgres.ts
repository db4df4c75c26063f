import { dirname, resolve } from 'node:path';

import type { Identities, PostgresClock, PostgresDriver, PostgresHost, PostgresSwap } from './config.js';
import { readEnv } from './environment.js';
import { readIsolation } from './isolation.js';
import { nearest } from './nearest.js';
import { isFile } from './paths.js';
import type { ResolvedEmbedded, ResolvedName, ResolvedPostgres } from './resolved.js';
import { Section, isRecord } from './section.js';
import { readSetup } from './setup.js';
import { readPostgresUrl } from './postgres-url.js';

/** The keys of `database` for Postgres. */
export const POSTGRES_KEYS: readonly string[] = [
  'engine',
  'url',
  'embedded',
  'env',
  'swap',
  'user',
  'schema',
  'seed',
  'isolation',
  'identities',
  'clock',
  'driver',
  'host',
  'allowAnyDatabase',
  'stallTimeout',
  'holdTimeout',
  'drain',
];

const EMBEDDED_KEYS = ['binaries', 'locale', 'settings', 'startTimeout'];
const DRIVERS: readonly PostgresDriver[] = ['pg-native', 'builtin'];
const HOSTS: readonly PostgresHost[] = ['in-thread', 'worker'];
const IDENTITIES: readonly Identities[] = ['keep', 'restart'];
const CLOCKS: readonly PostgresClock[] = ['transaction', 'statement'];

/** What `env: 'PG*'` stands for. */
export const PG_VARIABLES = 'PG*';

/** The npm packages that reach Postgres: whoever lists one in `swap` has SQLite's way in mind. */
const PACKAGES = ['pg', 'postgres', 'pg-native', 'knex', 'prisma', 'typeorm', 'sequelize', 'drizzle-orm', 'kysely'];

/** Reads `database` once its engine is known to be Postgres. */
export function readPostgres(section: Section, called: ResolvedName): ResolvedPostgres {
  return Object.freeze({
    ...called,
    engine: 'postgres',
    url: readPostgresUrl(section),
    embedded: readEmbedded(section),
    env: readPostgresEnv(section),
    swap: readPostgresSwap(section),
    user: section.text('user'),
    isolation: readIsolation(section),
    identities: section.choice('identities', IDENTITIES) ?? 'keep',
    clock: section.choice('clock', CLOCKS) ?? (section.raw('url') === undefined ? 'statement' : 'transaction'),
    ...readHost(section),
    allowAnyDatabase: section.flag('allowAnyDatabase') ?? false,
    stallTimeout: section.milliseconds('stallTimeout') ?? 500,
    holdTimeout: section.milliseconds('holdTimeout') ?? 10_000,
    drain: section.milliseconds('drain', true) ?? 100,
    schema: readSetup(section, 'schema'),
    seed: readSetup(section, 'seed'),
    root: dirname(section.source),
  });
}

/** Reads `driver` and `host`. */
function readHost(section: Section): Pick<ResolvedPostgres, 'driver' | 'host'> {
  const driver = section.choice('driver', DRIVERS);
  const host = section.choice('host', HOSTS);

  if (host === 'in-thread' && driver === 'pg-native') {
    throw section.refuse('host', "'worker' with driver: 'pg-native'", {
      why: 'libpq blocks the thread while it waits, and there nobody else could answer it.',
      remedy: `Leave out ${section.name('host')}, or ${section.name('driver')}.`,
    });
  }
  return { driver, host };
}

/** Reads `env`. */
export function readPostgresEnv(section: Section): readonly string[] {
  const names = readEnv(section, "the sandbox's URL");

  const pattern = names.find((name) => name !== PG_VARIABLES && /[*?]/.test(name));
  if (pattern !== undefined) {
    throw section.refuse('env', 'the names of environment variables', {
      value: pattern,
      why: `The only pattern is '${PG_VARIABLES}': PGHOST, PGPORT, PGUSER, PGDATABASE and PGPASSWORD.`,
      remedy: nearest(pattern, [PG_VARIABLES]) === undefined ? 'Give each name.' : `Did you mean '${PG_VARIABLES}'?`,
    });
  }
  return names;
}

/** Reads `swap`. */
export function readPostgresSwap(section: Section): PostgresSwap | undefined {
  const value = section.raw('swap');
  if (value === undefined || typeof value === 'function') return value as PostgresSwap | undefined;

  const listed: readonly unknown[] = Array.isArray(value) ? value : [value];
  const packages = listed.some((entry) => typeof entry === 'string' && PACKAGES.includes(entry));
  throw section.refuse('swap', "a function that is given the sandbox's URL", {
    why: packages
      ? 'No Postgres driver has to be replaced: each of them connects to the sandbox by its URL.'
      : "Accepted is a function that is given the sandbox's URL.",
    remedy: "Name the variable that holds the app's URL (env: 'DATABASE_URL'), or set it: swap: (url) => { … }.",
  });
}

function readEmbedded(section: Section): ResolvedEmbedded {
  const value = section.raw('embedded');
  const given = section.raw('url') !== undefined;

  if (value !== undefined && value !== false && given) {
    throw section.refuse('embedded', `nothing beside ${section.name('url')}`, {
      why: `${section.name('url')} names a server, so none is started.`,
      remedy: 'Leave out one of the two.',
    });
  }
  if (value === false && !given) {
    throw section.refuse('embedded', 'true, or an object', {
      why: `Without ${section.name('url')} there is no other server than the embedded one.`,
      remedy: `Give ${section.name('url')}, or leave ${section.name('embedded')} out.`,
    });
  }
  if (value !== undefined && typeof value !== 'boolean' && !isRecord(value)) {
    throw section.refuse('embedded', `true, or an object with ${EMBEDDED_KEYS.join(', ')}`);
  }

  const options = isRecord(value) ? value : {};
  const embedded = new Section(options, section.name('embedded'), section.source, EMBEDDED_KEYS);
  return Object.freeze({
    binaries: readBinaries(embedded),
    locale: readLocale(embedded),
    settings: readSettings(embedded),
    startTimeout: embedded.milliseconds('startTimeout') ?? 60_000,
  });
}

function readBinaries(section: Section): string | undefined {
  const written = section.text('binaries');
  if (written === undefined) return undefined;

  const folder = resolve(dirname(section.source), written);
  const ending = process.platform === 'win32' ? '.exe' : '';
  if (isFile(resolve(folder, `initdb${ending}`)) && isFile(resolve(folder, `postgres${ending}`))) return folder;

  const below = isFile(resolve(folder, 'bin', `postgres${ending}`));
  throw section.refuse('binaries', 'the folder of initdb and postgres', {
    why: `${folder} does not hold initdb and postgres.`,
    remedy: below ? `Did you mean ${resolve(folder, 'bin')}?` : 'pg_config --bindir prints that folder.',
  });
}

function readLocale(section: Section): string | undefined {
  const value = section.text('locale');
  if (value === undefined || /^[\w.@-]+$/.test(value)) return value;
  throw section.refuse('locale', "a locale of the machine, e.g. 'C.UTF-8' or 'de_AT.UTF-8'");
}

function readSettings(section: Section): Readonly<Record<string, string>> {
  const value = section.raw('settings');
  if (value === undefined) return Object.freeze({});
  if (!isRecord(value)) throw section.refuse('settings', 'an object of server settings and their values');

  const settings = Object.entries(value).map(([name, content]): [string, string] => {
    if (!/^[a-z_][\w.]*$/i.test(name)) {
      throw section.refuse(`settings.${name}`, "a setting's name, e.g. shared_preload_libraries", { value: content });
    }
    if (typeof content === 'boolean') return [name, content ? 'on' : 'off'];
    if (typeof content === 'string' || (typeof content === 'number' && Number.isFinite(content))) {
      return [name, String(content)];
    }
    throw section.refuse(`settings.${name}`, 'a string, a number, true or false', { value: content });
  });
  return Object.freeze(Object.fromEntries(settings));
}
