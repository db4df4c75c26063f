/** A savepoint of the client, and its name on the real connection. */
export interface Mark {
  readonly name: string;
  readonly real: string;
}

/** Where a virtual transaction stands; never changed, only replaced. */
export interface TransactionState {
  /** `failed` is that of Postgres: only the transaction's end or a ROLLBACK TO is accepted. */
  readonly phase: 'idle' | 'open' | 'failed';
  /** Whether the lowest savepoint is the transaction itself (SQLite's SAVEPOINT outside a transaction). */
  readonly rooted: boolean;
  /** The client's savepoints, the newest last. */
  readonly marks: readonly Mark[];
  /** The statements that opened the transaction, to be sent again by a chained commit. */
  readonly opening: readonly string[];
  /** Whether all of it was undone without its client's doing, which believes in it still. */
  readonly hollow: boolean;
}

/** What is to be done with one statement of a virtual connection. */
export type Plan =
  /** Send the statement as it is. */
  | { readonly kind: 'forward' }
  /**
   * Send these statements instead. `open` begins the virtual transaction, `close` ends it, `inner`
   * works inside it or does nothing. Whether a transaction is open after a `close` says
   * `VirtualTransaction.open` after `done`: a chained commit opens the next one at once.
   */
  | {
      readonly kind: 'open' | 'close' | 'inner';
      readonly send: readonly string[];
      /** The command tag that production would answer, e.g. `BEGIN`. */
      readonly tag: string;
      /** Whether production checks deferred constraints here, which RELEASE does not. */
      readonly commits: boolean;
      readonly next: TransactionState;
    }
  /** Send nothing and fail as the database would. `code` is the driver's in production. */
  | { readonly kind: 'reject'; readonly message: string; readonly code: string; readonly next: TransactionState }
  /** Send nothing, answer `tag` and warn (Postgres). */
  | { readonly kind: 'notice'; readonly message: string; readonly tag: string };

export const FORWARD: Plan = { kind: 'forward' };
export const IDLE: TransactionState = { phase: 'idle', rooted: false, marks: [], opening: [], hollow: false };

/**
 * Plans for the steps that all databases have, in savepoints of the real connection.
 *
 * The transaction itself is one savepoint and each of the client's is one above it. Real names are
 * the connection's prefix and the level: unique, since a level is used again only when what stood
 * there is gone, and few, so that an engine can keep the statements prepared.
 */
export class Steps {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Opens the transaction; `extra` is sent behind its savepoint. */
  begin(tag: string, extra: readonly string[] = []): Plan {
    const send = [`SAVEPOINT ${this.#real(0)}`, ...extra];
    return {
      kind: 'open',
      send,
      tag,
      commits: false,
      next: { phase: 'open', rooted: false, marks: [], opening: send, hollow: false },
    };
  }

  /** Opens the transaction by its first savepoint, whose release will be the commit. */
  beginRooted(name: string): Plan {
    const real = this.#real(0);
    const send = [`SAVEPOINT ${real}`];
    const next: TransactionState = {
      phase: 'open',
      rooted: true,
      marks: [{ name, real }],
      opening: send,
      hollow: false,
    };
    return { kind: 'open', send, tag: 'SAVEPOINT', commits: false, next };
  }

  commit(state: TransactionState, tag: string, chain: boolean): Plan {
    return this.#end(state, [releasing(this.#real(0))], tag, chain, true);
  }

  rollback(state: TransactionState, tag: string, chain: boolean): Plan {
    const real = this.#real(0);
    return this.#end(state, [rollingBackTo(real), releasing(real)], tag, chain, false);
  }

  /** Ends a transaction of which nothing is left. */
  endHollow(state: TransactionState, chain: boolean): Plan {
    return this.#end({ ...state, hollow: false }, [], 'ROLLBACK', chain, false);
  }

  savepoint(state: TransactionState, name: string): Plan {
    const top = state.marks.at(-1);
    const level = top === undefined ? 1 : Number(top.real.slice(this.#prefix.length + 1)) + 1;
    const mark = { name, real: this.#real(level) };
    return inner([`SAVEPOINT ${mark.real}`], 'SAVEPOINT', { ...state, marks: [...state.marks, mark] });
  }

  /** Drops the savepoint at `index` and all above it; their work stays. */
  release(state: TransactionState, index: number): Plan {
    const send = state.marks.slice(index, index + 1).map((mark) => releasing(mark.real));
    return inner(send, 'RELEASE', { ...state, marks: state.marks.slice(0, index) });
  }

  /** Undoes the work since the savepoint at `index`, which stays; those above it go. */
  rollbackTo(state: TransactionState, index: number): Plan {
    const send = state.marks.slice(index, index + 1).map((mark) => rollingBackTo(mark.real));
    return inner(send, 'ROLLBACK', { ...state, phase: 'open', marks: state.marks.slice(0, index + 1) });
  }

  #end(state: TransactionState, closing: readonly string[], tag: string, chain: boolean, commits: boolean): Plan {
    const send = chain ? [...closing, ...state.opening] : closing;
    const next: TransactionState = chain ? { ...state, phase: 'open', rooted: false, marks: [] } : IDLE;
    return { kind: 'close', send, tag, commits, next };
  }

  #real(level: number): string {
    return `${this.#prefix}_${level}`;
  }
}

/** A plan that answers without sending anything. */
export function answer(tag: string, state: TransactionState): Plan {
  return inner([], tag, state);
}

/** The newest savepoint of that name hides older ones; -1 if there is none. */
export function findMark(state: TransactionState, name: string): number {
  return state.marks.findLastIndex((mark) => mark.name === name);
}

function inner(send: readonly string[], tag: string, next: TransactionState): Plan {
  return { kind: 'inner', send, tag, commits: false, next };
}

// With the word SAVEPOINT, all three databases understand it.
function releasing(real: string): string {
  return `RELEASE SAVEPOINT ${real}`;
}

function rollingBackTo(real: string): string {
  return `ROLLBACK TO SAVEPOINT ${real}`;
}
