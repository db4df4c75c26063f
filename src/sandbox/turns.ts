/** A place in the queue for the turn. */
export interface Ticket {
  readonly state: 'waiting' | 'granted' | 'withdrawn';
}

interface Entry<Owner> {
  readonly owner: Owner;
  readonly granted: () => void;
  state: Ticket['state'];
}

/**
 * Who may use the one real connection: one holder, and a queue that is first in, first out.
 *
 * An owner is a virtual connection. It has at most one place in the queue, because a connection
 * runs its statements one after the other; ordering those is the connection's own business.
 *
 * The turn is never free while somebody waits, and nothing here looks at a clock.
 */
export class Turns<Owner extends object> {
  #holder: Owner | undefined;
  #queue: Entry<Owner>[] = [];

  /** Who has the turn. */
  get holder(): Owner | undefined {
    return this.#holder;
  }

  /** Who waits, in the order in which they will be served. */
  get waiting(): readonly Owner[] {
    return this.#queue.map((entry) => entry.owner);
  }

  /** Takes the turn if it is free; true as well for the owner that holds it already. */
  tryTake(owner: Owner): boolean {
    if (this.#holder === owner) return true;
    if (this.#holder !== undefined) return false;

    this.#holder = owner;
    return true;
  }

  /**
   * Waits for the turn. `granted` is called once, synchronously, when the turn is handed over: by
   * the `release` of the one before, or at once if the turn is free. It must not throw, and it may
   * release.
   *
   * @throws Error when the owner holds the turn or waits already.
   */
  enqueue(owner: Owner, granted: () => void): Ticket {
    if (this.#holder === owner) throw new Error('Turns: the owner that holds the turn cannot wait for it.');
    if (this.#queue.some((entry) => entry.owner === owner)) throw new Error('Turns: the owner waits already.');

    const entry: Entry<Owner> = { owner, granted, state: 'waiting' };
    this.#queue.push(entry);
    if (this.#holder === undefined) this.#handOver();
    return entry;
  }

  /**
   * Gives the turn to whoever has waited longest.
   *
   * @throws Error when the owner does not hold the turn.
   */
  release(owner: Owner): void {
    if (this.#holder !== owner) throw new Error('Turns: released by an owner that does not hold the turn.');

    this.#holder = undefined;
    this.#handOver();
  }

  /** Leaves the queue. False when the ticket was served or withdrawn before. */
  withdraw(ticket: Ticket): boolean {
    const index = this.#queue.findIndex((entry) => entry === ticket);
    const [entry] = index < 0 ? [] : this.#queue.splice(index, 1);
    if (entry === undefined) return false;

    entry.state = 'withdrawn';
    return true;
  }

  /** Takes the turn from its holder and empties the queue; returns who waited, none of them served. */
  clear(): Owner[] {
    const entries = this.#queue;
    this.#queue = [];
    this.#holder = undefined;

    for (const entry of entries) entry.state = 'withdrawn';
    return entries.map((entry) => entry.owner);
  }

  #handOver(): void {
    const next = this.#queue.shift();
    if (next === undefined) return;

    // The holder is set before the call: `granted` may release, and must find itself in possession.
    this.#holder = next.owner;
    next.state = 'granted';
    next.granted();
  }
}
