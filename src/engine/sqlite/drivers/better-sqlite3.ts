/**
 * A stand-in for better-sqlite3: the configured database is a virtual connection on Lockstep's hub,
 * every other file is opened by the real driver.
 */
import { access, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RefusedStatementError } from '../../../errors.js';
import { classify } from '../../../sql/classify.js';
import { split } from '../../../sql/split.js';
import { requireReal } from '../../swap/real.js';
import { enterNow, runNow } from '../client.js';
import type { Connection } from '../connection.js';
import { MEMORY } from '../database-name.js';
import type { Effect } from '../../../sql/effect.js';
import type { Execution } from '../emulation.js';
import type { Hub } from '../hub.js';
import type { NativeModule, NativeStatement } from '../native.js';
import { type Claim, claimed, connectTo, disconnect } from '../opening.js';
import { openOwn } from '../real-openings.js';
import { hubOf, registerEverywhere, type Registration, registry } from '../registry.js';
import { BusyConnection } from './better-sqlite3-busy.js';
import { Statement, type StatementOwner } from './better-sqlite3-statement.js';
import { type Transaction, wrapTransaction } from './better-sqlite3-transaction.js';

/** The options of better-sqlite3 that mean something to a virtual connection. */
export interface DatabaseOptions {
  readonly readonly?: boolean;
  readonly fileMustExist?: boolean;
  readonly timeout?: number;
  readonly verbose?: ((message?: unknown) => void) | null;
}

const DRIVER = 'better-sqlite3';
const NOT_OPEN = 'The database connection is not open';

/** A connection to the configured database, with better-sqlite3's API. */
class VirtualDatabase implements StatementOwner {
  readonly name: string;
  readonly memory: boolean;
  readonly readonly: boolean;
  declare readonly connection: Connection;
  declare readonly busy: BusyConnection;
  declare readonly verbose: ((sql: string) => void) | undefined;
  #open = true;
  #safeIntegers = false;
  /** Whether the statements of transactions are prepared, as the driver does for the first one. */
  #transactions = false;

  constructor(file: string, claim: Claim, options: DatabaseOptions) {
    this.name = file;
    this.memory = file.trim() === MEMORY;
    this.readonly = options.readonly === true;
    const connection = connectTo({ file, claim, driver: DRIVER, readonly: this.readonly, foreignKeys: true });
    // Loggers print databases, and this would show them our insides.
    Object.defineProperties(this, {
      connection: { value: connection },
      busy: { value: new BusyConnection(() => registry.databases.get(connection.database)?.hub) },
      verbose: { value: options.verbose ?? undefined },
    });
  }

  get open(): boolean {
    return this.#open;
  }

  get inTransaction(): boolean {
    const { hub } = this.connection;
    return this.#open && hub !== undefined && hub.inTransaction(this.connection);
  }

  get safeIntegers(): boolean {
    return this.#safeIntegers;
  }

  prepare(source: string): Statement {
    requireString(source, 'first');
    return new Statement(this, source);
  }

  exec(source: string): this {
    requireString(source, 'first');
    const hub = this.hub();
    this.busy.requireWritable();
    const [first, ...rest] = split(source, 'sqlite');
    if (first === undefined) return this;

    enterNow(hub, this.connection, first, classify(first, 'sqlite'), rest.length > 0);
    this.busy.begin();
    try {
      for (const sql of [first, ...rest]) hub.perform(this.connection, sql, classify(sql, 'sqlite'), this.#script(hub));
    } finally {
      this.busy.end();
      hub.leave(this.connection);
    }
    return this;
  }

  pragma(source: string, options: { readonly simple?: boolean } = {}): unknown {
    requireString(source, 'first');
    if (typeof options !== 'object') throw new TypeError('Expected second argument to be an options object');
    const { simple = false } = options;
    const sql = `PRAGMA ${source}`;
    const hub = this.hub();
    this.busy.requireWritable();

    return this.run<unknown>(hub, sql, classify(sql, 'sqlite'), {
      forward: (statement) => readPragma(hub.handle.prepare(statement), simple),
      emulated: () => [],
      count: () => 0,
    });
  }

  transaction<Work extends (...parameters: never[]) => unknown>(work: Work): Transaction<Work> {
    if (typeof work !== 'function') throw new TypeError('Expected first argument to be a function');
    if (!this.#transactions) {
      this.#requireOpen();
      this.busy.requireIdle();
      this.#transactions = true;
    }
    return wrapTransaction(this, work);
  }

  function(name: string, ...definition: readonly unknown[]): this {
    return this.#register(`function ${name} ${lengthOf(definition.at(-1))}`, (native) =>
      native.function(name, ...definition),
    );
  }

