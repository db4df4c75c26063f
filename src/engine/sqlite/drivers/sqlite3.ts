/**
 * A stand-in for sqlite3 (node-sqlite3): the configured database is a virtual connection on
 * Lockstep's hub, every other file is opened by the real driver.
 */
import { resolve } from 'node:path';
import { requireReal } from '../../swap/real.js';
import { claimed } from '../opening.js';
import { registry } from '../registry.js';
import { CONSTANTS, OPEN_CREATE, OPEN_FULLMUTEX, OPEN_READONLY, OPEN_READWRITE } from './sqlite3-constants.js';
import { VirtualDatabase } from './sqlite3-database.js';
import { type Callback, Statement } from './sqlite3-statement.js';
import { beVerbose, isVerbose } from './sqlite3-verbose.js';
import { nextTick } from '../../../real-time.js';

/** What is exported as `Database`. */
export interface DatabaseConstructor {
  new (filename: string, callback?: (error: Error | null) => void): VirtualDatabase;
  new (filename: string, mode?: number, callback?: (error: Error | null) => void): VirtualDatabase;
  readonly prototype: VirtualDatabase;
}

/** The driver, as `import sqlite3 from 'sqlite3'` gives it; the constants of SQLite are on it as well. */
export interface Sqlite3 {
  readonly Database: DatabaseConstructor;
  readonly Statement: typeof Statement;
  readonly cached: {
    readonly Database: DatabaseConstructor;
    readonly objects: Record<string, VirtualDatabase>;
  };
  readonly VERSION: string;
  readonly OPEN_READONLY: number;
  readonly OPEN_READWRITE: number;
  readonly OPEN_CREATE: number;
  verbose(): Sqlite3;
}

interface RealSqlite3 {
  readonly Database: new (...parameters: unknown[]) => object;
  verbose(): unknown;
}

function openDatabase(newTarget: unknown, filename: unknown, ...rest: unknown[]): object {
  if (typeof filename !== 'string') throw new TypeError('String expected');

  const mode = typeof rest[0] === 'number' ? rest[0] : OPEN_READWRITE | OPEN_CREATE | OPEN_FULLMUTEX;
  const callback = rest.find((value): value is Callback => typeof value === 'function');
  const claim = claimed(filename, 'sqlite3');
  if (claim === undefined) return openReal(filename, ...rest);

  return Reflect.construct(VirtualDatabase, [filename, claim, mode, callback], newTarget as typeof VirtualDatabase);
}

function openReal(...parameters: unknown[]): object {
  const real = requireReal('sqlite3', registry.root) as RealSqlite3;
  if (isVerbose()) real.verbose();
  return new real.Database(...parameters);
}

// A proxy, so that `class X extends sqlite3.Database` still makes an X.
const Database = new Proxy(VirtualDatabase, {
  apply: () => {
    throw new TypeError("Class constructors cannot be invoked without 'new'");
  },
  construct: (_target, [filename, ...rest]: unknown[], newTarget) => openDatabase(newTarget, filename, ...rest),
}) as unknown as DatabaseConstructor;
Object.defineProperty(VirtualDatabase, 'name', { value: 'Database' });
Object.defineProperty(VirtualDatabase.prototype, 'constructor', {
  value: Database,
  writable: true,
  configurable: true,
});

const objects: Record<string, VirtualDatabase> = {};

/** One connection per file, for all who ask. */
function openCached(filename: string, mode?: unknown, callback?: unknown): VirtualDatabase {
  const open = (): VirtualDatabase => Reflect.construct(Database, [filename, mode, callback]) as VirtualDatabase;
  if (filename === '' || filename === ':memory:') return open();

  const path = resolve(filename);
  const known = objects[path];
  if (known === undefined) return (objects[path] = open());

  const told = typeof mode === 'function' ? mode : callback;
  if (typeof told !== 'function') return known;
  const tell = (): void => void (told as Callback).call(known, null);
  if (known.open) nextTick(tell);
  else known.once('open', tell);
  return known;
}

const cached: Sqlite3['cached'] = { Database: openCached as unknown as DatabaseConstructor, objects };

function verbose(): Sqlite3 {
  beVerbose();
  return sqlite3;
}

/** The version of SQLite that better-sqlite3 brings is known only once it is loaded; libraries only print this one. */
const VERSION = '3';

const sqlite3: Sqlite3 = { ...CONSTANTS, Database, Statement, cached, VERSION, verbose } as unknown as Sqlite3;

export default sqlite3;
export {
  cached,
  Database,
  OPEN_CREATE,
  OPEN_READONLY,
  OPEN_READWRITE,
  sqlite3 as 'module.exports',
  Statement,
  verbose,
};
