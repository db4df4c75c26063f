import { readFields } from '../../wire/backend.js';
import type { Hub } from '../hub/hub.js';

/** What the query log is told of one client's statements. */
export class StatementLog {
  readonly #hub: Hub;
  readonly #client: { readonly name: string; readonly lastSql: string | undefined };

  constructor(hub: Hub, client: { readonly name: string; readonly lastSql: string | undefined }) {
    this.#hub = hub;
    this.#client = client;
  }

  /** A statement has succeeded. `tag` is its command tag, where it has one. */
  succeeded(sql: string, began: number, tag: string | undefined): void {
    if (!this.#hub.noticeboard.observed) return;
    this.#hub.log({
      connection: this.#client.name,
      sql,
      duration: this.#hub.now() - began,
      rows: countOf(tag),
    });
  }

  /** The client's last statement has failed. `began` is 0 if it was not started. */
  failed(error: Buffer, began: number): void {
    if (!this.#hub.noticeboard.observed) return;
    this.#hub.log({
      connection: this.#client.name,
      sql: this.#client.lastSql ?? '',
      duration: began === 0 ? 0 : this.#hub.now() - began,
      rows: 0,
      error: readFields(error),
    });
  }
}

/** Rows that a command tag tells of: `INSERT 0 3`, `SELECT 5`. */
export function countOf(tag: string | undefined): number {
  const count = tag === undefined ? undefined : /\d+$/.exec(tag)?.[0];
  return count === undefined ? 0 : Number(count);
}
