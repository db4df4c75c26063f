import type { Parameters, StatementResult, SyncConnection } from './engine.js';

/** The test's own connection, which is another one outside of the sandbox. */
export class SwitchedSession implements Required<SyncConnection> {
  readonly #current: () => SyncConnection;

  constructor(current: () => SyncConnection) {
    this.#current = current;
  }

  execute(sql: string, parameters?: Parameters): StatementResult {
    return this.#current().execute(sql, parameters);
  }

  script(sql: string): void {
    this.#current().script(sql);
  }

  renew(): void {
    this.#current().renew?.();
  }

  quoteName(name: string): string {
    return this.#current().quoteName(name);
  }

  placeholder(index: number): string {
    return this.#current().placeholder(index);
  }

  get inTransaction(): boolean {
    return this.#current().inTransaction;
  }

  get transactionFailed(): boolean {
    return this.#current().transactionFailed === true;
  }

  get beginsLazily(): boolean {
    return this.#current().beginsLazily === true;
  }

  get storesObjects(): boolean {
    return this.#current().storesObjects === true;
  }
}
