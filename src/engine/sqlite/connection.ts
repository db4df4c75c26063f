import { VirtualTransaction } from '../../sandbox/virtual-transaction.js';
import { inMemory } from './database-name.js';
import type { Hub } from './hub.js';
import type { NativeStatement } from './native.js';

/** How a connection was opened. */
export interface ConnectionKind {
  readonly readonly?: boolean;
  /** Whether the app has opened `:memory:`; by default, whether that is the database's name. */
  readonly memory?: boolean;
  /** Whether foreign keys are on when it opens; undefined for the session. */
  readonly foreignKeys?: boolean;
}

/**
 * A virtual connection: what one client of the sandbox believes is its own. It outlives the hub,
 * because apps open their connections once and sandboxes come and go.
 */
export class Connection {
  /** Unique in the process, e.g. `sqlite3 connection 2`. */
  readonly name: string;
  /** Canonical name of the database that it is connected to. */
  readonly database: string;
  /** Whether it was opened for reading only. */
  readonly readonly: boolean;
  /** Whether the app knows its database to be in memory: it has opened `:memory:`, not a path. */
  readonly memory: boolean;
  readonly transaction: VirtualTransaction;
  /** Settings that are the connection's own and never reach the real handle, e.g. journal_mode. */
  readonly settings: Map<string, string | number> = new Map();
  /** Whether foreign keys are on when it opens; undefined for the session, which has them as the app has. */
  readonly keysByDefault: boolean | undefined;
  /** What `PRAGMA foreign_keys` has set. */
  foreignKeys: boolean | undefined;
  /** The scope that was open when it ran its first statement but for pragmas. */
  firstScope: object | undefined;
  /** The hub that the state below is about. */
  hub: Hub | undefined;
  lastSql: string | undefined;
  /** Whether its transaction keeps others from reading: it has written, or was begun as exclusive. */
  excludes = false;
  /** When it took the turn with a transaction, in milliseconds of the clock. */
  since = 0;
  /** When the transaction ran its last statement. */
  idleSince = 0;
  /** A statement runs to its end before anybody could look. */
  readonly running = false;

  constructor(
    name: string,
    database: string,
    { readonly = false, memory = inMemory(database), foreignKeys }: ConnectionKind = {},
  ) {
    this.name = name;
    this.database = database;
    this.readonly = readonly;
    this.memory = memory;
    this.keysByDefault = foreignKeys;
    this.transaction = new VirtualTransaction(name, 'sqlite');
    // How a new file keeps its journal.
    if (!memory && inMemory(database)) this.settings.set('journal_mode', 'delete');
  }

  /** Forgets what a former hub knew of it. */
  join(hub: Hub): void {
    this.hub = hub;
    this.reset();
  }

  /** What was begun is over. */
  reset(): void {
    this.transaction.reset();
  }

  /** Whether SQLite would refuse this statement on a connection like this. */
  forbids(statement: NativeStatement): boolean {
    return !statement.readonly && (this.readonly || this.settings.get('query_only') === 1);
  }
}
