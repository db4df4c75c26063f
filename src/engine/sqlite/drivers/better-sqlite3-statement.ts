import { classify, type Effect } from '../../../sql/classify.js';
import type { Connection } from '../connection.js';
import type { Execution } from '../emulation.js';
import { expandedSql } from '../expanded-sql.js';
import type { Hub } from '../hub.js';
import type { NativeRunResult, NativeStatement } from '../native.js';
import { harmless } from '../pragmas.js';
import type { BusyConnection } from './better-sqlite3-busy.js';
import { type RowsRead, StatementIterator } from './better-sqlite3-iterator.js';

type Mode = 'flat' | 'pluck' | 'expand' | 'raw';
type Method = 'run' | 'get' | 'all' | 'iterate';

/** What a statement needs of the database that prepared it. */
export interface StatementOwner {
  readonly connection: Connection;
  /** What the connection refuses now. */
  readonly busy: BusyConnection;
  /** What the driver calls `defaultSafeIntegers`. */
  readonly safeIntegers: boolean;
  readonly verbose: ((sql: string) => void) | undefined;
  /** The hub of this moment. @throws TypeError when the database was closed. */
  hub(): Hub;
  /** Takes the turn, runs the statement, gives the turn back. */
  run<Result>(hub: Hub, sql: string, effect: Effect, execution: Execution<Result>): Result;
}

const NO_DATA = 'This statement does not return data. Use run() instead';
const BOUND = 'The bind() method can only be invoked once per statement object';

/**
 * A prepared statement with better-sqlite3's API. It is prepared anew when another sandbox has taken
 * the place of the one that it was prepared in, because apps keep their statements.
 */
export class Statement implements Execution<unknown> {
  readonly reader: boolean;
  readonly readonly: boolean;
  readonly source: string;
  readonly database: unknown;
  readonly #owner: StatementOwner;
  readonly #effect: Effect;
  #hub: Hub | undefined;
  #native: NativeStatement | undefined;
  #mode: Mode = 'flat';
  #safeIntegers: boolean;
  #bound: readonly unknown[] | undefined;
  // What is being run: a statement runs one thing at a time, and this spares a closure for each.
  #method: Method = 'run';
  #values: readonly unknown[] = [];
  // Those of the iterator that is being read.
  #rows: unknown[] = [];

  constructor(owner: StatementOwner, source: string) {
    this.#owner = owner;
    this.#effect = classify(source, 'sqlite');
    this.#safeIntegers = owner.safeIntegers;
    this.source = source;
    this.database = owner;
    const hub = owner.hub();
    owner.busy.requireIdle();
    const { reader, readonly } = this.#attach(hub);
    this.reader = reader;
    this.readonly = readonly;
  }

  /** Whether an iterator of it is not at its end. */
  get busy(): boolean {
    return this.#owner.busy.isIterated(this);
  }

  run(...values: readonly unknown[]): NativeRunResult {
    return this.#run('run', values) as NativeRunResult;
  }

  get(...values: readonly unknown[]): unknown {
    return this.#run('get', values);
  }

  all(...values: readonly unknown[]): unknown[] {
    return this.#run('all', values) as unknown[];
  }

