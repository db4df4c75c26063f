import { DatabaseError } from 'pg-protocol';

import { SessionUsageError } from '../../../errors.js';
import { shortSql } from '../../../sandbox/short-sql.js';
import type { Row, StatementResult } from '../../engine.js';
import { changesOf } from './command-tag.js';
import { connectionString, type ConnectionParameters } from './connection-parameters.js';
import { NO_COPY_DATA, refuseCopy } from './copy.js';
import type { Link, TransactionStatus, WireValue } from './link.js';
import { lostBefore, lostDuring, notOpened } from './lost.js';
import { finish, type Libpq, type NativeModule } from './native.js';
import { RowReader } from './row-reader.js';
import type { TypeParsers } from './type-parsers.js';

const STATUS: Readonly<Record<number, TransactionStatus>> = { 2: 'open', 3: 'failed' };
const NO_CONNECTION = 4;
/** OIDs of bytea, and of those types whose binary format is their text. */
const BYTEA = 17;
const TEXTS: ReadonlySet<number> = new Set([25, 1042, 1043, 114, 142, 19]);

/** The addon's names for an error's fields, and pg's. */
const FIELDS = {
  severity: 'severity',
  sqlState: 'code',
  messageDetail: 'detail',
  messageHint: 'hint',
  statementPosition: 'position',
  internalPosition: 'internalPosition',
  internalQuery: 'internalQuery',
  context: 'where',
  schemaName: 'schema',
  tableName: 'table',
  columnName: 'column',
  dataTypeName: 'dataType',
  constraintName: 'constraint',
  sourceFile: 'file',
  sourceLine: 'line',
  sourceFunction: 'routine',
} as const;

/**
 * libpq, whose calls block in the kernel. It has no deadline of its own: the far end is the relay,
 * which ends what takes too long.
 */
export class NativeLink implements Link {
  readonly #pq: Libpq;
  readonly #types: TypeParsers;
  #lost: { readonly cause: unknown } | undefined;

  /** @throws ConnectionLostError when the server cannot be reached, or refuses. */
  constructor(Native: NativeModule, parameters: ConnectionParameters, types: TypeParsers) {
    const client = new Native();
    this.#pq = client.pq;
    this.#types = types;

    try {
      client.connectSync(connectionString(parameters));
    } catch (cause) {
      finish(this.#pq);
      throw notOpened(`${parameters.host}:${parameters.port}`, cause);
    }
  }

  get status(): TransactionStatus {
    if (this.#lost !== undefined) return 'idle';

    return STATUS[this.#pq.transactionStatus()] ?? 'idle';
  }

  query(sql: string, values: readonly WireValue[]): StatementResult {
    return this.#guarded(sql, () => {
      if (values.length === 0) this.#pq.exec(sql);
      else if (values.some((value) => Buffer.isBuffer(value))) this.#runWithBytes(sql, values);
      else this.#pq.execParams(sql, values as readonly (string | null)[]);

      this.#check(sql);
      return { rows: this.#rows(), changes: changesOf(this.#pq.cmdStatus()) };
    });
  }

  script(sql: string): void {
    this.#guarded(sql, () => {
      this.#pq.exec(sql);
      this.#check(sql);
    });
  }

  close(): void {
    if (this.#lost !== undefined) return;

    this.#lost = { cause: new Error('it was closed') };
    finish(this.#pq);
  }

  /** The addon sends text only, so bytes are written as the parameter's type reads them. */
  #runWithBytes(sql: string, values: readonly WireValue[]): void {
    this.#pq.prepare('', sql, values.length);
    if (this.#pq.resultStatus() !== 'PGRES_COMMAND_OK') return;

    this.#pq.describePrepared('');
    const texts = values.map((value, index) =>
      Buffer.isBuffer(value) ? bytesAsText(sql, index, value, this.#pq.paramtype(index)) : value,
    );
    this.#pq.execPrepared('', texts);
  }

  #guarded<Result>(sql: string, work: () => Result): Result {
    if (this.#lost !== undefined) throw lostBefore(sql, this.#lost.cause);

    try {
      return work();
    } finally {
      // A large result would be held until the next statement.
      this.#pq.clear();
    }
  }

  /** Throws what the last result says is wrong. */
  #check(sql: string): void {
    switch (this.#pq.resultStatus()) {
      case 'PGRES_TUPLES_OK':
      case 'PGRES_COMMAND_OK':
      case 'PGRES_EMPTY_QUERY':
        return;
      case 'PGRES_COPY_IN':
        this.#pq.putCopyEnd(NO_COPY_DATA);
        this.#drain();
        throw refuseCopy(sql, 'in');
      case 'PGRES_COPY_OUT':
        while (typeof this.#pq.getCopyData(false) !== 'number');
        this.#drain();
        throw refuseCopy(sql, 'out');
      default:
        throw this.#error(sql);
    }
  }

  #drain(): void {
    while (this.#pq.getResult());
  }

  #error(sql: string): unknown {
    const fields = this.#pq.resultErrorFields() ?? {};
    const gone = this.#pq.transactionStatus() === NO_CONNECTION;
    const error =
      fields['sqlState'] === undefined
        ? lostDuring(sql, new Error(this.#pq.resultErrorMessage() || this.#pq.errorMessage()))
        : databaseError(fields);

    if (gone || fields['sqlState'] === undefined) {
      finish(this.#pq);
      this.#lost = { cause: error };
    }
    return error;
  }

  #rows(): Row[] {
    const pq = this.#pq;
    const columns = Array.from({ length: pq.nfields() }, (_, column) => ({
      name: pq.fname(column),
      type: pq.ftype(column),
    }));
    const reader = new RowReader(columns, this.#types);

    return Array.from({ length: pq.ntuples() }, (_, row) =>
      reader.read((column) => {
        const text = pq.getvalue(row, column);
        return text === '' && pq.getisnull(row, column) ? null : text;
      }),
    );
  }
}

/** The error that pg would throw; only its `length`, that of the message in bytes, is unknown to libpq. */
function databaseError(fields: Readonly<Record<string, string | undefined>>): DatabaseError {
  const error = new DatabaseError(fields['messagePrimary'] ?? '', 0, 'error');

  const named = Object.entries(FIELDS).map(([from, to]) => [to, fields[from]]);
  return Object.assign(error, Object.fromEntries(named) as Partial<DatabaseError>);
}

function bytesAsText(sql: string, index: number, bytes: Buffer, type: number): string {
  if (type === BYTEA) return `\\x${bytes.toString('hex')}`;
  if (TEXTS.has(type)) return bytes.toString('utf8');

  throw new SessionUsageError({
    what: `Parameter $${index + 1} of "${shortSql(sql)}" is a Buffer, but Postgres takes it for another type than bytea or text.`,
    remedy: `Write $${index + 1}::bytea if bytes are meant; otherwise pass the value itself.`,
  });
}
