import type { StatementFailure } from '../engine/index.js';

export type { StatementFailure } from '../engine/index.js';

/** One statement that was sent to the database during a test. */
export interface StatementRecord {
  /** As it was sent; of a long one the first 4000 characters. */
  readonly sql: string;
  /** Who sent it: the app, or the test's own session. */
  readonly by: 'app' | 'session';
  /** The database's name in the config; `main` where there is only one. */
  readonly database: string;
  /** Which connection sent it, e.g. `session` or `sqlite3 connection 2`. */
  readonly connection: string;
  /** Milliseconds from the moment when the connection had its turn to the answer. */
  readonly duration: number;
  /** Rows returned, or changed where none are returned. */
  readonly rows: number;
  /** Which of the test's transactions it was part of, counted from 1; undefined outside of one. */
  readonly transaction: number | undefined;
  /** Full title of the test, or of the `describe` whose hook it was. */
  readonly test: string;
  /**
   * Method and path of the client call in whose time it was answered: `GET /providers`. Undefined
   * outside of calls, and where several were in flight at the same time.
   */
  readonly request: string | undefined;
  /** Why it failed; undefined where it did not. */
  readonly error: StatementFailure | undefined;
}

/** Statements, oldest first. */
export interface Queries extends ReadonlyArray<StatementRecord> {
  /** How many older ones there were that are not kept any more: only the last 1000 are. */
  readonly omitted: number;
}

/** A list that is frozen; how many it lacks is none of its elements, and not shown with them. */
export function listed(records: readonly StatementRecord[], omitted: number): Queries {
  return Object.freeze(Object.defineProperty([...records], 'omitted', { value: omitted })) as unknown as Queries;
}

export const NO_QUERIES: Queries = listed([], 0);
