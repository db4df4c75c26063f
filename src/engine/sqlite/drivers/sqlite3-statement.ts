import { EventEmitter } from 'node:events';
import { classify, type Effect } from '../../../sql/classify.js';
import type { Strings } from '../../../sql/double-quotes.js';
import { split } from '../../../sql/split.js';
import { now } from '../../clock.js';
import type { Execution } from '../emulation.js';
import { expandedSql } from '../expanded-sql.js';
import type { Hub } from '../hub.js';
import type { NativeStatement } from '../native.js';
import { harmless } from '../pragmas.js';
import { bindArguments, type Given, readParameters, valueFor } from './sqlite3-binding.js';
import type { Call, VirtualDatabase } from './sqlite3-database.js';
import { sqlite3Error } from './sqlite3-errors.js';
import { nameColumns, withStrings } from './sqlite3-strings.js';

export type Row = Record<string, unknown>;
/** A callback of any of the calls: the error, then what the call answers with. */
export type Callback = (this: unknown, error: Error | null, ...answer: never[]) => void;

/** How a call wants its rows. */
type Method = 'run' | 'get' | 'all';

const NOTHING_GIVEN: Given = new Map();

/**
 * A statement with node-sqlite3's API. Only the first statement of its text counts, as there.
 *
 * `lastID` and `changes` are there in the callbacks of `run`.
 */
export class Statement extends EventEmitter {
  declare readonly sql: string;
  declare lastID: number;
  declare changes: number;
  readonly #database: VirtualDatabase;
  readonly #first: string;
  readonly #effect: Effect;
  /** The first statement as better-sqlite3 takes it. */
  #text: Strings;
  #state: 'live' | 'finalized' = 'live';
  #bound: Given = NOTHING_GIVEN;
  // The rows that `get` has not handed out yet; undefined when the statement stands at its start.
  #rest: Row[] | undefined;
  /** Rows returned or changed by the last run, for the log. */
  #rows = 0;

  constructor(database: VirtualDatabase, sql: string) {
    super();
    if (typeof sql !== 'string') throw new TypeError('SQL query expected');

    this.#database = database;
    this.#first = firstStatement(sql);
    this.#effect = classify(this.#first, 'sqlite');
    this.#text = { sql: this.#first, names: [] };
    Object.defineProperty(this, 'sql', { value: sql });
  }

