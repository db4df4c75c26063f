import { dirname, resolve } from 'node:path';

import type { SqliteDriver } from './config.js';
import { readEnv } from './environment.js';
import { readIsolation } from './isolation.js';
import { nearest } from './nearest.js';
import { isFolder } from './paths.js';
import type { ResolvedName, ResolvedSqlite } from './resolved.js';
import type { Section } from './section.js';
import { readSetup } from './setup.js';
import { either, show } from './show.js';

/** The keys of `database` for SQLite. */
export const SQLITE_KEYS: readonly string[] = [
  'engine',
  'file',
  'env',
  'swap',
  'schema',
  'seed',
  'isolation',
  'identities',
  'foreignKeys',
  'allowAnyDatabase',
  'stallTimeout',
  'holdTimeout',
  'drain',
];

const DRIVERS: readonly SqliteDriver[] = ['better-sqlite3', 'sqlite3'];

/** Reads `database` once its engine is known to be SQLite. */
export function readSqlite(section: Section, called: ResolvedName): ResolvedSqlite {
  return Object.freeze({
    ...called,
    engine: 'sqlite',
    file: readFile(section),
    env: readEnv(section, 'the path of the database file'),
    swap: readSwap(section),
    isolation: readIsolation(section),
    identities: readIdentities(section),
    foreignKeys: section.flag('foreignKeys'),
    allowAnyDatabase: section.flag('allowAnyDatabase') ?? false,
    stallTimeout: section.milliseconds('stallTimeout') ?? 500,
    holdTimeout: section.milliseconds('holdTimeout') ?? 10_000,
    drain: section.milliseconds('drain', true) ?? 100,
    ...readSteps(section),
    root: dirname(section.source),
  });
}

/** Reads `identities`. */
function readIdentities(section: Section): 'restart' {
  if (section.raw('identities') === 'keep') {
    throw section.refuse('identities', "'restart'", {
      why: "SQLite's counters are rows of sqlite_sequence, which are rolled back with each test.",
      remedy: 'Leave the key out.',
    });
  }
  return section.choice('identities', ['restart']) ?? 'restart';
}

/** A command is a process of its own: what it makes can only be the beginning. */
function readSteps(section: Section): Pick<ResolvedSqlite, 'schema' | 'seed'> {
  const [schema, seed] = [readSetup(section, 'schema'), readSetup(section, 'seed')];
  const first = schema?.findIndex((step) => step.kind !== 'command') ?? -1;
  const late = first < 0 ? [] : (schema ?? []).slice(first);
  const key = late.some((step) => step.kind === 'command') ? 'schema' : 'seed';

  if (key === 'seed' && seed?.some((step) => step.kind === 'command') !== true) return { schema, seed };
  throw section.refuse(key, '', {
    why: 'A command is another process, and reaches a SQLite database only as a file, before the sandbox reads that into memory.',
    remedy: 'Put commands at the beginning of schema; behind them use files and functions.',
  });
}

function readFile(section: Section): string {
  const written = section.text('file');
  const accepted = "the path of a database file, or ':memory:'";
  if (written === undefined) throw section.refuse('file', accepted);
  if (written === ':memory:' || isSharedMemory(written)) return written;

  if (written.startsWith('file:')) {
    throw section.refuse('file', `${accepted}, not a URI but of the form file:name?mode=memory&cache=shared`);
  }

  const path = resolve(dirname(section.source), written);
  if (!isFolder(dirname(path))) {
    throw section.refuse('file', accepted, {
      why: `The folder ${dirname(path)} does not exist.`,
      remedy: 'Create it.',
    });
  }
  if (isFolder(path)) {
    throw section.refuse('file', accepted, { why: `${path} is a folder.` });
  }
  return path;
}

/** SQLite's form of a database in memory with a name of its own. */
function isSharedMemory(written: string): boolean {
  return /^file:[^?:]+\?(?=.*\bmode=memory\b)(?=.*\bcache=shared\b)/.test(written);
}

function readSwap(section: Section): readonly SqliteDriver[] {
  const names = section.texts('swap') ?? [];

  const drivers = names.map((name) => {
    const driver = DRIVERS.find((known) => known === name);
    if (driver !== undefined) return driver;

    const meant = nearest(name, DRIVERS);
    throw section.refuse('swap', either(DRIVERS.map(show)), {
      value: name,
      why: `It is not a driver that Lockstep can replace; those are ${either(DRIVERS.map(show))}.`,
      remedy: meant === undefined ? 'Give the npm package that the app imports.' : `Did you mean ${show(meant)}?`,
    });
  });
  return Object.freeze([...new Set(drivers)]);
}
