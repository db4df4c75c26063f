import { classify, type Effect } from '../../../sql/classify.js';
import type { Connection } from '../connection.js';
import type { Execution } from '../emulation.js';
import { expandedSql } from '../expanded-sql.js';
import type { Hub } from '../hub.js';
import type { NativeRunResult, NativeStatement } from '../native.js';
import { harmless } from '../pragmas.js';

type Mode = 'flat' | 'pluck' | 'expand' | 'raw';

/** What a statement needs of the database that prepared it. */
export interface StatementOwner {
  readonly connection: Connection;
  /** What the driver calls `defaultSafeIntegers`. */
  readonly safeIntegers: boolean;
  readonly verbose: ((sql: string) => void) | undefined;
  /** The hub of this moment. @throws TypeError when the database was closed. */
  hub(): Hub;
  /** Takes the turn, runs the statement, gives the turn back. */
  run<Result>(hub: Hub, sql: string, effect: Effect, execution: Execution<Result>): Result;
}

const NO_DATA = 'This statement does not return data. Use run() instead';

/**
 * A prepared statement with better-sqlite3's API. It is prepared anew when another sandbox has taken
 * the place of the one that it was prepared in, because apps keep their statements.
 */
export class Statement implements Execution<unknown> {
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
  #method: 'run' | 'get' | 'all' = 'run';
  #values: readonly unknown[] = [];

  constructor(owner: StatementOwner, source: string) {
    this.#owner = owner;
    this.#effect = classify(source, 'sqlite');
    this.#safeIntegers = owner.safeIntegers;
    this.source = source;
    this.database = owner;
    this.#attach(owner.hub());
  }

  get reader(): boolean {
    return this.#attach(this.#owner.hub()).reader;
  }

  get readonly(): boolean {
    return this.#attach(this.#owner.hub()).readonly;
  }

  /** Rows are always read to the end at once, so that no open statement bars the others from writing. */
  get busy(): boolean {
    return false;
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

  iterate(...values: readonly unknown[]): IterableIterator<unknown> {
    return this.all(...values)[Symbol.iterator]();
  }

  bind(...values: readonly unknown[]): this {
    this.#attach(this.#owner.hub()).bind(...values);
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
    this.#attach(this.#owner.hub()).safeIntegers(on);
    this.#safeIntegers = on;
    return this;
  }

  columns(): unknown[] {
    return this.#attach(this.#owner.hub()).columns();
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
    if (this.#method === 'get') return native.get(...this.#values);
    return this.#method === 'all' ? native.all(...this.#values) : native.run(...this.#values);
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
    if (this.#method === 'all') return (result as unknown[]).length;
    return result === undefined ? 0 : 1;
  }

  #run(method: 'run' | 'get' | 'all', values: readonly unknown[]): unknown {
    const hub = this.#owner.hub();
    const native = this.#attach(hub);
    if (method !== 'run' && !native.reader) throw new TypeError(NO_DATA);

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
    this.#attach(this.#owner.hub())[mode](on);

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
