/** A wait as the pumps see it. */
export interface Wait {
  /** Whether nothing has ended it yet: neither its work nor an error of the app. */
  readonly pending: () => boolean;
  /** When it ends without a result, by `native.now()`. */
  readonly deadline: number;
}

/** A wait that ended without a result. */
export interface Expired {
  readonly kind: 'timeout' | 'deadlock';
  /** What Node had open at that moment, in words. */
  readonly open: readonly string[];
}

/** How the process goes on while a function is on the stack. */
export interface EventLoop {
  /** Runs the nextTick queue and, outside microtasks, the microtask queue (`processTicksAndRejections`). */
  tick(): void;
  /**
   * Alternates ticks and turns of libuv's loop until the wait is no longer pending or has expired.
   * What code of the app throws meanwhile goes to `state.thrown`.
   */
  spin(wait: Wait): Expired | undefined;
}