  aggregate(name: string, options: unknown): this {
    return this.#register(`aggregate ${name}`, (native) => native.aggregate(name, options));
  }

  table(name: string, definition: unknown): this {
    return this.#register(`table ${name}`, (native) => native.table(name, definition));
  }

  loadExtension(...parameters: readonly unknown[]): this {
    requireString(parameters[0], 'first');
    return this.#register(`extension ${parameters.join(' ')}`, (native) => native.loadExtension(...parameters));
  }

  serialize(options?: unknown): Buffer {
    this.#requireOpen();
    this.busy.requireNoIterators();
    return this.#image(options);
  }

  #image(options?: unknown): Buffer {
    const hub = this.hub();
    if (hub.fromImage && hub.handle.inTransaction) {
      throw new RefusedStatementError({
        what: 'serialize() and backup() cannot run in a sandbox whose database came from a file.',
        why: 'SQLite would copy the database as it was before the test, without the work that is to be rolled back.',
        remedy: "Use file: ':memory:' with schema and seed in the config for this test.",
      });
    }
    hub.wholeSchema();
    return hub.handle.serialize(options);
  }

  async backup(file: string): Promise<{ totalPages: number; remainingPages: number }> {
    requireString(file, 'first');
    const folder = dirname(file);
    await access(folder).catch(() => {
      throw new TypeError('Cannot save backup because the directory does not exist');
    });
    this.#requireOpen();
    this.busy.requireIdle();

    // Iterators do not hinder it.
    const image = this.#image();
    await writeFile(file, image);

    const pageSize = this.hub().handle.pragma('page_size', { simple: true }) as number;
    return { totalPages: image.length / pageSize, remainingPages: 0 };
  }

  close(): this {
    if (!this.#open) return this;
    this.busy.requireNoIterators();

    disconnect(this.connection);
    this.#open = false;
    return this;
  }

  defaultSafeIntegers(...on: readonly [on?: boolean]): this {
    this.#safeIntegers = onOff(on);
    return this;
  }

  /** Allows writing beside iterators. The real handle is everybody's: what SQLite itself defends stays so. */
  unsafeMode(...on: readonly [on?: boolean]): this {
    this.busy.unsafe = onOff(on);
    return this;
  }

  hub(): Hub {
    this.#requireOpen();
    return hubOf(this.connection.database, this.connection.name);
  }

  run<Result>(hub: Hub, sql: string, effect: Effect, execution: Execution<Result>): Result {
    this.busy.begin();
    try {
      return runNow(hub, this.connection, sql, effect, execution);
    } finally {
      this.busy.end();
    }
  }

  #requireOpen(): void {
    if (!this.#open) throw new TypeError(NOT_OPEN);
  }

  #script(hub: Hub): Execution<void> {
    return {
      forward: (sql) => {
        this.verbose?.(sql);
        if (
          (this.readonly || this.connection.settings.has('query_only')) &&
          this.connection.forbids(hub.statements.get(sql))
        ) {
          throw new hub.SqliteError('attempt to write a readonly database', 'SQLITE_READONLY');
        }
        hub.handle.exec(sql);
      },
      emulated: () => undefined,
      count: () => 0,
    };
  }

  #register(key: string, registration: Registration): this {
    this.#requireOpen();
    this.busy.requireNoIterators();
    registerEverywhere(key, registration);
    return this;
  }
}

