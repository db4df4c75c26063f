import type { Client } from '../client/client.js';
import type { Work } from '../work.js';

const OWN = "locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid()";

/** Two numbers of 32 bits, or one of 64: how the lock was named says objsubid (manual, "pg_locks"). */
const KEY =
  "CASE objsubid WHEN 1 THEN ((classid::bigint << 32) | objid::bigint)::text ELSE classid::bigint::bit(32)::int4 || ',' || objid::bigint::bit(32)::int4 END";

const HELD = `SELECT ${KEY}, mode FROM pg_catalog.pg_locks WHERE ${OWN} AND granted`;

/**
 * Advisory locks that were taken before the first scope: whoever has taken one keeps it, though the end of a scope
 * gives back all that the one connection holds.
 */
export class KeptLocks {
  /** Whose they are, by the statement that takes them again. */
  readonly #owners = new Map<string, Client>();

  /** The client has run something that may have taken locks or given some back. */
  *adopting(client: Client): Work {
    const { rows } = yield { kind: 'own', statements: [HELD] };
    const held = new Set(rows.map(([key, mode]) => taking(key ?? '', mode === 'ShareLock')));
    for (const lock of this.#owners.keys()) if (!held.has(lock)) this.#owners.delete(lock);
    for (const lock of held) if (!this.#owners.has(lock)) this.#owners.set(lock, client);
  }

  has(client: Client): boolean {
    return [...this.#owners.values()].includes(client);
  }

  /** The statements that take them again, when all were given back. */
  get retaking(): readonly string[] {
    return [...this.#owners.keys()];
  }

  gone(client: Client): void {
    for (const [lock, owner] of this.#owners) if (owner === client) this.#owners.delete(lock);
  }

  /** They have gone with the connection to the server. */
  forget(): void {
    this.#owners.clear();
  }
}

/** Another process may have been faster; whoever waits for the scope's end is not to wait for that. */
function taking(key: string, shared: boolean): string {
  return `SELECT pg_catalog.pg_try_advisory_lock${shared ? '_shared' : ''}(${key})`;
}
