import { EventEmitter } from 'node:events';
import { RefusedStatementError } from '../../../errors.js';
import type { Effect } from '../../../sql/classify.js';
import { classify } from '../../../sql/classify.js';
import { split } from '../../../sql/split.js';
import type { Connection } from '../connection.js';
import type { Hub } from '../hub.js';
import type { NativeRunResult } from '../native.js';
import { type Claim, connectTo, disconnect } from '../opening.js';
import { registerEverywhere } from '../registry.js';
import { OPEN_READONLY, OPEN_READWRITE } from './sqlite3-constants.js';
import { sqlite3Error, translateError } from './sqlite3-errors.js';
import { Pipeline } from './sqlite3-pipeline.js';
import { type Callback, Statement, takeCallbacks } from './sqlite3-statement.js';
import { withStrings } from './sqlite3-strings.js';
import { type Called, traceCall } from './sqlite3-verbose.js';

/** A call on its way: what to do in the connection's turn, and whom to tell. */
export interface Call {
  readonly sql: string | undefined;
  /** Whether it is the first of several. */
  readonly more?: boolean;
  /** For `verbose()`. */
  readonly call: Called;
  readonly work: (hub: () => Hub) => void;
  readonly done: () => void;
  readonly fail: (error: Error) => void;
}

/** What the callbacks of `run` find in `this`. */
interface Change {
  readonly lastID: number;
  readonly changes: number;
}

const TRACES = ['trace', 'profile'];
/** Events that must be asked for. `change` cannot be had: better-sqlite3 has no update hook. */
const CONFIGURABLE = [...TRACES, 'change', 'busyTimeout', 'limit'];

/** A connection to the configured database, with node-sqlite3's API. */
export class VirtualDatabase extends EventEmitter {
  declare readonly filename: string;
  declare readonly mode: number;
  declare readonly connection: Connection;
  readonly #pipeline: Pipeline;
  #state: 'opening' | 'open' | 'closing' | 'closed' = 'opening';
  #change: Change = { lastID: 0, changes: 0 };