  iterate(...values: readonly unknown[]): StatementIterator {
    // Values are bound now, though the statement runs with the first row that is asked for.
    this.#attach(this.#ready('iterate'))
      .iterate(...values)
      .return();

    return new StatementIterator(this, this.#owner.busy, () => this.#read(values));
  }

  bind(...values: readonly unknown[]): this {
    if (this.#bound !== undefined) throw new TypeError(BOUND);
    const hub = this.#owner.hub();
    this.#owner.busy.requireUnlocked(this);

    this.#attach(hub).bind(...values);
    this.#bound = values;
    return this;
  }

  pluck(on = true): this {
    return this.#setMode('pluck', on);
  }

  expand(on = true): this {
    return this.#setMode('expand', on);
  }

  raw(on = true): this {
    return this.#setMode('raw', on);
  }

  safeIntegers(on = true): this {
    this.#owner.busy.requireUnlocked(this);
    this.#native?.safeIntegers(on);
    this.#safeIntegers = on;
    return this;
  }

  columns(): unknown[] {
    if (!this.reader) return this.#native?.columns() ?? [];
    const hub = this.#owner.hub();
    this.#owner.busy.requireIdle();
    return this.#attach(hub).columns();
  }

  /** Called by the hub: runs on the real handle. */
  forward(sql: string): unknown {
    // What was prepared for a pragma only says what it is about: preparing one is half of running it.
    const native = this.#effect.kind !== 'pragma' && this.#native !== undefined ? this.#native : this.#prepare(sql);
    const { connection, verbose } = this.#owner;

    if (this.#hub !== undefined && connection.forbids(native)) {
      throw new this.#hub.SqliteError('attempt to write a readonly database', 'SQLITE_READONLY');
    }
    if (verbose !== undefined) verbose(this.#expanded());
    if (this.#method !== 'iterate') return native[this.#method](...this.#values);

    for (const row of native.iterate(...this.#values)) this.#rows.push(row);
    return this.#rows;
  }

  /** Called by the hub for a transaction statement that it has emulated. */
  emulated(): NativeRunResult {
    this.#owner.verbose?.(this.source);
    const { lastInsertId } = this.#hub?.lastChange() ?? { lastInsertId: 0 };
    return { changes: 0, lastInsertRowid: this.#safeIntegers ? BigInt(lastInsertId) : lastInsertId };
  }

  /** Called by the hub for its log. */
  count(result: unknown): number {
    if (this.#method === 'run') return (result as NativeRunResult).changes;
    if (this.#method === 'get') return result === undefined ? 0 : 1;
    return (result as unknown[]).length;
  }

  #run(method: 'run' | 'get' | 'all', values: readonly unknown[]): unknown {
    return this.#perform(this.#ready(method), method, values);
  }

  /** The rows up to an error, which the app meets behind them. */
  #read(values: readonly unknown[]): RowsRead {
    const rows: unknown[] = [];
    this.#rows = rows;
    try {
      this.#perform(this.#owner.hub(), 'iterate', values);
      return { rows };
    } catch (error) {
      return { rows, failure: { error } };
    } finally {
      this.#rows = [];
    }
  }

  /** The hub of this moment, if the connection may run the statement now. */
  #ready(method: Method): Hub {
    const { busy } = this.#owner;
    if (method !== 'run' && !this.reader) throw new TypeError(NO_DATA);
    const hub = this.#owner.hub();

    busy.requireUnlocked(this);
    if (method === 'run') busy.requireWritable();
    return hub;
  }

  #perform(hub: Hub, method: Method, values: readonly unknown[]): unknown {
    this.#attach(hub);
    this.#method = method;
    this.#values = values;
    return this.#owner.run(hub, this.source, this.#effect, this);
  }

  #attach(hub: Hub): NativeStatement {
    if (this.#native !== undefined && this.#hub === hub) return this.#native;

    this.#hub = hub;
    const sql = this.#effect.kind === 'pragma' ? harmless(this.source, this.#effect) : this.source;
    this.#native = hub.preparing(this.#owner.connection, this.source, () => this.#prepare(sql));
    return this.#native;
  }

  #prepare(sql: string): NativeStatement {
    if (this.#hub === undefined) throw new TypeError('The database connection is not open');

    const native = this.#hub.handle.prepare(sql);
    if (this.#mode !== 'flat' && native.reader) native[this.#mode](true);
    if (this.#safeIntegers) native.safeIntegers(true);
    if (this.#bound !== undefined) native.bind(...this.#bound);
    return native;
  }

  /** As in better-sqlite3, turning off what is not on changes nothing. */
  #setMode(mode: Exclude<Mode, 'flat'>, on: boolean): this {
    // Of a statement without data, the driver says that first.
    if (this.reader) this.#owner.busy.requireUnlocked(this);
    this.#native?.[mode](on);

    if (on) this.#mode = mode;
    else if (this.#mode === mode) this.#mode = 'flat';
    return this;
  }

  #expanded(): string {
    const flat = (this.#bound ?? this.#values).flat();
    const named = Object.assign({}, ...flat.filter((value) => isNames(value))) as Record<string, unknown>;
    const positional = flat.filter((value) => !isNames(value));

    return expandedSql(this.source, (text, place) => (text === '?' ? positional[place] : named[text.slice(1)]));
  }
}

function isNames(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}
