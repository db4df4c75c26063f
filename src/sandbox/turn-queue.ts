import { CountedTime, type CountedTimeOptions, type Stretch } from './counted-time.js';
import { holdTimeoutError, stallError, type TurnInfo } from './stall.js';
import { type Ticket, Turns } from './turns.js';

/** How long others may be kept waiting, in milliseconds. */
export interface TurnTimeouts {
  /** By a transaction that is idle all that time. */
  readonly stallTimeout: number;
  /** By a transaction that goes on, but not to its end. */
  readonly holdTimeout: number;
}

/** What the queue has to know of a connection that has the turn or asks for it. */
export interface TurnOwner {
  readonly name: string;
  readonly lastSql: string | undefined;
  /** When it took the turn, and when its transaction ran its last statement, in milliseconds of the clock. */
  readonly since: number;
  readonly idleSince: number;
  /** Whether a statement of it is running. */
  readonly running: boolean;
  /** Whether it has begun a transaction of its own, where others could have theirs beside it. */
  readonly inTransaction?: boolean;
}

/** A connection that waits for the turn. */
export interface TurnRequest<Owner> {
  readonly owner: Owner;
  readonly sql: string;
  /** When it asked, in milliseconds of the clock. */
  readonly since: number;
}

/** What surrounds the queue. */
export interface TurnQueueOptions extends CountedTimeOptions {
  readonly timeouts: TurnTimeouts;
  /** Called with the number of those who wait, whenever it has changed. */
  changed?(this: void, waiting: number): void;
}

interface Waiting<Owner> extends TurnRequest<Owner> {
  ticket: Ticket | undefined;
  readonly refused: (error: Error) => void;
}

/** After so many times `holdTimeout` without an answer, an app that cannot go on is given up. */
const GIVEN_UP = 3;
/** What a timer can count. */
const FOREVER = 2 ** 31 - 1;

/**
 * The queue before the one real connection, with a clock: whoever waits too long leaves it with an
 * error that names the holder.
 *
 * Only time counts in which the holder could go on (`CountedTime`): behind a pause being idle is counted
 * anew, and for the pause nobody was kept waiting. An app that does not answer for very long is given
 * up, because somebody in another process may wait for it.
 */
export class TurnQueue<Owner extends TurnOwner> {
  readonly #turns = new Turns<Owner>();
  readonly #timeouts: TurnTimeouts;
  readonly #clock: TurnQueueOptions['clock'];
  readonly #debugging: () => boolean;
  readonly #time: CountedTime;
  readonly #changed: (waiting: number) => void;
  readonly #waiting = new Set<Waiting<Owner>>();
  /** Milliseconds for which the holder has kept others waiting. */
  #kept = 0;
  /** Nobody is blamed for being idle before this moment. */
  #awake = 0;

