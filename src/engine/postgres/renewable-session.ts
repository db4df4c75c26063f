import type { SyncConnection } from '../engine.js';
import { ConnectionLostError, SandboxLostError } from '../../errors.js';
import type { Pipe } from './pipe.js';

/** How the session reaches the relay. */
export interface SessionEnd {
  /** The socket's directory, as libpq's `host` takes it. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly openPipe: () => Pipe;
  /** Whether somebody answers libpq while it blocks this thread. */
  readonly servesLibpq: boolean;
  /** To be called before each statement; the session has the turn when it returns. */
  readonly beforeStatement: (sql: string) => void;
}

/** Makes the session. The connection may have a `close`, which is called at the end. */
export type OpenSession = (end: SessionEnd) => SyncConnection & { close?(): void };

/** The session, connected when it is first used, and anew after the relay was. */
export class RenewableSession implements Required<SyncConnection> {
  readonly storesObjects = true;
  readonly beginsLazily = true;
  readonly #open: () => ReturnType<OpenSession>;
  readonly #isOpen: () => boolean;
  readonly #lost: () => void;
  #session: ReturnType<OpenSession> | undefined;

  /**
   * @param isOpen whether the session has a transaction open
   * @param lost called when a statement has failed because everything is lost
   */
  constructor(open: () => ReturnType<OpenSession>, isOpen: () => boolean, lost: () => void) {
    this.#open = open;
    this.#isOpen = isOpen;
    this.#lost = lost;
  }

  get inTransaction(): boolean {
    return this.#isOpen();
  }

  get transactionFailed(): boolean {
    return this.#session?.transactionFailed ?? false;
  }

  execute(...parameters: Parameters<SyncConnection['execute']>): ReturnType<SyncConnection['execute']> {
    return this.#renewing((session) => session.execute(...parameters));
  }

  script(sql: string): void {
    this.#renewing((session) => session.script(sql));
  }

  /** The next statement has a connection of its own. */
  renew(): void {
    this.close();
  }

  quoteName(name: string): string {
    return this.#use().quoteName(name);
  }

  placeholder(index: number): string {
    return `$${index}`;
  }

  close(): void {
    const session = this.#session;
    this.#session = undefined;
    try {
      session?.close?.();
    } catch {
      // It may have been cut off already.
    }
  }

  #use(): ReturnType<OpenSession> {
    this.#session ??= this.#open();
    return this.#session;
  }

  /** A connection that has ended is told of once: the next statement has a new one. */
  #renewing<Result>(work: (session: ReturnType<OpenSession>) => Result): Result {
    try {
      return work(this.#use());
    } catch (error) {
      if (error instanceof ConnectionLostError) this.close();
      if (error instanceof ConnectionLostError || error instanceof SandboxLostError) this.#lost();
      throw error;
    }
  }
}
