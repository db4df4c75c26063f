import type { Engine, Host, LoadedEngine, Sandbox } from '../engine.js';
import { setEnvironment } from '../environment.js';
import { swap } from '../swap/index.js';
import { refuseUnsafe } from './database-name.js';
import Database from './drivers/better-sqlite3.js';
import sqlite3 from './drivers/sqlite3.js';
import { Hub } from './hub.js';
import type { SqliteOptions } from './options.js';
import { claim, registry } from './registry.js';

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
      prepare: () => prepare(options),
      // As a promise, whatever it throws.
      open: async (host: Host) => await Promise.resolve(open(options, host)),
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
  const variables = [options, ...(options.replicas ?? [])].flatMap(({ env = [] }) => env);
  const restoreEnvironment = setEnvironment(variables.map((name) => [name, options.file]));

  return () => {
    restoreEnvironment();
    unswap();
  };
}

function open(options: SqliteOptions, host: Host): Sandbox {
  refuseUnsafe(options.file, options.allowAnyDatabase);

  const name = claim(options);
  const hub = new Hub(name, options, host);
  const claimed = registry.databases.get(name);
  if (claimed !== undefined) claimed.hub = hub;
  return hub;
}
