import { holdTimeoutError, stallError, type TurnInfo } from '../../../sandbox/stall.js';
import { type Ticket, Turns } from '../../../sandbox/turns.js';
import type { Clock } from './clock.js';

/** How long others may be kept waiting, in milliseconds. */
export interface Patience {
  /** By a transaction that is idle all that time. */
  readonly stallTimeout: number;
  /** By a transaction that goes on, but not to its end. */
  readonly holdTimeout: number;
}

/** What the queue has to know of who holds the turn or waits for it. */
export interface Waiter {
  readonly name: string;
  readonly lastSql: string | undefined;
  readonly since: number;
  readonly idleSince: number;
  readonly running: boolean;
  readonly inTransaction?: boolean;
}

interface Waiting<Owner> {
  readonly owner: Owner;
  readonly sql: string;
  readonly since: number;
  ticket: Ticket | undefined;
  readonly fail: (error: Error) => void;
}

// An answer that comes this much too late (milliseconds) tells of a blocked thread: the holder had no chance to go on.
const BLOCKED = 50;

/**
 * The queue before the one real connection, with a clock: whoever waits too long leaves it with an
 * error that names the holder.
 */
export class Queue<Owner extends Waiter> {
  readonly turns: Turns<Owner> = new Turns();
  readonly #patience: Patience;
  readonly #clock: Clock;
  /** Calls back as soon as the app's thread is able to do something. */
  readonly #probe: (alive: () => void) => void;
  readonly #changed: (waiting: number) => void;
  readonly #waiting = new Set<Waiting<Owner>>();
  #stopTimer: (() => void) | undefined;
  // Nobody is blamed for being idle before this moment.
  #awake = 0;

  constructor(
    patience: Patience,
    clock: Clock,
    probe: (alive: () => void) => void,
    changed: (waiting: number) => void,
  ) {
    this.#patience = patience;
    this.#clock = clock;
    this.#probe = probe;
    this.#changed = changed;
  }

  /** Who waits, in order. */
  get waiting(): readonly Pick<Waiting<Owner>, 'owner' | 'sql' | 'since'>[] {
    return [...this.#waiting];
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Waits for the turn. One of the two is called, once: `granted` as Turns does it, or `fail`. */
  wait(owner: Owner, sql: string, granted: () => void, fail: (error: Error) => void): void {
    const waiting: Waiting<Owner> = { owner, sql, since: this.#clock.now(), ticket: undefined, fail };
    this.#waiting.add(waiting);
    this.#changed(this.#waiting.size);

    waiting.ticket = this.turns.enqueue(owner, () => {
      this.#waiting.delete(waiting);
      this.#changed(this.#waiting.size);
      this.#rest();
      granted();
    });
    this.#watch();
  }

  /** Sends everybody away, each with an error of its own. */
  dismiss(error: (owner: Owner, sql: string) => Error): void {
    for (const waiting of [...this.#waiting]) this.#sendAway(waiting, error(waiting.owner, waiting.sql));
  }

  /** Sends one away without a word. */
  forget(owner: Owner): void {
    for (const waiting of [...this.#waiting]) if (waiting.owner === owner) this.#leave(waiting);
  }

  #sendAway(waiting: Waiting<Owner>, error: Error): void {
    this.#leave(waiting);
    waiting.fail(error);
  }

  #leave(waiting: Waiting<Owner>): void {
    if (waiting.ticket !== undefined) this.turns.withdraw(waiting.ticket);
    this.#waiting.delete(waiting);
    this.#changed(this.#waiting.size);
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

    const due = this.#due(holder);
    // What runs may become idle meanwhile, so nobody sleeps longer than it takes to stall.
    const delay = Math.max(1, Math.min(Math.ceil(due - this.#clock.now()), this.#patience.stallTimeout));
    this.#stopTimer = this.#clock.after(delay, () => {
      this.#stopTimer = undefined;
      const current = this.turns.holder;
      const now = current === undefined ? Infinity : this.#due(current);
      if (now > this.#clock.now()) this.#watch();
      else this.#judge(now);
    });
  }

  #due(holder: Owner): number {
    return Math.min(...[...this.#waiting].map((waiting) => this.#patienceEnds(waiting, holder)));
  }

  #judge(due: number): void {
    const asked = this.#clock.now();
    let answered = false;
    const answer = (): void => {
      if (answered) return;
      answered = true;
      stop();
      this.#stopTimer = undefined;
      const now = this.#clock.now();
      if (now - Math.min(due, asked) > BLOCKED) this.#awake = now;
      this.#lose();
      this.#watch();
    };
    // A thread that never answers is given up as well.
    const stop = this.#clock.after(this.#patience.holdTimeout, answer);
    this.#stopTimer = stop;
    this.#probe(answer);
  }

  #patienceEnds(waiting: Waiting<Owner>, holder: Owner): number {
    const { stallTimeout, holdTimeout } = this.#patience;
    const held = Math.max(waiting.since, holder.since + holdTimeout);
    if (holder.running) return held;

    const stalled = Math.max(waiting.since, holder.idleSince, this.#awake) + stallTimeout;
    return Math.min(stalled, held);
  }

  /** Fails those whose patience has ended. */
  #lose(): void {
    for (const waiting of [...this.#waiting]) {
      const { holder } = this.turns;
      const time = this.#clock.now();
      if (holder === undefined || time < this.#patienceEnds(waiting, holder)) continue;

      const held = time - holder.since >= this.#patience.holdTimeout;
      this.#sendAway(
        waiting,
        held
          ? holdTimeoutError(describeTurn(holder), time, this.#patience.holdTimeout)
          : stallError(
              { connection: waiting.owner.name, sql: waiting.sql, inTransaction: waiting.owner.inTransaction ?? false },
              describeTurn(holder),
              time,
              'timeout',
            ),
      );
    }
  }
}

/** What messages say of the client that has the turn. */
export function describeTurn({ name, lastSql, since, idleSince, running }: Waiter): TurnInfo {
  return { connection: name, lastSql, since, idleSince: running ? undefined : idleSince };
}
