import { readDatabase } from './database.js';
import { readEnv } from './environment.js';
import { PG_VARIABLES, readPostgresEnv, readPostgresSwap } from './postgres.js';
import { withoutPassword } from './postgres-url.js';
import type { ResolvedDatabase, ResolvedName, ResolvedReplica } from './resolved.js';
import { Section, isRecord } from './section.js';
import { show } from './show.js';

/** The name of the database that `session` belongs to, and of the one that is written as `database`. */
export const MAIN = 'main';

const REPLICA_KEYS = ['replicaOf', 'env', 'swap', 'readOnly'];
const IDENTIFIER = /^[a-z_]\w*$/i;
const ACCEPTED = "an object of databases by their names, e.g. { main: { engine: 'postgres' } }";

/** What `PG*` stands for, as far as databases could be in each other's way. */
const PG_NAMES = ['PGHOST', 'PGPORT', 'PGUSER', 'PGDATABASE', 'PGPASSWORD'];

/** Reads `database`, or `databases`: one of the two. */
export function readDatabases(config: Section): readonly ResolvedDatabase[] {
  const single = config.raw('database');
  const several = config.raw('databases');
  const { source } = config;

  if (several === undefined) {
    if (single === undefined) return Object.freeze([]);
    const called = { name: MAIN, key: 'database', label: undefined, replicas: Object.freeze([]) };
    return Object.freeze([readDatabase(single, source, called)]);
  }
  if (single !== undefined) {
    throw config.refuse('databases', 'nothing beside database', {
      why: `database is short for databases: { ${MAIN}: … }, and both are given.`,
      remedy: `Move database into databases, under the name ${MAIN}.`,
    });
  }
  const entries = readEntries(config, several);
  const databases = readPrimaries(entries, source);

  refuseSameDatabase(config, databases);
  refuseSameVariable(config, databases);
  return Object.freeze(databases);
}

function readEntries(config: Section, value: unknown): readonly (readonly [name: string, entry: unknown])[] {
  if (!isRecord(value)) throw config.refuse('databases', ACCEPTED);

  const entries = Object.entries(value);
  if (entries.length === 0) throw config.refuse('databases', ACCEPTED, { why: 'It names no database.' });
  if (typeof value['engine'] === 'string') {
    throw config.refuse('databases', ACCEPTED, {
      why: `Accepted is ${ACCEPTED}; this is one database.`,
      remedy: 'Did you mean database?',
    });
  }
  for (const [name] of entries) {
    if (IDENTIFIER.test(name)) continue;
    throw config.refuse(`databases[${show(name)}]`, '', {
      value: value[name],
      why: `The name of a database consists of letters, digits and _, and begins with no digit.`,
    });
  }
  return entries;
}

function readPrimaries(
  entries: readonly (readonly [name: string, entry: unknown])[],
  source: string,
): readonly ResolvedDatabase[] {
  const primaries = entries.filter(([, entry]) => !isReplica(entry));
  const names = primaries.map(([name]) => name);
  const replicas = entries.filter(([, entry]) => isReplica(entry));
  const primaryOf = new Map(
    replicas.map(([name, entry]) => [name, readReplicaOf(name, entry, names, entries, source)]),
  );

  return primaries.map(([name, entry]) => {
    const engine = isRecord(entry) ? entry['engine'] : undefined;
    const own = replicas.filter(([replica]) => primaryOf.get(replica) === name);
    const called: ResolvedName = {
      name,
      key: `databases.${name}`,
      label: names.length > 1 ? name : undefined,
      replicas: Object.freeze(own.map(([replica, value]) => readReplica(replica, value, engine, source))),
    };
    return readDatabase(entry, source, called);
  });
}

function isReplica(entry: unknown): boolean {
  return isRecord(entry) && 'replicaOf' in entry;
}

/** The name of a replica's primary. */
function readReplicaOf(
  name: string,
  entry: unknown,
  primaries: readonly string[],
  entries: readonly (readonly [name: string, entry: unknown])[],
  source: string,
): string {
  const section = new Section(entry, `databases.${name}`, source, REPLICA_KEYS);
  const primary = section.raw('replicaOf');
  const found = primaries.find((known) => known === primary);
  if (found !== undefined) return found;

  const accepted = `the name of a database that is no replica: ${primaries.join(', ') || 'there is none'}`;
  const chained = entries.find(([other]) => other === primary && other !== name)?.[1];
  if (chained !== undefined) {
    throw section.refuse('replicaOf', accepted, {
      why: `That is a replica itself. Accepted is ${accepted}.`,
      remedy: `Did you mean ${show((chained as { replicaOf: unknown }).replicaOf)}?`,
    });
  }
  throw section.refuse('replicaOf', accepted, { options: primaries });
}

function readReplica(name: string, entry: unknown, engine: unknown, source: string): ResolvedReplica {
  const section = new Section(entry, `databases.${name}`, source, REPLICA_KEYS);
  if (engine !== 'sqlite') {
    return Object.freeze({
      name,
      env: readPostgresEnv(section),
      swap: readPostgresSwap(section),
      readOnly: section.flag('readOnly') ?? true,
    });
  }

  if (section.raw('swap') !== undefined) {
    throw section.refuse('swap', '', {
      why: 'A replica on SQLite is the same file, which the drivers of its primary lead to.',
      remedy: "Give the drivers in the primary's swap.",
    });
  }
  if (section.flag('readOnly') === true) {
    throw section.refuse('readOnly', 'false', {
      why: 'A replica on SQLite is the same file, so what opens the one cannot be told from what opens the other.',
      remedy: 'Leave it out; the app may open the file for reading only.',
    });
  }
  return Object.freeze({
    name,
    env: readEnv(section, 'the path of the database file'),
    swap: undefined,
    readOnly: false,
  });
}

/** Two sandboxes of one database would wait for each other's locks, and neither would see the other's rows. */
function refuseSameDatabase(config: Section, databases: readonly ResolvedDatabase[]): void {
  const seen = new Map<string, ResolvedDatabase>();

  for (const database of databases) {
    const [key, place] = database.engine === 'sqlite' ? ['file', database.file] : ['url', database.url];
    if (place === undefined) continue;

    const other = seen.get(place);
    if (other === undefined) {
      seen.set(place, database);
      continue;
    }
    throw config.refuse(`${database.key}.${key}`, '', {
      value: place.startsWith('postgres') ? withoutPassword(place) : place,
      why: `It is the database of ${other.key} already, and each has a sandbox of its own.`,
      remedy:
        place === ':memory:'
          ? `Give one of them a file, e.g. file: './${database.name}.test.sqlite3'. It need not exist, and is never written.`
          : `For a second way to one database write ${database.name}: { replicaOf: ${show(other.name)}, … }.`,
    });
  }
}

/** A variable has one value: the app would reach one database where it means two. */
function refuseSameVariable(config: Section, databases: readonly ResolvedDatabase[]): void {
  const owners = new Map<string, string>();

  for (const { key, env, replicas } of databases) {
    const ways = [{ key, env }, ...replicas.map((replica) => ({ key: `databases.${replica.name}`, env: replica.env }))];
    for (const way of ways) {
      for (const variable of way.env) {
        for (const name of variable === PG_VARIABLES ? PG_NAMES : [variable]) {
          const owner = owners.get(name);
          if (owner !== undefined && owner !== way.key) {
            throw config.refuse(`${way.key}.env`, '', {
              value: variable,
              why: `${owner}.env sets ${name} as well, and a variable leads to one database.`,
              remedy: 'Give each its own variable, as the app has them.',
            });
          }
          owners.set(name, way.key);
        }
      }
    }
  }
}
