import type { Upstream } from './upstream.js';

/** A database that is there to be connected to. */
export interface Server {
  readonly upstream: Upstream;
  /**
   * Gives it up. A server that was started for the run ends with the last of its workers, and has
   * ended when this resolves for that one; a server named by a URL is left alone.
   *
   * @throws ServerError when it does not end.
   */
  stop(): Promise<void>;
}
