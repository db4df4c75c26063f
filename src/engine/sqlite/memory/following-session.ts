import { classify } from '../../../sql/classify.js';
import type { Parameters, StatementResult, SyncConnection } from '../../engine.js';

/** The test's own connection to whichever database the app has in memory now. */
export class FollowingSession implements SyncConnection {
  readonly #current: () => SyncConnection;
  readonly #wrote: () => void;

  /**
   * @param current its connection to the database of this moment
   * @param wrote is told before it writes
   */
  constructor(current: () => SyncConnection, wrote: () => void) {
    this.#current = current;
    this.#wrote = wrote;
  }

  get inTransaction(): boolean {
    return this.#current().inTransaction;
  }

  execute(sql: string, parameters?: Parameters): StatementResult {
    const { kind } = classify(sql, 'sqlite');
    if (kind === 'write' || kind === 'ddl') this.#wrote();
    return this.#current().execute(sql, parameters);
  }

  script(sql: string): void {
    this.#wrote();
    this.#current().script(sql);
  }

  quoteName(name: string): string {
    return this.#current().quoteName(name);
  }

  placeholder(index: number): string {
    return this.#current().placeholder(index);
  }
}
