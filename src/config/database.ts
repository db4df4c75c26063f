import { POSTGRES_KEYS, readPostgres } from './postgres.js';
import type { ResolvedDatabase, ResolvedName } from './resolved.js';
import { Section, isRecord } from './section.js';
import { either, show } from './show.js';
import { SQLITE_KEYS, readSqlite } from './sqlite.js';

/** The one list of engines: the keys of `database` that each has, and what reads them. */
const ENGINES: Readonly<Record<ResolvedDatabase['engine'], EngineSection>> = {
  sqlite: { keys: SQLITE_KEYS, read: readSqlite },
  postgres: { keys: POSTGRES_KEYS, read: readPostgres },
};

interface EngineSection {
  readonly keys: readonly string[];
  readonly read: (section: Section, name: ResolvedName) => ResolvedDatabase;
}

const NAMES = Object.keys(ENGINES) as ResolvedDatabase['engine'][];

/** Other names of an engine, and those of its drivers, that the letters alone would not lead to. */
const ALIASES: Readonly<Record<string, ResolvedDatabase['engine']>> = {
  pg: 'postgres',
  postgresql: 'postgres',
  'pg-native': 'postgres',
  'better-sqlite3': 'sqlite',
  sqlite3: 'sqlite',
};

const LATER: readonly unknown[] = ['mysql', 'mariadb'];

/** Every key that `database` has with some engine. */
export const DATABASE_KEYS: readonly string[] = [...new Set(Object.values(ENGINES).flatMap(({ keys }) => keys))];

/** Reads one database: its engine first, since that decides which keys there are. */
export function readDatabase(value: unknown, source: string, called: ResolvedName): ResolvedDatabase {
  const engine = NAMES.find((name) => isRecord(value) && value['engine'] === name);
  if (engine === undefined) throw wrongEngine(new Section(value, called.key, source, DATABASE_KEYS));

  const { keys, read } = ENGINES[engine];
  return read(new Section(value, called.key, source, keys), called);
}

function wrongEngine(section: Section): Error {
  const value = section.raw('engine');
  const accepted = either(NAMES.map(show));

  if (value === undefined) {
    return section.refuse('engine', accepted, {
      why: 'The kind of the database must be named.',
      remedy: `Add ${either(NAMES.map((name) => `engine: ${show(name)}`))}.`,
    });
  }
  if (LATER.includes(value)) {
    return section.refuse('engine', accepted, {
      why: `This engine is not available in this version; ${accepted} are.`,
    });
  }
  const alias = typeof value === 'string' ? ALIASES[value.toLowerCase()] : undefined;
  return section.refuse('engine', accepted, {
    options: NAMES,
    ...(alias !== undefined && { remedy: `Did you mean ${show(alias)}?` }),
  });
}
