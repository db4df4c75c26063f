import type { Engine, Host, Sandbox } from '../engine.js';
import { setEnvironment } from '../environment.js';
import { swap } from '../swap/index.js';
import { canonicalName, refuseUnsafe } from './database-name.js';
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

  prepare(options: SqliteOptions): () => void {
    claim(options.file, options.root);
    const unswap = swap(
      options.swap.map((name) => ({
        name,
        url: new URL(`./drivers/${name}.js`, import.meta.url).href,
        driver: DRIVERS[name],
      })),
    );
    const restoreEnvironment = setEnvironment((options.env ?? []).map((name) => [name, options.file]));

    return () => {
      restoreEnvironment();
      unswap();
    };
  },

  open(options: SqliteOptions, host: Host): Sandbox {
    refuseUnsafe(options.file, options.allowAnyDatabase);
    claim(options.file, options.root);

    const name = canonicalName(options.file);
    const hub = new Hub(name, options, host);
    registry.databases.set(name, { hub, opened: registry.databases.get(name)?.opened ?? false });
    return hub;
  },
};
