import type { Engine, Host, Inside, LoadedEngine, Sandbox } from '../engine.js';
import { setEnvironment } from '../environment.js';
import { swap } from '../swap/index.js';
import { MEMORY, refuseUnsafe } from './database-name.js';
import Database from './drivers/better-sqlite3.js';
import sqlite3 from './drivers/sqlite3.js';
import { Hub } from './hub.js';
import { MemoryDatabases } from './memory/memory-databases.js';
import type { SqliteOptions } from './options.js';
import { claim, claimedBy, pathFor } from './registry.js';
import { clearPath } from './stand-in-path.js';
import { SwitchedSandbox } from './switched-sandbox.js';

/** The drop-in of each driver. */
const DRIVERS: Readonly<Record<SqliteOptions['swap'][number], unknown>> = { 'better-sqlite3': Database, sqlite3 };

/**
 * SQLite by better-sqlite3. Drivers of the app are replaced by drop-ins, through Node's module hooks
 * or by the user's own hand; both share the hub that `open` makes.
 */
export const sqlite: Engine<SqliteOptions> = {
  name: 'sqlite',

  load(options: SqliteOptions): Promise<LoadedEngine> {
    return Promise.resolve({
      url: isLed(options) ? pathFor(options) : options.file,
      otherServers: [],
      prepare: () => prepare(options),
      // As a promise, whatever it throws.
      open: async (host: Host, image?: string) =>
        await Promise.resolve(open(image === undefined ? options : { ...options, image }, host)),
    });
  },
};

function prepare(options: SqliteOptions): () => void {
  claim(options);
  const unswap = swap(
    options.swap.map((name) => ({
      name,
      url: new URL(`./drivers/${name}.js`, import.meta.url).href,
      driver: DRIVERS[name],
    })),
    options.root,
  );
  const path = isLed(options) ? pathFor(options) : undefined;
  const restoreEnvironment = setEnvironment(path === undefined ? [] : variablesOf(options).map((name) => [name, path]));

  const clear = (): void => {
    process.off('exit', clear);
    if (path !== undefined && path !== options.file) clearPath(path);
  };
  process.once('exit', clear);

  return () => {
    restoreEnvironment();
    unswap();
    clear();
  };
}

/** The variables by which the app is led to the database. */
function variablesOf({ env = [], replicas = [] }: SqliteOptions): readonly string[] {
  return [...env, ...replicas.flatMap((replica) => replica.env)];
}

function isLed(options: SqliteOptions): boolean {
  return variablesOf(options).length > 0;
}

function open(options: SqliteOptions, host: Host): Sandbox {
  refuseUnsafe(options.file, options.allowAnyDatabase);

  const name = claim(options);
  const hub = new Hub(name, options, host);
  const claimed = claimedBy(name);
  claimed.hub = hub;
  const inside: Inside = name === MEMORY ? new MemoryDatabases(hub, options, host) : hub;
  return new SwitchedSandbox({ inside, main: hub, claimed, host });
}
