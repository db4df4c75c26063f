import { SwapError } from '../../errors.js';
import { runnerWords } from '../../runner-words.js';
import { connectionName } from '../../sandbox/connection-names.js';
import { Connection } from './connection.js';
import { canonicalName, inMemory, isSharedMemory, MEMORY, sharesMemory } from './database-name.js';
import { type Opener, openerOf } from './memory/opener.js';
import { addDatabase, type Claimed, nameOther, registry } from './registry.js';

/** A database of Lockstep's that is meant by what the app opens. */
export interface Claim {
  /** Its name in the registry. */
  readonly database: string;
  /** Who opens it; undefined where that does not matter. */
  readonly opener: string | undefined;
}

/**
 * The database of Lockstep's that is meant by the file that an app opens, undefined for one that is
 * to be opened for real.
 *
 * @throws SwapError when Lockstep has claimed no database in this process.
 */
export function claimed(file: string, driver: string): Claim | undefined {
  if (registry.databases.size === 0) {
    throw new SwapError({
      what: `lockstep/drivers/${driver} was asked to open "${file}" while Lockstep is not running.`,
      why: "It is a stand-in for tests and knows no database before Lockstep has read the config's database.file.",
      remedy: `Use it in the test's configuration only, and make ${runnerWords().first}.`,
    });
  }

  const written = canonicalName(file);
  const byPath = registry.memoryPath !== undefined && written === canonicalName(registry.memoryPath);
  const name = byPath ? MEMORY : written;
  const database = registry.databases.get(name);
  const names = registry.databases.get(MEMORY)?.names;

  if (database === undefined) {
    if (names !== undefined && isSharedMemory(name)) return { database: names.nameShared(name), opener: undefined };
    registry.others.add(name);
    return undefined;
  }
  if (name === MEMORY && !byPath && !sharesMemory(file)) return claimMemory(database, openerOf());

  database.opened = true;
  database.byPath ||= byPath;
  return { database: name, opener: undefined };
}

function claimMemory(main: Claimed, opener: Opener): Claim {
  if (opener.kind === 'package') {
    registry.packages.add(opener.name);
    const database = main.names?.nameFor(opener) ?? nameEarly(opener);
    return { database, opener: opener.name };
  }

  const database = main.names?.nameFor(opener) ?? MEMORY;
  main.opened = true;
  return { database, opener: opener.name };
}

/** Before the sandbox is open: it is made with the first statement. */
function nameEarly({ name }: Opener): string {
  const other = nameOther('own');
  addDatabase(other, name);
  return other;
}

/** A connection that is being opened. */
export interface Opening {
  /** As the app has written it. */
  readonly file: string;
  readonly claim: Claim;
  readonly driver: string;
  readonly readonly: boolean;
  /** Whether the driver opens it with foreign keys on. */
  readonly foreignKeys: boolean;
}

/** A new connection to a claimed database, named e.g. `sqlite3 connection 2`. */
export function connectTo({ file, claim, driver, readonly, foreignKeys }: Opening): Connection {
  const { database, opener } = claim;
  const count = (registry.counts.get(driver) ?? 0) + 1;
  registry.counts.set(driver, count);

  const claimed = registry.databases.get(database);
  const name = connectionName(`${driver} connection ${count}`, claimed?.label);
  const connection = new Connection(name, database, { readonly, memory: inMemory(file), foreignKeys });
  claimed?.connections.set(connection, { opener, scope: registry.databases.get(MEMORY)?.names?.scope ?? 0 });
  return connection;
}

/** The app has closed a connection. */
export function disconnect(connection: Connection): void {
  connection.hub?.disconnect(connection);
  registry.databases.get(connection.database)?.connections.delete(connection);
  registry.databases.get(MEMORY)?.names?.disconnected(connection);
}