  constructor(filename: string, claim: Claim, mode: number, callback: Callback | undefined) {
    super();
    const readonly = (mode & OPEN_READONLY) !== 0 && (mode & OPEN_READWRITE) === 0;
    const connection = connectTo({ file: filename, claim, driver: 'sqlite3', readonly, foreignKeys: false });

    Object.defineProperties(this, {
      filename: { value: filename },
      mode: { value: mode },
      connection: { value: connection },
    });
    this.#pipeline = new Pipeline(connection);
    this.#pipeline.add({
      sql: undefined,
      work: () => {
        this.#state = 'open';
      },
      answer: () => {
        callback?.call(this, null);
        this.emit('open');
      },
    });
  }

  get open(): boolean {
    return this.#state === 'open' || this.#state === 'closing';
  }

  /** What the connection's last `run` has done. */
  get lastChange(): Change {
    return this.#change;
  }

  /** Whether somebody listens to what is run. */
  get traced(): boolean {
    return TRACES.some((event) => this.listenerCount(event) > 0);
  }

  run(sql: string, ...parameters: unknown[]): this {
    new Statement(this, sql).run(...parameters);
    return this;
  }

  get(sql: string, ...parameters: unknown[]): this {
    new Statement(this, sql).get(...parameters);
    return this;
  }

  all(sql: string, ...parameters: unknown[]): this {
    new Statement(this, sql).all(...parameters);
    return this;
  }

  each(sql: string, ...parameters: unknown[]): this {
    new Statement(this, sql).each(...parameters);
    return this;
  }

  map(sql: string, ...parameters: unknown[]): this {
    new Statement(this, sql).map(...parameters);
    return this;
  }

  prepare(sql: string, ...parameters: unknown[]): Statement {
    const [callback] = takeCallbacks(parameters, 1);
    return new Statement(this, sql).prepare(callback, parameters);
  }

  exec(sql: string, callback?: Callback): this {
    requireString(sql, 0);
    requireFunction(callback, 1);
    const [first, ...rest] = split(sql, 'sqlite');

    this.send({
      sql: first,
      more: rest.length > 0,
      call: ['Database', 'exec', sql],
      work: (hub) => {
        if (first !== undefined) this.#script(hub(), [first, ...rest]);
      },
      ...this.#answers(callback),
    });
    return this;
  }

  /** Calls already follow each other, so the callback is all there is to do. */
  serialize(callback?: () => void): this {
    callback?.call(this);
    return this;
  }

  parallelize(callback?: () => void): this {
    callback?.call(this);
    return this;
  }

  wait(callback?: Callback): this {
    this.send({ sql: undefined, call: ['Database', 'wait'], work: () => undefined, ...this.#answers(callback) });
    return this;
  }

  close(callback?: Callback): this {
    requireFunction(callback, 0);
    const { done, fail } = this.#answers(callback);

    this.send({
      sql: undefined,
      call: ['Database', 'close'],
      work: () => {
        disconnect(this.connection);
        this.#state = 'closed';
      },
      done: () => {
        try {
          done();
        } finally {
          this.emit('close');
        }
      },
      fail,
    });
    return this;
  }

  configure(option: string, ...values: unknown[]): this {
    if (!CONFIGURABLE.includes(option)) throw new TypeError(`${option} is not a valid configuration option`);
    if (option === 'busyTimeout' && typeof values[0] !== 'number') throw new TypeError('Value must be an integer');
    return this;
  }

  /** A statement runs to its end before anybody could interrupt it. */
  interrupt(): this {
    if (!this.open) throw new Error('Database is not open');
    return this;
  }

  loadExtension(file: string, callback?: Callback): this {
    requireString(file, 0);
    this.send({
      sql: undefined,
      call: ['Database', 'loadExtension', file],
      work: () => registerEverywhere(`extension ${file}`, (native) => native.loadExtension(file)),
      ...this.#answers(callback),
    });
    return this;
  }

  backup(): never {
    throw new RefusedStatementError({
      what: 'backup() cannot run in the sandbox.',
      why: 'The database is in memory and amid a transaction, which is not how SQLite copies one.',
      remedy: 'Test the backup against a file of its own, which the driver opens for real.',
    });
  }

  /** Sends a call down the connection. */
  send(call: Call): void {
    const explain = traceCall(call.call);

    this.#pipeline.add({
      sql: this.#state === 'closed' ? undefined : call.sql,
      more: call.more,
      work: (hub) => {
        if (this.#state === 'closed') throw sqlite3Error('SQLITE_MISUSE', 'Database is closed');
        call.work(hub);
      },
      answer: (error) => {
        if (error === undefined) call.done();
        else call.fail(explain(translateError(error)));
      },
    });
  }

  /** Notes what a statement without rows has done, as sqlite3_changes and sqlite3_last_insert_rowid keep it. */
  noteChange({ changes, lastInsertRowid }: NativeRunResult, effect: Effect, sql: string): void {
    if (effect.kind !== 'write') return;

    // The real handle's last row may be another connection's.
    const inserts = changes > 0 && /\b(?:insert|replace)\b/i.test(sql);
    this.#change = { lastID: inserts ? Number(lastInsertRowid) : this.#change.lastID, changes };
  }

  /** The same as the hub has it: for a statement with RETURNING, and for one of a script. */
  noteLast({ changes, lastInsertId }: { readonly changes: number; readonly lastInsertId: number }): void {
    this.#change = { lastID: lastInsertId, changes };
  }

  #script(hub: Hub, statements: readonly string[]): void {
    for (const sql of statements) {
      const effect = classify(sql, 'sqlite');
      hub.perform<void>(this.connection, sql, effect, {
        forward: (statement) => {
          withStrings({ sql: statement, names: [] }, (text) => {
            if (this.connection.forbids(hub.prepare(text.sql, effect))) {
              throw sqlite3Error('SQLITE_READONLY', 'attempt to write a readonly database');
            }
            hub.handle.exec(text.sql);
          });
          if (effect.kind === 'write') this.noteLast(hub.lastChange());
        },
        emulated: () => undefined,
        count: () => 0,
      });
    }
  }

  #answers(callback: Callback | undefined): Pick<Call, 'done' | 'fail'> {
    return {
      done: () => callback?.call(this, null),
      fail: (error) => {
        if (callback !== undefined) callback.call(this, error);
        else this.emit('error', error);
      },
    };
  }
}

function requireString(value: unknown, place: number): void {
  if (typeof value !== 'string') throw new TypeError(`Argument ${place} must be a string`);
}

function requireFunction(value: unknown, place: number): void {
  if (value !== undefined && typeof value !== 'function') throw new TypeError(`Argument ${place} must be a function`);
}
