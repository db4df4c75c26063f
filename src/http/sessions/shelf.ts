import type { OpenSession } from './session.js';

/** Streams and WebSockets that tests have open, each with the scope in which it was opened. */
export class SessionShelf {
  readonly #depthOf = new Map<OpenSession, number>();
  #depth = 0;

  keep(session: OpenSession): void {
    this.#depthOf.set(session, this.#depth);
  }

  forget(session: OpenSession): void {
    this.#depthOf.delete(session);
  }

  begin(): void {
    this.#depth += 1;
  }

  /** Closes what was opened in the scope that ends. */
  end(): void {
    this.closeScope();
    this.#depth = Math.max(0, this.#depth - 1);
  }

  /** The same before its end, so that the app can finish what belongs to them. Whether there were any. */
  closeScope(): boolean {
    let closed = false;
    for (const [session, depth] of this.#depthOf) {
      if (depth < this.#depth || depth === 0) continue;
      session.close();
      closed = true;
    }
    return closed;
  }

  closeAll(): void {
    for (const session of this.#depthOf.keys()) session.close();
  }

  sentences(): string[] {
    return [...this.#depthOf.keys()].flatMap((session) => [...session.sentences()]);
  }
}
