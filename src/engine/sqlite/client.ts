import type { Effect } from '../../sql/effect.js';
import type { Connection } from './connection.js';
import type { Execution } from './emulation.js';
import type { Hub } from './hub.js';

/**
 * Runs a statement for a synchronous driver, which cannot wait: another connection's transaction is
 * an error at once, in the driver's own form.
 *
 * @throws SqliteError with code SQLITE_BUSY; its `cause` is the StallError.
 */
export function runNow<Result>(
  hub: Hub,
  connection: Connection,
  sql: string,
  effect: Effect,
  execution: Execution<Result>,
): Result {
  enterNow(hub, connection, sql, effect);
  try {
    return hub.perform(connection, sql, effect, execution);
  } finally {
    hub.leave(connection);
  }
}

/** Takes the turn for a synchronous driver; see `runNow`. */
export function enterNow(hub: Hub, connection: Connection, sql: string, effect: Effect, more = false): void {
  try {
    hub.enter(connection, sql, effect, 'refuse', more);
  } catch (error) {
    // By its code, since the package may have been loaded twice.
    if (!(error instanceof Error && 'code' in error && error.code === 'LOCKSTEP_STALL')) throw error;
    throw Object.assign(new hub.SqliteError(error.message, 'SQLITE_BUSY'), { cause: error });
  }
}
