import { NotRunningError } from '../../errors.js';
import type { Connection } from './connection.js';
import { canonicalName, MEMORY } from './database-name.js';
import type { Hub } from './hub.js';
import type { Opener } from './memory/opener.js';
import type { OpenConnection } from './memory/starts-anew.js';
import type { NativeDatabase } from './native.js';
import type { SqliteOptions } from './options.js';
import { openedByOthers } from './real-openings.js';
import { isThere, standInPath } from './stand-in-path.js';

/** A user function, aggregate, table or extension that an app's connection has registered. */
export type Registration = (database: NativeDatabase) => void;

/** Tells which database `:memory:` means, while a sandbox has several. */
export interface MemoryNames {
  /** Number of the innermost scope that is open; 0 without one. */
  readonly scope: number;
  /** The name in the registry of the one that is meant by whoever opens `:memory:` now. */
  nameFor(opener: Opener): string;
  /** The same for a name in memory that all share who use it. */
  nameShared(name: string): string;
  /** The hub of one of its databases, which may have been put away. */
  hubOf(name: string): Hub | undefined;
  /** A connection was closed. */
  disconnected(connection: Connection): void;
}

/** A database that belongs to Lockstep. */
export interface Claimed {
  /** There while a sandbox is open. */
  hub: Hub | undefined;
  /** Whether the app has opened it. */
  opened: boolean;
  /** Whether it has come to it by the path that stands for `:memory:`. */
  byPath: boolean;
  /** What messages call it, where there are several. */
  readonly label: string | undefined;
  /** How many calls an asynchronous driver has taken from the app, and how many answers it has given back. */
  calls: number;
  /** The app's connections that are open. */
  readonly connections: Map<Connection, OpenConnection>;
  /** Of `:memory:`, while a sandbox is open. */
  names: MemoryNames | undefined;
}

/** What the drop-in drivers and the engine must agree on, once per process. */
interface Registry {
  /** Databases that belong to Lockstep, by canonical name. */
  readonly databases: Map<string, Claimed>;
  /** The path by which an app is led to the database in memory; the same for all runs of the process. */
  memoryPath: string | undefined;
  /** Files that are not Lockstep's and that an app opened through a drop-in driver. */
  readonly others: Set<string>;
  /** Packages that were given a database in memory of their own. */
  readonly packages: Set<string>;
  /** How many databases in memory there were beside the config's. */
  numbered: number;
  /** How many scopes were begun: connections remember theirs over all sandboxes. */
  scopes: number;
  /** Where real drivers are resolved from. */
  root: string | undefined;
  /** How many connections each driver has opened: their names count on. */
  readonly counts: Map<string, number>;
  /** Connections with statements that are not answered yet, oldest first. */
  readonly pending: Set<Connection>;
  /** Registered functions by name: a later hub needs them as well, since apps register only once. */
  readonly registrations: Map<string, Registration>;
}

const OTHER = `${MEMORY}#`;
const KEY = Symbol.for('lockstep.sqlite');

// A TypeScript loader may load the package twice, and both copies must meet in one hub.
const shared = globalThis as { [KEY]?: Registry };

export const registry: Registry = (shared[KEY] ??= {
  databases: new Map(),
  memoryPath: undefined,
  others: new Set(),
  packages: new Set(),
  numbered: 0,
  scopes: 0,
  root: undefined,
  counts: new Map(),
  pending: new Set(),
  registrations: new Map(),
});

/** What the app is given to reach a database: the file itself, and for `:memory:` a path that stands for it. */
export function pathFor({ file }: Pick<SqliteOptions, 'file'>): string {
  return file === MEMORY ? (registry.memoryPath ??= standInPath()) : file;
}

/** Makes a database Lockstep's: from now on the drop-in drivers send it to the sandbox. Returns its canonical name. */
export function claim({ file, root, label }: Pick<SqliteOptions, 'file' | 'root' | 'label'>): string {
  const name = canonicalName(file);
  registry.root = root;
  registry.databases.set(name, { ...(registry.databases.get(name) ?? newDatabase()), label });
  return name;
}

/** @throws Error when it was not claimed. */
export function claimedBy(name: string): Claimed {
  const claimed = registry.databases.get(name);
  if (claimed === undefined) throw new Error(`Registry: ${name} is not claimed.`);
  return claimed;
}

/** Another database in memory, of that name; there already if it comes from a former run. */
export function addDatabase(name: string, label: string | undefined): Claimed {
  const known = registry.databases.get(name);
  if (known !== undefined) return known;

  const added = { ...newDatabase(), opened: true, label };
  registry.databases.set(name, added);
  return added;
}

