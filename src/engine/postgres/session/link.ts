import type { StatementResult } from '../../engine.js';

/** What a connection's transaction is doing, by the letters of ReadyForQuery. */
export type TransactionStatus = 'idle' | 'open' | 'failed';

/** A parameter as it is sent: text, bytes in the type's binary format, or NULL. */
export type WireValue = string | Buffer | null;

/**
 * One synchronous connection to a Postgres server: what the built-in client and libpq have in
 * common. Errors of the server are thrown as pg's DatabaseError.
 *
 * @throws ConnectionLostError when the connection has ended, or an answer did not come in time.
 */
export interface Link {
  /** Runs one statement. Without values it goes by the simple protocol, as pg does it. */
  query(sql: string, values: readonly WireValue[]): StatementResult;
  /** Runs a text of any number of statements and drops what they return. */
  script(sql: string): void;
  readonly status: TransactionStatus;
  close(): void;
}
