import type { Parameters, StatementResult, SyncConnection } from '../engine.js';
import type { RenewableSession } from './renewable-session.js';

/**
 * The session of a host that serves libpq, which blocks its thread whatever it waits for: outside of the sandbox,
 * where that may be the app, it is another one, which need not.
 */
export class SwitchedSession implements Required<SyncConnection> {
  readonly storesObjects = true;
  readonly beginsLazily = true;
  readonly #current: () => RenewableSession;

  constructor(current: () => RenewableSession) {
    this.#current = current;
  }

  get inTransaction(): boolean {
    return this.#current().inTransaction;
  }

  get transactionFailed(): boolean {
    return this.#current().transactionFailed;
  }

  execute(sql: string, parameters?: Parameters): StatementResult {
    return this.#current().execute(sql, parameters);
  }

  script(sql: string): void {
    this.#current().script(sql);
  }

  renew(): void {
    this.#current().renew();
  }

  quoteName(name: string): string {
    return this.#current().quoteName(name);
  }

  placeholder(index: number): string {
    return this.#current().placeholder(index);
  }
}
