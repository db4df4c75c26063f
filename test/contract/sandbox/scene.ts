import { expect } from 'chai';
import { canWait, waitUntil } from '#src/bridge/index.js';
import { blockedHost, type Host, type Sandbox, type ScopeName } from '#src/engine/index.js';
import type { AppConnection, Prepared, Subject } from './subject.js';

/** Of the sandbox's errors, those that the app or the test gets. */
export type Code = 'STALL' | 'HOLD_TIMEOUT' | 'STRAGGLER' | 'SANDBOX_LOST';

/** What every case begins with: run before the first scope, also where an earlier case has done so. */
const SCHEMA = 'DROP TABLE IF EXISTS item; CREATE TABLE item (id int PRIMARY KEY)';
const ALL = 'SELECT id FROM item ORDER BY id';

/** May let the app go on only under a hop of the bridge, as the runner's. */
const host: Host = { ...blockedHost, canWait, waitUntil: (done, timeout) => waitUntil('a query', done, timeout) };

/** A sandbox that is open, and the app's connections to it. */
export class Scene {
  readonly subject: Subject;
  readonly prepared: Prepared;
  readonly #connections: AppConnection[] = [];
  #sandbox: Sandbox | undefined;
  /** How many scopes are open. */
  #depth = 0;

  constructor(subject: Subject, prepared: Prepared) {
    this.subject = subject;
    this.prepared = prepared;
  }

  get sandbox(): Sandbox {
    if (this.#sandbox === undefined) throw new Error('No sandbox is open.');
    return this.#sandbox;
  }

  /** Opens a sandbox with an empty table, in place of the one before. */
  async open(): Promise<void> {
    this.#depth = 0;
    this.#sandbox = await this.prepared.open(host);
    this.#sandbox.session.script(SCHEMA);
  }

  /** Closes the sandbox, as at the end of a run. */
  async shut(): Promise<void> {
    await Promise.resolve(this.sandbox.close());
  }

  /** A new connection of the app; it is closed at the end of the case. */
  async connect(): Promise<AppConnection> {
    const connection = await this.prepared.connect();
    this.#connections.push(connection);
    return connection;
  }

  /** Ends the scopes that the case has left open; none of them has anything to tell. */
  endAll(): void {
    while (this.#depth > 0) this.end();
  }

  /** Closes everything, also after a case that has failed. */
  async close(): Promise<void> {
    while (this.#depth > 0) await failureOf(() => this.end()).catch(() => undefined);
    if (this.#sandbox !== undefined) await this.shut();
    // One that the case has closed says so.
    for (const connection of this.#connections.splice(0)) await connection.close().catch(() => undefined);
  }

  begin(title: string, kind: 'test' | 'layer' = 'test', identities?: ScopeName['identities']): void {
    this.#depth += 1;
    this.sandbox.begin({ kind, title, identities });
  }

  resume(): void {
    this.sandbox.resume();
  }

  end(): void {
    this.#depth -= 1;
    this.sandbox.end();
  }

  /** Waits, as the runner does before a test, until a server that was lost is connected to anew. */
  async recovered(): Promise<void> {
    await this.sandbox.recovering;
  }

  /** What the session sees. */
  get ids(): number[] {
    return ids(this.sandbox.session.execute(ALL).rows);
  }

  /** What a connection of the app sees. */
  async idsOf(app: AppConnection): Promise<number[]> {
    return ids(await app.query(ALL));
  }

  /** Inserts a row by the session. */
  insert(id: number): void {
    this.sandbox.session.execute(inserting(id));
  }

  /** Waits until so many of the app's connections, or of the session's, have or want the turn. */
  async queued(count: number): Promise<void> {
    while (this.sandbox.describe().length < count) await pause(1);
  }

  /** What the app has open, after everything that it has sent has come. */
  get leftovers(): string[] {
    return this.sandbox.leftovers().map(({ kind, connection, lastSql }) => {
      expect(connection).to.match(this.subject.connectionName);
      return `${kind}: ${lastSql}`;
    });
  }
}

export function inserting(id: number): string {
  return `INSERT INTO item VALUES (${id})`;
}

/** The ids of rows, by whatever driver they were read. */
function ids(rows: readonly Record<string, unknown>[]): number[] {
  return rows.map(({ id }) => Number(id));
}

/** The error that an action ends with, thrown or rejected. */
export async function failureOf(action: () => unknown): Promise<Error> {
  try {
    await action();
  } catch (error) {
    expect(error).to.be.instanceOf(Error);
    return error as Error;
  }
  throw new Error('It did not fail.');
}

/** Expects an error of Lockstep's, in whatever form the driver hands it on; gives its message. */
export async function refused(code: Code, action: () => unknown): Promise<string> {
  const error = await failureOf(action);
  expect(lockstepCode(error), error.stack).to.equal(`LOCKSTEP_${code}`);
  return error.message;
}

/** The code of an error of Lockstep's; undefined for those of the database. */
export function lockstepCode(error: Error): string | undefined {
  const { code, routine, cause } = error as Error & { readonly code?: unknown; readonly routine?: unknown };
  for (const name of [code, routine]) if (typeof name === 'string' && name.startsWith('LOCKSTEP_')) return name;
  return cause instanceof Error ? lockstepCode(cause) : undefined;
}

/** Lets the event loop go on for a while. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
