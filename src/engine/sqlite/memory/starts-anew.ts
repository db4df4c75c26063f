import type { Opener } from './opener.js';

/** A connection of the app that is open. */
export interface OpenConnection {
  /** Who has opened it; undefined where the app had a path, which is one database to all. */
  readonly opener: string | undefined;
  /** Number of the scope in which that was. */
  readonly scope: number;
}

/** What is known when the app opens `:memory:`. */
export interface Circumstances {
  readonly opener: Opener;
  /** Number of the innermost scope; undefined before the first one and between two. */
  readonly scope: number | undefined;
  /** The app's connections to the database that the name has meant up to now. */
  readonly connections: readonly OpenConnection[];
  /** Whether the app has ever opened it. */
  readonly opened: boolean;
  /** Whether the app has come to it by a path. */
  readonly byPath: boolean;
  /** Whether it has been used in a scope that is still open. */
  readonly used: boolean;
  /** Whether the session has written to it in such a scope: rows that the app is meant to find. */
  readonly prepared: boolean;
}

/**
 * Whether an app that opens `:memory:` begins with a database of its own, as SQLite would give it:
 * it was started anew, and what the former one has left would be in its way. In doubt it does not:
 * in production such an app has a file, and its connections share that.
 */
export function startsAnew(circumstances: Circumstances): boolean {
  const { opener, scope, connections, opened, byPath, used, prepared } = circumstances;
  if (scope === undefined || !opened || byPath || !used || prepared) return false;

  // All were closed since, and SQLite's database had gone with the last.
  if (connections.length === 0) return true;
  // A former start of the same app. A pool may only have grown; who else is connected may be its other half.
  return opener.kind !== 'pool' && connections.every((one) => one.opener === opener.name && one.scope !== scope);
}
