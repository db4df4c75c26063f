import type { StatementFailure } from '../../../../sandbox/statement-log.js';
import { readFields } from '../../wire/backend.js';
import type { Hub } from '../hub/hub.js';
import type { OpenRecord } from '../published-log.js';
import { timeOrigin } from '../../../../real-time.js';

/** What the log has to know of a client. */
interface Owner {
  readonly name: string;
  readonly lastSql: string | undefined;
  readonly emulation: { readonly transaction: { readonly number: number | undefined } };
}

/** What the query log is told of one client's statements. */
export class StatementRecorder {
  readonly #hub: Hub;
  readonly #client: Owner;
  /** The unit's last statement that succeeded. */
  #last: OpenRecord | undefined;
  /** Statements whose portals have not been read to their end. */
  readonly #suspended = new Map<string, OpenRecord>();

  constructor(hub: Hub, client: Owner) {
    this.#hub = hub;
    this.#client = client;
  }

  /** Which of the client's transactions is open. */
  get transaction(): number | undefined {
    return this.#client.emulation.transaction.number;
  }

  /** A unit begins. */
  begin(): void {
    this.#last = undefined;
  }

  /**
   * A statement has succeeded.
   *
   * @param tag its command tag, where it has one
   * @param transaction that which was open before it: it may have ended it
   */
  succeeded(sql: string, began: number, tag: string | undefined, transaction?: number): void {
    this.#last = this.#add(sql, began, countOf(tag), transaction ?? this.transaction, undefined);
  }

  /** A portal was read: to its end if there is a `tag`, else as far as `limit` rows. */
  executed(portal: string, sql: string, began: number, tag: string | undefined, limit: number): void {
    const before = this.#suspended.get(portal);
    const rows = tag === undefined ? limit : countOf(tag);
    this.#suspended.delete(portal);

    if (before === undefined) this.#last = this.#add(sql, began, rows, this.transaction, undefined);
    else {
      before.rows += rows;
      before.duration += this.#hub.now() - began;
      this.#last = before;
    }
    if (tag === undefined) this.#suspended.set(portal, this.#last);
  }

  /** Another portal has that name now. */
  bound(portal: string): void {
    this.#suspended.delete(portal);
  }

  /**
   * A statement has failed. `began` is 0 if it was not started.
   *
   * @param transaction that which was open before it: a COMMIT that fails has ended it
   */
  failed(error: Buffer, began: number, sql: string = this.#client.lastSql ?? '', transaction?: number): void {
    const start = began === 0 ? this.#hub.now() : began;
    this.#add(sql, start, 0, transaction ?? this.transaction, failureOf(error));
  }

  /** The commit of the unit's implicit transaction has failed, and with it the unit's last statement. */
  undone(error: Buffer, began: number): void {
    if (this.#last === undefined) return this.failed(error, began);

    this.#last.error = failureOf(error);
    this.#last.rows = 0;
    this.#hub.log.tell(this.#last);
  }

  #add(
    sql: string,
    began: number,
    rows: number,
    transaction: number | undefined,
    error: StatementFailure | undefined,
  ): OpenRecord {
    const ended = this.#hub.now();
    if (error === undefined) {
      this.#hub.made.saw(sql);
      this.#hub.identities.saw(sql);
    }
    return this.#hub.log.add({
      connection: this.#client.name,
      sql,
      at: timeOrigin + ended,
      duration: ended - began,
      rows,
      transaction,
      error,
    });
  }
}

function failureOf(error: Buffer): StatementFailure {
  const { C, M = '', R = '' } = readFields(error);
  // Postgres has the name of its own function there.
  return { code: R.startsWith('LOCKSTEP_') ? R : C, message: M };
}

/** Rows that a command tag tells of: `INSERT 0 3`, `SELECT 5`. */
export function countOf(tag: string | undefined): number {
  const count = tag === undefined ? undefined : /\d+$/.exec(tag)?.[0];
  return count === undefined ? 0 : Number(count);
}
