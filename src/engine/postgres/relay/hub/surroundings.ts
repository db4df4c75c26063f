import type { Clock } from '../../../../sandbox/counted-time.js';
import type { LateStatement } from '../../../../sandbox/vocabulary.js';
import type { TurnTimeouts } from '../../../../sandbox/turn-queue.js';
import type { Client } from '../client/client.js';
import type { PublishedLog } from '../published-log.js';
import type { Outlet } from '../real.js';
import type { IdentityRule } from './identities.js';

/** A connection to the real server. */
export interface Server extends Outlet {
  readonly parameters: ReadonlyMap<string, string>;
  readonly processId: number;
  /** Asks the server to cancel what runs; `done` is called, at once or later, when it has got that or cannot be reached. */
  cancel(done: () => void): void;
  destroy(): void;
}

/** What the hub asks of the thread that it runs in. */
export interface Surroundings {
  readonly clock: Clock;
  readonly words: Int32Array;
  readonly patience: TurnTimeouts;
  /** The user name by which the session is known; nobody else knows it. */
  readonly sessionUser: string;
  /** The database's name in the URL that the app gets. */
  readonly database: string;
  /** What messages call the database, where there are several. */
  readonly label: string | undefined;
  /** Statements to be run whenever the outer transaction begins, each alone. */
  readonly overrides: readonly string[];
  /** What becomes of the values of sequences at the end of a scope that does not say so itself. */
  readonly identities: IdentityRule;
  /** Whether the database ends with the run, so that what is overridden may stay so. */
  readonly ownDatabase: boolean;
  /** Connects anew; `connected` or `unreachable` follows. */
  connect(): void;
  /** Reads what the main thread has sent and was not noticed yet. */
  catchUp(): void;
  /** Whether the main thread has sent something that was not noticed yet. */
  behind(): boolean;
  /** Calls back when the app's thread is able to do something. */
  readonly probe: (alive: () => void) => void;
  /** Whether somebody may be looking at the app's thread with a debugger. */
  readonly debugging: () => boolean;
  later(work: () => void): void;
  /** Cancels what the client runs on a connection of its own; false where it runs nothing there. */
  cancelOutside(client: Client): boolean;
  readonly log: PublishedLog;
  /** The session's wish for the turn is fulfilled, or not. */
  wished(error: Error | undefined): void;
  /** A statement was refused because its scope was over. */
  refused(late: LateStatement): void;
}
