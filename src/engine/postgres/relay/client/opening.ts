import type { SessionSettings } from '../emulation.js';
import type { Script } from '../statement.js';

/**
 * A connection is being opened until it runs something else than settings and questions about the server: what
 * drivers and pools set with each new connection stays with it, as if it had come with the startup message, whatever
 * scope that happens to be in.
 */
export class Opening {
  #open = true;
  #settings: SessionSettings | undefined;

  /** Whether it is still being opened. */
  get going(): boolean {
    return this.#open;
  }

  /** What was set; undefined if nothing was. */
  get settings(): SessionSettings | undefined {
    return this.#settings;
  }

  /** The client is about to run a text; undefined if it cannot be told which. */
  runs(script: Script | undefined): void {
    if (this.#open && script?.opening !== true) this.#open = false;
  }

  /** It has run it, outside of a transaction. */
  ran(settings: SessionSettings): void {
    if (this.#open) this.#settings = settings;
  }

  /** A scope begins or ends: whatever comes now belongs to that. */
  end(): void {
    this.#open = false;
  }
}
