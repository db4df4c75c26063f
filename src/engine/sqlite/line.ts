import { holdTimeoutError, stallError, type TurnInfo } from '../../sandbox/stall.js';
import { type Ticket, Turns } from '../../sandbox/turns.js';
import type { Host } from '../engine.js';
import { after, now } from './clock.js';
import type { Connection } from './connection.js';

/** How long others may be kept waiting, in milliseconds. */
export interface Patience {
  /** By a transaction that is idle all that time. */
  readonly stallTimeout: number;
  /** By a transaction that goes on, but not to its end. */
  readonly holdTimeout: number;
}

interface Waiting {
  readonly connection: Connection;
  readonly sql: string;
  readonly since: number;
  ticket: Ticket | undefined;
  readonly fail: (error: Error) => void;
}

// A timer that fires this much too late (milliseconds) tells of a blocked thread: the holder had no chance to go on.
const BLOCKED = 50;

/**
 * The line before the one real connection, with a clock: whoever waits too long leaves it with an
 * error that names the holder.
 */
export class Line {
  readonly turns: Turns<Connection> = new Turns();
  readonly #patience: Patience;
  readonly #waiting = new Set<Waiting>();
  #stopTimer: (() => void) | undefined;
  // Nobody is blamed for being idle before this moment.
  #awake = 0;

  constructor(patience: Patience) {
    this.#patience = patience;
  }

  /** Who waits, in order. */
  get waiting(): readonly Pick<Waiting, 'connection' | 'sql' | 'since'>[] {
    return [...this.#waiting];
  }

  /** Waits for the turn. One of the two is called, once: `granted` as Turns does it, or `fail`. */
  wait(connection: Connection, sql: string, granted: () => void, fail: (error: Error) => void): void {
    const waiting: Waiting = { connection, sql, since: now(), ticket: undefined, fail };
    this.#waiting.add(waiting);

    waiting.ticket = this.turns.enqueue(connection, () => {
      this.#waiting.delete(waiting);
      this.#rest();
      granted();
    });
    this.#watch();
  }

  /**
   * Waits for the turn in place, while the app's work goes on.
   *
   * @throws StallError or HoldTimeoutError when the turn did not come.
   */
  waitHere(connection: Connection, sql: string, host: Host): void {
    let granted = false;
    let failure: Error | undefined;
    const { stallTimeout, holdTimeout } = this.#patience;

    this.wait(
      connection,
      sql,
      () => (granted = true),
      (error) => (failure = error),
    );
    // The clock of the line ends the wait; the limit is for a host whose loop has stopped.
    const done = (): boolean => granted || failure !== undefined;
    try {
      if (!done()) host.waitUntil(done, stallTimeout + holdTimeout);
    } catch (error) {
      // An error of the app ended the wait: the turn must not stay with somebody who has left.
      if (granted) this.turns.release(connection);
      else this.forget(connection);
      throw error;
    }
    if (!granted) this.forget(connection);

    // Looked at anew: what ended the wait need not be what it waited for.
    if (granted || (failure === undefined && this.turns.tryTake(connection))) return;
    const { holder } = this.turns;
    throw (
      failure ?? stallError({ connection: connection.name, sql }, describeTurn(holder ?? connection), now(), 'timeout')
    );
  }

  /** Sends everybody away, each with an error of its own. */
  dismiss(error: (connection: Connection, sql: string) => Error): void {
    // Asked at the end of every test.
    if (this.#waiting.size === 0) return;
    for (const waiting of [...this.#waiting]) this.#sendAway(waiting, error(waiting.connection, waiting.sql));
  }

  /** Sends a connection away without a word: it was closed. */
  forget(connection: Connection): void {
    for (const waiting of [...this.#waiting]) {
      if (waiting.connection === connection) this.#leave(waiting);
    }
  }

  #sendAway(waiting: Waiting, error: Error): void {
    this.#leave(waiting);
    waiting.fail(error);
  }

  #leave(waiting: Waiting): void {
    if (waiting.ticket !== undefined) this.turns.withdraw(waiting.ticket);
    this.#waiting.delete(waiting);
    this.#rest();
  }

  #rest(): void {
    if (this.#waiting.size > 0) return;
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  /** Sets the timer for the first of those who wait whose patience will end. */
  #watch(): void {
    const { holder } = this.turns;
    if (this.#stopTimer !== undefined || this.#waiting.size === 0 || holder === undefined) return;

    const due = Math.min(...[...this.#waiting].map((waiting) => this.#patienceEnds(waiting, holder)));
    this.#stopTimer = after(Math.max(1, Math.ceil(due - now())), () => {
      this.#stopTimer = undefined;
      if (now() - due > BLOCKED) this.#awake = now();
      else this.#lose();
      this.#watch();
    });
  }

  #patienceEnds(waiting: Waiting, holder: Connection): number {
    const stalled = Math.max(waiting.since, holder.idleSince, this.#awake) + this.#patience.stallTimeout;
    return Math.min(stalled, Math.max(waiting.since, holder.since + this.#patience.holdTimeout));
  }

  /** Fails those whose patience has ended. */
  #lose(): void {
    for (const waiting of [...this.#waiting]) {
      const { holder } = this.turns;
      const time = now();
      if (holder === undefined || time < this.#patienceEnds(waiting, holder)) continue;

      const held = time - holder.since >= this.#patience.holdTimeout;
      this.#sendAway(
        waiting,
        held
          ? holdTimeoutError(describeTurn(holder), time, this.#patience.holdTimeout)
          : stallError(
              { connection: waiting.connection.name, sql: waiting.sql },
              describeTurn(holder),
              time,
              'timeout',
            ),
      );
    }
  }
}

/** What messages say of the connection that has the turn. */
export function describeTurn({ name, lastSql, since, idleSince }: Connection): TurnInfo {
  return { connection: name, lastSql, since, idleSince };
}