  /** Has the statement prepared; a call of the database itself does it along with its first run. */
  prepare(callback: Callback | undefined, parameters: readonly unknown[]): this {
    const given = readParameters(parameters);

    return this.#send(callback, (hub) => {
      this.#prepare(hub());
      if (given.size > 0) this.#bind(given);
    });
  }

  bind(...parameters: unknown[]): this {
    const [callback] = takeCallbacks(parameters, 1);
    const given = readParameters(parameters);

    return this.#send(callback, () => this.#bind(given));
  }

  reset(callback?: Callback): this {
    return this.#send(callback, () => {
      this.#rest = undefined;
    });
  }

  finalize(callback?: () => void): VirtualDatabase {
    this.#send(callback, () => {
      this.#state = 'finalized';
    });
    return this.#database;
  }

  run(...parameters: unknown[]): this {
    const [callback] = takeCallbacks(parameters, 1);

    return this.#call('run', parameters, callback, () => {
      Object.assign(this, this.#database.lastChange);
      callback?.call(this, null);
    });
  }

  get(...parameters: unknown[]): this {
    const [callback] = takeCallbacks(parameters, 1);

    return this.#call('get', parameters, callback, (row) => {
      if (row === undefined) callback?.call(this, null);
      else callback?.call(this, null, row as never);
    });
  }

  all(...parameters: unknown[]): this {
    const [callback] = takeCallbacks(parameters, 1);

    return this.#call('all', parameters, callback, (rows) => callback?.call(this, null, rows as never));
  }

  each(...parameters: unknown[]): this {
    const [first, second] = takeCallbacks(parameters, 2);

    return this.#call('all', parameters, first, (rows) => {
      for (const row of rows as Row[]) first?.call(this, null, row as never);
      second?.call(this, null, (rows as Row[]).length as never);
    });
  }

  map(...parameters: unknown[]): this {
    const [callback] = takeCallbacks(parameters, 1);

    return this.#call('all', parameters, callback, (rows) => {
      const [keys = []] = (rows as Row[]).map((row) => Object.keys(row));
      const [key = '', value = ''] = keys;
      const entries = (rows as Row[]).map((row) => [row[key], keys.length > 2 ? row : row[value]] as const);
      callback?.call(this, null, Object.fromEntries(entries) as never);
    });
  }

  #call(
    method: Method,
    parameters: readonly unknown[],
    callback: Callback | undefined,
    answer: (result: unknown) => void,
  ): this {
    const given = readParameters(parameters);
    let result: unknown;
    let trace: (() => void) | undefined;

    const work = (hub: () => Hub): void => {
      const began = now();
      result = this.#execute(hub(), method, given);
      if (this.#database.traced) trace = this.#trace(now() - began);
    };
    const done = (): void => {
      trace?.();
      if (callback !== undefined) answer(result);
    };
    const sql = this.#first === '' ? undefined : this.#first;
    return this.#send(callback, work, { sql, call: ['Statement', method, ...parameters], done });
  }

  /** Queues a call; it takes a turn only where it has SQL. Its answer is `done`, or else the callback without an error. */
  #send(callback: Callback | undefined, work: (hub: () => Hub) => void, details: Partial<Call> = {}): this {
    this.#database.send({
      sql: undefined,
      call: [],
      done: () => callback?.call(this, null),
      ...details,
      work: (hub) => {
        if (this.#state === 'finalized') throw sqlite3Error('SQLITE_MISUSE', 'Statement is already finalized');
        work(hub);
      },
      fail: (error) => {
        if (callback !== undefined) callback.call(this, error);
        else this.emit('error', error);
      },
    });
    return this;
  }

  /** @throws SqliteError when the statement cannot be prepared. */
  #prepare(hub: Hub): NativeStatement {
    if (this.#first === '') throw sqlite3Error('SQLITE_MISUSE', 'not an error');
    const { connection } = this.#database;
    const effect = this.#effect;
    if (effect.kind === 'pragma')
      return hub.preparing(connection, this.#first, () => hub.statements.get(harmless(this.#first, effect)));

    return hub.preparing(connection, this.#first, () =>
      withStrings(this.#text, (text) => {
        const native = hub.statements.get(text.sql);
        this.#text = text;
        return native;
      }),
    );
  }

  #bind(given: Given): void {
    // Looked at now, because a wrong name is an error of this call.
    bindArguments(this.#first, given);
    this.#bound = given;
    this.#rest = undefined;
  }

  #execute(hub: Hub, method: Method, given: Given): unknown {
    this.#prepare(hub);
    if (given.size > 0) this.#bind(given);
    // Without new parameters, `get` goes on where the last one stopped.
    if (method === 'get' && this.#rest !== undefined) return this.#rest.shift();

    this.#rest = method === 'all' ? [] : undefined;
    return hub.perform(this.#database.connection, this.#first, this.#effect, this.#execution(hub, method));
  }

  #execution(hub: Hub, method: Method): Execution<unknown> {
    return {
      forward: (sql) =>
        this.#forward(hub, hub.prepare(sql === this.#first ? this.#text.sql : sql, this.#effect), method),
      emulated: () => {
        this.#rows = 0;
        return method === 'all' ? [] : undefined;
      },
      count: () => this.#rows,
    };
  }

  #forward(hub: Hub, native: NativeStatement, method: Method): unknown {
    if (this.#database.connection.forbids(native)) {
      throw sqlite3Error('SQLITE_READONLY', 'attempt to write a readonly database');
    }
    const values = bindArguments(this.#first, this.#bound);

    if (!native.reader) {
      const result = native.run(...values);
      this.#database.noteChange(result, this.#effect, this.#first);
      this.#rows = result.changes;
      if (method === 'get') this.#rest = [];
      return method === 'all' ? [] : undefined;
    }
    if (method === 'run') this.#rows = native.get(...values) === undefined ? 0 : 1;
    const rows = method === 'run' ? undefined : nameColumns(native.all(...values) as Row[], this.#text);
    if (rows !== undefined) this.#rows = rows.length;
    if (!native.readonly) this.#database.noteLast(hub.lastChange());
    if (method !== 'get') return rows;

    this.#rest = rows ?? [];
    return this.#rest.shift();
  }

  /** Tells the listeners what was run, once the turn is over: a listener may throw. */
  #trace(duration: number): () => void {
    const sql = expandedSql(this.#first, (text, place) => valueFor(this.#first, this.#bound, text, place));

    return () => {
      this.#database.emit('trace', sql);
      this.#database.emit('profile', sql, duration);
    };
  }
}

/** Takes the functions off the end of the arguments: `each` has two of them, in this order. */
export function takeCallbacks(parameters: unknown[], most: 1 | 2): (Callback | undefined)[] {
  const callbacks: Callback[] = [];
  while (callbacks.length < most && typeof parameters.at(-1) === 'function') {
    callbacks.unshift(parameters.pop() as Callback);
  }
  return callbacks;
}

/** As sqlite3_prepare_v2 does: what follows the first statement is left alone. */
function firstStatement(sql: string): string {
  return split(sql, 'sqlite')[0] ?? '';
}
