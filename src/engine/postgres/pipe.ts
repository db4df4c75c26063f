/**
 * A byte stream to a Postgres server whose reads block the thread. In the product the far end is the
 * relay; to the session it is a server like any other.
 */
export interface Pipe {
  /** Sends bytes; never blocks. */
  write(bytes: Uint8Array): void;
  /**
   * Returns what has come, blocking until something has.
   *
   * @param timeout Milliseconds.
   * @throws when the time has passed, and when the far end has closed.
   */
  read(timeout: number): Uint8Array;
  /** Closes both directions. May be called twice. */
  close(): void;
}
