import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { db } from '../db.js';
import { Token } from './token.js';

export type ConnectionStatus = 'pending' | 'active' | 'disconnected';

export interface ConnectionRow {
  id: number;
  provider_id: number;
  account_ref: string;
  status: ConnectionStatus;
  state: string | null;
  created_at: string;
}

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
    this.createdAt = new Date(row.created_at);
  }

  /** The token in force. Lazy: each read asks the database. */
  get token(): Promise<Token | undefined> {
    return Token.current(this.id);
  }

  /** All tokens there ever were, oldest first. Lazy like {@link token}. */
  get history(): Promise<Token[]> {
    return Token.history(this.id);
  }

  static async find(id: number, on: Knex = db): Promise<Connection | undefined> {
    const row = await on<ConnectionRow>('connections').where({ id }).first();

    return row && new Connection(row);
  }

  static async findByState(state: string, on: Knex = db): Promise<Connection | undefined> {
    const row = await on<ConnectionRow>('connections').where({ state }).first();

    return row && new Connection(row);
  }

  /** Starts a pending connection; `state` is the secret that its callback must bring back. */
  static async insert(
    providerId: number,
    accountRef: string,
    on: Knex = db,
  ): Promise<{ connection: Connection; state: string }> {
    const state = randomBytes(24).toString('base64url');
    const [row] = await on<ConnectionRow>('connections')
      .insert({ provider_id: providerId, account_ref: accountRef, state })
      .returning('*');

    return { connection: new Connection(row!), state };
  }

  /**
   * Moves a connection from one status to another and forgets its state.
   * Returns undefined when somebody else has moved it meanwhile.
   */
  static async move(
    id: number,
    from: ConnectionStatus,
    to: ConnectionStatus,
    on: Knex = db,
  ): Promise<Connection | undefined> {
    const [row] = await on<ConnectionRow>('connections')
      .where({ id, status: from })
      .update({ status: to, state: null })
      .returning('*');

    return row && new Connection(row);
  }
}
