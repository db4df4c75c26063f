import type { Selectable } from 'kysely';
import { open, seal } from '../crypto.js';
import { db, type Db } from '../db.js';
import { GatewayError } from '../errors.js';
import type { Grant } from '../gateway.js';
import type { TokenTable } from '../tables.js';

export type TokenRow = Selectable<TokenTable>;

/** A token this close to its end, in milliseconds, is renewed before it is used. */
const RENEWAL_MARGIN = 60_000;

function ownerOf(connectionId: number, kind: 'access' | 'refresh'): string {
  return `connection/${connectionId}/${kind}`;
}

/** One version of a connection's secrets. They stay sealed until they are read. */
export class Token {
  readonly id: number;
  readonly connectionId: number;
  /** Counts from 1; each rotation adds one. */
  readonly version: number;
  readonly expiresAt: Date;
  readonly replacedAt: Date | null;
  readonly #sealed: { readonly access: string; readonly refresh: string };

  constructor(row: TokenRow) {
    this.id = row.id;
    this.connectionId = row.connection_id;
    this.version = row.version;
    this.expiresAt = row.expires_at;
    this.replacedAt = row.replaced_at;
    this.#sealed = { access: row.access_token, refresh: row.refresh_token };
  }

  /** Decrypted on every read, so that the clear text lives no longer than its use. */
  get accessToken(): string {
    return open(this.#sealed.access, ownerOf(this.connectionId, 'access'));
  }

  get refreshToken(): string {
    return open(this.#sealed.refresh, ownerOf(this.connectionId, 'refresh'));
  }

  isExpired(now: Date = new Date()): boolean {
    return now >= this.expiresAt;
  }

  needsRenewal(now: Date = new Date()): boolean {
    return this.isExpired(new Date(now.getTime() + RENEWAL_MARGIN));
  }

  static async current(connectionId: number, on: Db = db): Promise<Token | undefined> {
    const row = await on
      .selectFrom('tokens')
      .selectAll()
      .where('connection_id', '=', connectionId)
      .where('replaced_at', 'is', null)
      .executeTakeFirst();

    return row && new Token(row);
  }

  static async history(connectionId: number, on: Db = db): Promise<Token[]> {
    const rows = await on
      .selectFrom('tokens')
      .selectAll()
      .where('connection_id', '=', connectionId)
      .orderBy('version')
      .execute();

    return rows.map((row) => new Token(row));
  }

  /**
   * Stores a grant as the given version.
   *
   * @throws GatewayError when the grant has expired already.
   */
  static async issue(connectionId: number, version: number, grant: Grant, on: Db = db): Promise<Token> {
    if (grant.expiresIn <= 0) throw new GatewayError('The provider sent tokens that have expired already.');

    const row = await on
      .insertInto('tokens')
      .values({
        connection_id: connectionId,
        version,
        access_token: seal(grant.accessToken, ownerOf(connectionId, 'access')),
        refresh_token: seal(grant.refreshToken, ownerOf(connectionId, 'refresh')),
        expires_at: new Date(Date.now() + grant.expiresIn * 1000),
      })
      .returningAll()
      .executeTakeFirstOrThrow();

    return new Token(row);
  }

  /** Ends this version's force; the row stays as history. Returns false when it had ended before. */
  async retire(on: Db = db): Promise<boolean> {
    const { numUpdatedRows } = await on
      .updateTable('tokens')
      .set({ replaced_at: new Date() })
      .where('id', '=', this.id)
      .where('replaced_at', 'is', null)
      .executeTakeFirst();

    return numUpdatedRows > 0;
  }
}
