import { NotRunningError, SwapError } from '../../errors.js';
import { connectionName } from '../../sandbox/connection-names.js';
import type { Connection } from './connection.js';
import { canonicalName } from './database-name.js';
import type { Hub } from './hub.js';
import type { NativeDatabase } from './native.js';
import type { SqliteOptions } from './options.js';

/** A user function, aggregate, table or extension that an app's connection has registered. */
export type Registration = (database: NativeDatabase) => void;

/** A database that belongs to Lockstep. */
interface Claimed {
  /** There while a sandbox is open. */
  hub: Hub | undefined;
  /** Whether the app has opened it. */
  opened: boolean;
  /** What messages call it, where there are several. */
  readonly label: string | undefined;
  /** How many calls an asynchronous driver has taken from the app, and how many answers it has given back. */
  calls: number;
}

/** What the drop-in drivers and the engine must agree on, once per process. */
interface Registry {
  /** Databases that belong to Lockstep, by canonical name. */
  readonly databases: Map<string, Claimed>;
  /** Files that are not Lockstep's and that an app opened through a drop-in driver. */
  readonly others: Set<string>;
  /** Where real drivers are resolved from. */
  root: string | undefined;
  /** How many connections each driver has opened: their names count on. */
  readonly counts: Map<string, number>;
  /** Connections with statements that are not answered yet, oldest first. */
  readonly pending: Set<Connection>;
  /** Registered functions by name: a later hub needs them as well, since apps register only once. */
  readonly registrations: Map<string, Registration>;
}

const KEY = Symbol.for('lockstep.sqlite');

// A TypeScript loader may load the package twice, and both copies must meet in one hub.
const shared = globalThis as { [KEY]?: Registry };

export const registry: Registry = (shared[KEY] ??= {
  databases: new Map(),
  others: new Set(),
  root: undefined,
  counts: new Map(),
  pending: new Set(),
  registrations: new Map(),
});

/** Makes a database Lockstep's: from now on the drop-in drivers send it to the sandbox. Returns its canonical name. */
export function claim({ file, root, label }: Pick<SqliteOptions, 'file' | 'root' | 'label'>): string {
  const name = canonicalName(file);
  const { hub, opened = false, calls = 0 } = registry.databases.get(name) ?? {};
  registry.root = root;
  registry.databases.set(name, { hub, opened, label, calls });
  return name;
}

/**
 * The canonical name of a database that is Lockstep's, undefined for one that is to be opened for
 * real.
 *
 * @throws SwapError when Lockstep has claimed no database in this process.
 */
export function claimed(file: string, driver: string): string | undefined {
  if (registry.databases.size === 0) {
    throw new SwapError({
      what: `lockstep/drivers/${driver} was asked to open "${file}" while Lockstep is not running.`,
      why: "It is a stand-in for tests and knows no database before Lockstep has read the config's database.file.",
      remedy:
        'Use it in the test\'s configuration only, and make lockstep/mocha the first entry of "require" in .mocharc.json.',
    });
  }

  const name = canonicalName(file);
  const database = registry.databases.get(name);
  if (database === undefined) {
    registry.others.add(name);
    return undefined;
  }
  database.opened = true;
  return name;
}

/**
 * Warns when the app never opened the claimed database, but another one through a drop-in driver, or
 * loaded a real driver: then a path or a driver in the config is most likely wrong, and the app
 * wrote to a real database.
 *
 * @param key the database's place in the config
 * @param realDrivers those that the app has loaded although they could have been swapped
 */
export function warnOfOthers(database: string, key: string, realDrivers: readonly string[]): void {
  if (registry.databases.get(database)?.opened !== false) return;

  const files = [...registry.others].filter((file) => file !== '').map((file) => `"${file}"`);
  const [did, remedy] =
    files.length > 0
      ? [
          `opened ${files.join(', ')}`,
          `Set ${key}.file, or name in ${key}.env the variable that the app takes the path from.`,
        ]
      : [`loaded the real ${realDrivers.join(' and ')}`, `Set ${key}.swap: ${show(realDrivers)}.`];
  if (files.length === 0 && realDrivers.length === 0) return;

  process.emitWarning(
    `The app never opened "${database}", the config's ${key}.file, but it ${did}: ` +
      `what it wrote there is real and was not rolled back. ${remedy}`,
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
  const hub = registry.databases.get(database)?.hub;
  if (hub !== undefined) return hub;

  throw new NotRunningError({
    what: `${connection} used the database "${database}" while no sandbox is open.`,
    why: 'Outside the test run there is nothing that would undo the query.',
    remedy: "Query the database in tests and hooks only; put what all tests need into the config's schema or seed.",
  });
}

/** An asynchronous driver has taken a call from the app, or answers one. */
export function countCall(database: string): void {
  const claimed = registry.databases.get(database);
  if (claimed !== undefined) claimed.calls += 1;
}

/** A name for a new connection to a claimed database, e.g. `sqlite3 connection 2`. */
export function nameConnection(driver: string, database: string): string {
  const count = (registry.counts.get(driver) ?? 0) + 1;
  registry.counts.set(driver, count);
  return connectionName(`${driver} connection ${count}`, registry.databases.get(database)?.label);
}

/** Registers a function with the open hubs and with all to come. */
export function registerEverywhere(key: string, registration: Registration): void {
  for (const { hub } of registry.databases.values()) hub?.register(registration);
  registry.registrations.set(key, registration);
}