/** The rows of a pragma, or with `simple` the first value. Unlike other statements it may have none. */
function readPragma(native: NativeStatement, simple: boolean): unknown {
  if (native.reader) return simple ? native.pluck(true).get() : native.all();

  native.run();
  return simple ? undefined : [];
}

/** What is exported: callable with and without `new`, as better-sqlite3 is. */
export interface DatabaseConstructor {
  new (file?: string | Buffer, options?: DatabaseOptions): VirtualDatabase;
  (file?: string | Buffer, options?: DatabaseOptions): VirtualDatabase;
  readonly prototype: VirtualDatabase;
  readonly SqliteError: SqliteErrorConstructor;
}

export interface SqliteErrorConstructor {
  new (message: string, code: string): Error & { code: string };
  (message: string, code: string): Error & { code: string };
}

function open(this: unknown, given?: unknown, options: DatabaseOptions = {}): object {
  if (typeof given === 'string' || given === null || given === undefined) refuseMistakes(given ?? '', options);

  const claim = typeof given === 'string' ? claimed(given, DRIVER) : undefined;
  if (claim === undefined) return openOwn(() => new (real())(given as string, options));

  const file = given as string;
  if (new.target === undefined) return new VirtualDatabase(file, claim, options);
  return Reflect.construct(VirtualDatabase, [file, claim, options], new.target) as object;
}

/** The mistakes that the real driver catches by name. */
function refuseMistakes(file: string, options: DatabaseOptions): void {
  if (typeof options !== 'object') throw new TypeError('Expected second argument to be an options object');
  if ('readOnly' in options) throw new TypeError('Misspelled option "readOnly" should be "readonly"');
  if ('memory' in options) {
    throw new TypeError('Option "memory" was removed in v7.0.0 (use ":memory:" filename instead)');
  }
  const anonymous = file.trim() === '' || file.trim() === MEMORY;
  if (options.readonly === true && anonymous) throw new TypeError('In-memory/temporary databases cannot be readonly');
  if (options.verbose !== undefined && options.verbose !== null && typeof options.verbose !== 'function') {
    throw new TypeError('Expected the "verbose" option to be a function');
  }
}

function real(): NativeModule {
  return requireReal(DRIVER, registry.root) as NativeModule;
}

function requireString(value: unknown, place: 'first' | 'second'): void {
  if (typeof value !== 'string') throw new TypeError(`Expected ${place} argument to be a string`);
}

/** A switch: without an argument it is turned on. */
function onOff(given: readonly unknown[]): boolean {
  const on = given.length === 0 ? true : given[0];
  if (typeof on !== 'boolean') throw new TypeError('Expected first argument to be a boolean');
  return on;
}

function lengthOf(value: unknown): number {
  return typeof value === 'function' ? value.length : 0;
}

/** The real class where it can be had, so that `instanceof` knows the errors of both. */
class SqliteErrorStandIn extends Error {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'SqliteError';
  }

  constructor(message: string, code: string) {
    super(message);
    return new (real().SqliteError)(message, code);
  }
}

const Database = open as unknown as DatabaseConstructor;
Object.defineProperty(Database, 'name', { value: 'Database' });
Object.defineProperty(Database, 'prototype', { value: VirtualDatabase.prototype });
Object.defineProperty(VirtualDatabase.prototype, 'constructor', { value: Database });

const SqliteError = SqliteErrorStandIn as unknown as SqliteErrorConstructor;
Object.defineProperty(Database, 'SqliteError', { value: SqliteError, enumerable: true });

export default Database;
export { Database as 'module.exports', SqliteError };
