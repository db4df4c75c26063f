import type { ResolvedDatabase } from './resolved.js';
import { Section } from './section.js';
import { SQLITE_KEYS, readSqlite } from './sqlite.js';

const LATER_ENGINES: readonly unknown[] = ['postgres', 'postgresql', 'mysql'];

/** Reads `database`: its engine first, since that decides which keys there are. */
export function readDatabase(value: unknown, source: string): ResolvedDatabase {
  // With only one engine there is only one list of keys; a second engine looks its list up here.
  const section = new Section(value, 'database', source, SQLITE_KEYS);

  if (LATER_ENGINES.includes(section.raw('engine'))) {
    throw section.refuse('engine', "'sqlite'", { why: "This engine is not available in this version; 'sqlite' is." });
  }

  if (section.choice('engine', ['sqlite']) === undefined) {
    throw section.refuse('engine', "'sqlite'", {
      why: 'The kind of the database must be named.',
      remedy: "Add engine: 'sqlite'.",
    });
  }
  return readSqlite(section);
}