export function forgetDatabase(name: string): void {
  registry.databases.delete(name);
}

/** A name for another database in memory, unique in the process because connections outlive a sandbox. */
export function nameOther(kind: 'anew' | 'own'): string {
  registry.numbered += 1;
  return `${OTHER}${kind}-${registry.numbered}`;
}

/** Whether `nameOther` has given that name. */
export function isOther(name: string, kind: 'anew' | 'own'): boolean {
  return name.startsWith(OTHER + kind);
}

function newDatabase(): Claimed {
  return {
    hub: undefined,
    opened: false,
    byPath: false,
    label: undefined,
    calls: 0,
    connections: new Map(),
    names: undefined,
  };
}

/**
 * Warns when the app never opened the claimed database, but another one through a drop-in driver, or
 * has a real driver: then a path or a driver in the config is most likely wrong, and the app wrote to
 * a real database.
 *
 * @param key the database's place in the config
 * @param realDrivers those that the app has although they could have been swapped
 */
export function warnOfOthers(database: string, key: string, realDrivers: readonly string[]): void {
  if (registry.databases.get(database)?.opened !== false) return;

  const mistake = mistakeOf(key, realDrivers);
  if (mistake === undefined) {
    warnOfPackages(database, key);
    return;
  }
  const [did, remedy] = mistake;

  process.emitWarning(
    `The app never opened "${database}", the config's ${key}.file, but it ${did}: ` +
      `what it wrote there is real and was not rolled back. ${remedy}`,
    { code: 'LOCKSTEP_OTHER_DATABASE' },
  );
}

/** What the app did in place of opening the database, and what mends it; undefined where nothing is known. */
function mistakeOf(key: string, realDrivers: readonly string[]): readonly [did: string, remedy: string] | undefined {
  const others = [...registry.others].filter((file) => file !== '');
  if (others.length > 0) {
    const remedy = `Set ${key}.file, or name in ${key}.env the variable that the app takes the path from.`;
    return [`opened ${quoted(others)}`, remedy];
  }

  if (realDrivers.length > 0) {
    const opened = openedByOthers();
    const did = opened.length > 0 ? `opened ${quoted(opened)} with` : 'loaded';
    return [`${did} the real ${realDrivers.join(' and ')}`, `Set ${key}.swap: ${show(realDrivers)}.`];
  }

  const { memoryPath } = registry;
  if (memoryPath === undefined || !isThere(memoryPath)) return undefined;
  return [
    `opened ${quoted([memoryPath])}, which stands for it, with a driver that is not swapped`,
    `Name the app's driver in ${key}.swap.`,
  ];
}

function quoted(files: readonly string[]): string {
  return files.map((file) => `"${file}"`).join(', ');
}

function warnOfPackages(database: string, key: string): void {
  if (registry.packages.size === 0) return;

  process.emitWarning(
    `The app never opened "${database}", the config's ${key}.file, but the package ${[...registry.packages].join(', ')} did: ` +
      `what it keeps in memory counts as a cache of its own, in another database than the session's. ` +
      `If the app reaches its database by it, name a path in ${key}.file, and in ${key}.env the variable that the app takes it from.`,
    { code: 'LOCKSTEP_OTHER_DATABASE' },
  );
}

function show(names: readonly string[]): string {
  return `[${names.map((name) => `'${name}'`).join(', ')}]`;
}

/**
 * The hub that a connection's next statement goes to. Asked for at every call: apps keep their pool
 * while sandboxes come and go.
 *
 * @throws NotRunningError when no sandbox is open.
 */
export function hubOf(database: string, connection: string): Hub {
  const hub = findHub(database);
  if (hub !== undefined) return hub;

  throw new NotRunningError({
    what: `${connection} used the database "${database}" while no sandbox is open.`,
    why: 'Outside the test run there is nothing that would undo the query.',
    remedy: "Query the database in tests and hooks only; put what all tests need into the config's schema or seed.",
  });
}

/** The same; undefined when no sandbox is open. */
export function findHub(database: string): Hub | undefined {
  return registry.databases.get(database)?.hub ?? registry.databases.get(MEMORY)?.names?.hubOf(database);
}

/** An asynchronous driver has taken a call from the app, or answers one. */
export function countCall(database: string): void {
  const claimed = registry.databases.get(database);
  if (claimed !== undefined) claimed.calls += 1;
}

/** Registers a function with the open hubs and with all to come. */
export function registerEverywhere(key: string, registration: Registration): void {
  for (const { hub } of registry.databases.values()) hub?.register(registration);
  registry.registrations.set(key, registration);
}
