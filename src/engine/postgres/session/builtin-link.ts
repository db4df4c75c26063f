import { serialize, type DatabaseError } from 'pg-protocol';
import { Parser } from 'pg-protocol/dist/parser.js';
import type {
  BackendMessage,
  CommandCompleteMessage,
  DataRowMessage,
  ReadyForQueryMessage,
  RowDescriptionMessage,
} from 'pg-protocol/dist/messages.js';

import { LockstepError } from '../../../errors.js';
import type { Row, StatementResult } from '../../engine.js';
import { answerAuthentication } from './authentication.js';
import { changesOf } from './command-tag.js';
import { startupParameters, type ConnectionParameters } from './connection-parameters.js';
import { NO_COPY_DATA, refuseCopy } from './copy.js';
import type { Link, TransactionStatus, WireValue } from './link.js';
import { lostBefore, lostDuring, notOpened, unanswered } from './lost.js';
import type { Pipe } from '../pipe.js';
import { RowReader } from './row-reader.js';
import type { TypeParsers } from './type-parsers.js';

const STATUS: Readonly<Record<string, TransactionStatus>> = { I: 'idle', T: 'open', E: 'failed' };
/** The messages behind a Parse and Bind that run the statement and describe its result. */
const RUN = Buffer.concat([serialize.describe({ type: 'P' }), serialize.execute(), serialize.sync()]);

/** What has come of the statement that is running. */
interface Answer {
  readonly sql: string;
  /** Whether its rows are wanted. */
  readonly returning: boolean;
  rows: Row[];
  changes: number;
  reader: RowReader | undefined;
  error: unknown;
}

/** The client of our own: the Postgres protocol over a blocking pipe. */
export class BuiltinLink implements Link {
  readonly #pipe: Pipe;
  readonly #types: TypeParsers;
  readonly #timeout: number;
  readonly #parser = new Parser();
  #status: TransactionStatus = 'idle';
  #lost: { readonly cause: unknown } | undefined;

  /**
   * Connects. The pipe is the link's from here on.
   *
   * @param timeout How long one answer may take, in milliseconds.
   * @throws ConnectionLostError when the server cannot be reached, or refuses.
   */
  constructor(pipe: Pipe, parameters: ConnectionParameters, types: TypeParsers, timeout: number) {
    this.#pipe = pipe;
    this.#types = types;
    this.#timeout = timeout;

    try {
      this.#connect(parameters);
    } catch (error) {
      this.close();
      if (error instanceof LockstepError) throw error;
      throw notOpened(`${parameters.host}:${parameters.port}`, error);
    }
  }

  get status(): TransactionStatus {
    return this.#status;
  }

  query(sql: string, values: readonly WireValue[]): StatementResult {
    const message = values.length === 0 ? serialize.query(sql) : extended(sql, values);
    const { rows, changes } = this.#exchange(sql, message, true);

    return { rows, changes };
  }

  script(sql: string): void {
    this.#exchange(sql, serialize.query(sql), false);
  }

  close(): void {
    if (this.#lost === undefined) {
      try {
        this.#pipe.write(serialize.end());
      } catch {
        // A far end that is gone needs no farewell.
      }
    }
    this.#lost ??= { cause: new Error('it was closed') };
    this.#pipe.close();
  }

  #connect(parameters: ConnectionParameters): void {
    this.#pipe.write(serialize.startup(startupParameters(parameters)));

    this.#receive((message) => {
      if (isDatabaseError(message)) throw message;
      const reply = answerAuthentication(message, parameters.password);
      if (reply !== undefined) this.#pipe.write(reply);
      return message.name === 'readyForQuery';
    });
  }

  #exchange(sql: string, message: Buffer, returning: boolean): Answer {
    if (this.#lost !== undefined) throw lostBefore(sql, this.#lost.cause);

    const answer: Answer = { sql, returning, rows: [], changes: 0, reader: undefined, error: undefined };
    const began = performance.now();
    try {
      this.#pipe.write(message);
      this.#receive((got) => this.#take(answer, got));
    } catch (cause) {
      throw this.#fail(answer, cause, performance.now() - began >= this.#timeout);
    }

    if (answer.error !== undefined) throw answer.error as Error;
    return answer;
  }

  /** Hands on what comes until `take` has got its last message; what is behind that one goes the same way. */
  #receive(take: (message: BackendMessage) => boolean): void {
    const deadline = performance.now() + this.#timeout;

    for (let complete = false; !complete;) {
      const bytes = this.#pipe.read(Math.max(deadline - performance.now(), 0));
      const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      this.#parser.parse(chunk, (message) => {
        if (take(message)) complete = true;
      });
    }
  }

  /** Adds one message to the answer; whether it was the last. */
  #take(answer: Answer, message: BackendMessage): boolean {
    switch (message.name) {
      case 'rowDescription':
        if (answer.returning) {
          keepError(answer, () => (answer.reader = this.#readerOf(message as RowDescriptionMessage)));
        }
        return false;
      case 'dataRow':
        this.#addRow(answer, (message as DataRowMessage).fields as (string | null)[]);
        return false;
      case 'commandComplete':
        answer.changes = changesOf((message as CommandCompleteMessage).text);
        return false;
      case 'error':
        answer.error ??= message;
        return false;
      case 'copyInResponse':
        answer.error ??= refuseCopy(answer.sql, 'in');
        this.#pipe.write(serialize.copyFail(NO_COPY_DATA));
        return false;
      case 'copyOutResponse':
        answer.error ??= refuseCopy(answer.sql, 'out');
        return false;
      case 'readyForQuery':
        this.#status = STATUS[(message as ReadyForQueryMessage).status] ?? 'idle';
        return true;
      default:
        // Notices, notifications and changed settings come at any time and are nobody's answer.
        return false;
    }
  }

  #readerOf({ fields }: RowDescriptionMessage): RowReader {
    const columns = fields.map(({ name, dataTypeID }) => ({ name, type: dataTypeID }));

    return new RowReader(columns, this.#types);
  }

  #addRow(answer: Answer, fields: readonly (string | null)[]): void {
    const { reader } = answer;
    if (answer.error !== undefined || reader === undefined) return;

    keepError(answer, () => answer.rows.push(reader.read((index) => fields[index] ?? null)));
  }

  /** The connection is of no use any more: what comes next would be taken for another's answer. */
  #fail({ sql, error }: Answer, cause: unknown, late: boolean): unknown {
    // The server's last words, e.g. that an administrator ended the connection, say more than its silence.
    const reason = isDatabaseError(error) ? error : cause;
    this.#lost = { cause: reason };
    this.#status = 'idle';
    this.#pipe.close();

    if (cause instanceof LockstepError) return cause;
    return late ? unanswered(sql, this.#timeout, cause) : lostDuring(sql, reason);
  }
}

/** What a type's parser throws is kept until the answer has been read to its end. */
function keepError(answer: Answer, work: () => unknown): void {
  try {
    work();
  } catch (error) {
    answer.error ??= error;
  }
}

function extended(sql: string, values: readonly WireValue[]): Buffer {
  return Buffer.concat([serialize.parse({ text: sql }), serialize.bind({ values: [...values] }), RUN]);
}

function isDatabaseError(value: unknown): value is DatabaseError {
  return value instanceof Error && value.name === 'error';
}