  constructor({ timeouts, changed = () => undefined, ...time }: TurnQueueOptions) {
    this.#timeouts = timeouts;
    this.#clock = time.clock;
    this.#debugging = time.debugging;
    this.#changed = changed;
    this.#time = new CountedTime(
      time,
      (stretch) => this.#passed(stretch),
      (duration) => this.#silent(duration),
    );
  }

  /** Who has the turn. */
  get holder(): Owner | undefined {
    return this.#turns.holder;
  }

  /** Who waits, in the order in which they will be served. */
  get waiting(): readonly TurnRequest<Owner>[] {
    return [...this.#waiting];
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Takes the turn if it is free; true as well for the owner that holds it already. */
  tryTake(owner: Owner): boolean {
    return this.#turns.tryTake(owner);
  }

  /**
   * Waits for the turn. One of the two is called, once: `granted` synchronously when the turn is
   * handed over, which may be at once, or `refused`. Neither may throw.
   */
  request(owner: Owner, sql: string, granted: () => void, refused: (error: Error) => void): void {
    const waiting: Waiting<Owner> = { owner, sql, since: this.#clock.now(), ticket: undefined, refused };
    this.#waiting.add(waiting);
    this.#changed(this.#waiting.size);

    waiting.ticket = this.#turns.enqueue(owner, () => {
      this.#remove(waiting);
      granted();
    });
    this.#watch();
  }

  /**
   * Waits for the turn in place, while the app goes on.
   *
   * @param waitUntil lets the app go on until `done()` is true, or that is in vain; see `Host`
   * @throws StallError or HoldTimeoutError when the turn did not come, and what `waitUntil` throws.
   */
  requestHere(owner: Owner, sql: string, waitUntil: (done: () => boolean, timeout: number) => boolean): void {
    let granted = false;
    let failure: Error | undefined;

    this.request(
      owner,
      sql,
      () => (granted = true),
      (error) => (failure = error),
    );
    const done = (): boolean => granted || failure !== undefined;
    try {
      if (!done()) waitUntil(done, this.#limit());
    } catch (error) {
      // An error of the app ended the wait: the turn must not stay with somebody who has left.
      if (granted) this.release(owner);
      else this.cancel(owner);
      throw error;
    }
    if (!granted) this.cancel(owner);

    // Looked at anew: what ended the wait need not be what it waited for.
    if (granted || (failure === undefined && this.tryTake(owner))) return;
    throw failure ?? this.#stalled({ owner, sql }, this.holder ?? owner);
  }

  /** For a wait in place: the queue's own clock ends it, unless the event loop has stopped. */
  #limit(): number {
    const { stallTimeout, holdTimeout } = this.#timeouts;
    return this.#debugging() ? FOREVER : Math.min(FOREVER, stallTimeout + GIVEN_UP * holdTimeout);
  }

  /**
   * Gives the turn to whoever has waited longest.
   *
   * @throws Error when the owner does not hold the turn.
   */
  release(owner: Owner): void {
    this.#kept = 0;
    this.#time.stop();
    this.#turns.release(owner);
    this.#watch();
  }

  /** The owner does not wait any more; nothing is called. */
  cancel(owner: Owner): void {
    for (const waiting of [...this.#waiting]) if (waiting.owner === owner) this.#leave(waiting);
  }

  /** Sends everybody away, each with an error of its own. */
  dismiss(error: (owner: Owner, sql: string) => Error): void {
    // Asked at the end of every test.
    if (this.#waiting.size === 0) return;
    for (const waiting of [...this.#waiting]) this.#fail(waiting, error(waiting.owner, waiting.sql));
  }

  #fail(waiting: Waiting<Owner>, error: Error): void {
    // What refuses one may send away another.
    if (!this.#waiting.has(waiting)) return;
    this.#leave(waiting);
    waiting.refused(error);
  }

  #leave(waiting: Waiting<Owner>): void {
    if (waiting.ticket !== undefined) this.#turns.withdraw(waiting.ticket);
    this.#remove(waiting);
  }

  #remove(waiting: Waiting<Owner>): void {
    this.#waiting.delete(waiting);
    this.#changed(this.#waiting.size);
    if (this.#waiting.size === 0) this.#time.stop();
  }

  // ---- the clock

  /** Looks at the time, if anybody waits for the turn. */
  #watch(): void {
    const { holder } = this;
    if (this.#time.watching || this.#waiting.size === 0 || holder === undefined) return;

    const { stallTimeout, holdTimeout } = this.#timeouts;
    const now = this.#clock.now();
    const held = this.#debugging() ? Infinity : holdTimeout - this.#kept;
    const stalled = [...this.#waiting].map((waiting) => this.#stalls(waiting, holder) - now);
    // What runs now may be idle soon, so it is no longer than it takes to stall.
    this.#time.watch(Math.min(stallTimeout, held, ...stalled));
  }

  #passed({ ended, counted, paused }: Stretch): void {
    if (paused) this.#awake = ended;
    this.#kept += counted;
    this.#judge();
    this.#watch();
  }

  /** The app does not answer. */
  #silent(duration: number): void {
    if (duration < GIVEN_UP * this.#timeouts.holdTimeout) return;
    for (const waiting of [...this.#waiting])
      if (this.holder !== undefined) this.#fail(waiting, this.#held(this.holder));
  }

  /** When the waiting has been too long, if the holder goes on as it does now. */
  #stalls(waiting: Waiting<Owner>, holder: Owner): number {
    if (holder.running) return Infinity;
    return Math.max(waiting.since, holder.idleSince, this.#awake) + this.#timeouts.stallTimeout;
  }

  /** Fails those who have waited for too long. */
  #judge(): void {
    for (const waiting of [...this.#waiting]) {
      const { holder } = this;
      if (holder === undefined) return;

      if (this.#kept >= this.#timeouts.holdTimeout && !this.#debugging()) this.#fail(waiting, this.#held(holder));
      else if (this.#clock.now() >= this.#stalls(waiting, holder)) this.#fail(waiting, this.#stalled(waiting, holder));
    }
  }

  #held(holder: Owner): Error {
    return holdTimeoutError(describeTurn(holder), this.#clock.now(), this.#timeouts.holdTimeout);
  }

  #stalled({ owner, sql }: Pick<TurnRequest<Owner>, 'owner' | 'sql'>, holder: Owner): Error {
    const { name: connection, inTransaction = false } = owner;
    return stallError({ connection, sql, inTransaction }, describeTurn(holder), this.#clock.now(), 'timeout');
  }
}

/** What messages say of the connection that has the turn. */
export function describeTurn({ name, lastSql, since, idleSince, running }: TurnOwner): TurnInfo {
  return { connection: name, lastSql, since, idleSince: running ? undefined : idleSince };
}
