import { randomBytes } from 'node:crypto';
import type { Selectable } from 'kysely';
import { db, type Db } from '../db.js';
import type { ConnectionStatus, ConnectionTable } from '../tables.js';
import { Token } from './token.js';

export type ConnectionRow = Selectable<ConnectionTable>;

/** An account's consent that we act for it at a provider. */
export class Connection {
  readonly id: number;
  readonly providerId: number;
  readonly accountRef: string;
  readonly status: ConnectionStatus;
  readonly createdAt: Date;

  constructor(row: ConnectionRow) {
    this.id = row.id;
    this.providerId = row.provider_id;
    this.accountRef = row.account_ref;
    this.status = row.status;
    this.createdAt = row.created_at;
  }

  /** The token in force. Lazy: each read asks the database. */
  get token(): Promise<Token | undefined> {
    return Token.current(this.id);
  }

  /** All tokens there ever were, oldest first. Lazy like {@link token}. */
  get history(): Promise<Token[]> {
    return Token.history(this.id);
  }

  static async find(id: number, on: Db = db): Promise<Connection | undefined> {
    const row = await on.selectFrom('connections').selectAll().where('id', '=', id).executeTakeFirst();

    return row && new Connection(row);
  }

  static async findByState(state: string, on: Db = db): Promise<Connection | undefined> {
    const row = await on.selectFrom('connections').selectAll().where('state', '=', state).executeTakeFirst();

    return row && new Connection(row);
  }

  /** Starts a pending connection; `state` is the secret that its callback must bring back. */
  static async insert(
    providerId: number,
    accountRef: string,
    on: Db = db,
  ): Promise<{ connection: Connection; state: string }> {
    const state = randomBytes(24).toString('base64url');
    const row = await on
      .insertInto('connections')
      .values({ provider_id: providerId, account_ref: accountRef, state })
      .returningAll()
      .executeTakeFirstOrThrow();

    return { connection: new Connection(row), state };
  }

  /**
   * Moves a connection from one status to another and forgets its state.
   * Returns undefined when somebody else has moved it meanwhile.
   */
  static async move(
    id: number,
    from: ConnectionStatus,
    to: ConnectionStatus,
    on: Db = db,
  ): Promise<Connection | undefined> {
    const row = await on
      .updateTable('connections')
      .set({ status: to, state: null })
      .where('id', '=', id)
      .where('status', '=', from)
      .returningAll()
      .executeTakeFirst();

    return row && new Connection(row);
  }
}
