import type { Client } from '../client/client.js';
import type { Line } from '../client/line.js';
import type { Receiver } from '../hosts/socket-line.js';
import type { BackendEnd, BackendEvents } from '../hosts/upstream.js';
import type { Hub } from '../hub/hub.js';
import type { RawConnection } from '../server-module.js';
import type { Connect, DirectConnection } from './direct-connection.js';
import { LockWatch } from './lock-watch.js';
import { type SeparateDatabase, SeparateDatabases } from './separate-databases.js';
import { type Room, SwitchedLine } from './switched-line.js';

/** What the room has to know of its host. */
export interface OutsideHost {
  readonly hub: () => Hub;
  /** Connects to a database of the sandbox's server: by default to that of the sandbox. */
  readonly connect: (database?: string) => Promise<RawConnection>;
  /** Takes a raw connection over, which keeps no process alive while `idle()`. */
  readonly takeOver: (connection: RawConnection, events: BackendEvents & { idle(): boolean }) => BackendEnd;
  /** How long the session waits for a transaction that rests, and for one that works, in milliseconds: its thread may be blocked meanwhile. */
  readonly stallTimeout: number;
  readonly holdTimeout: number;
  /** Calls back after so many milliseconds. */
  readonly after: (milliseconds: number, work: () => void) => void;
  /** The same, also while the thread is blocked by the session; it keeps no process alive. */
  readonly afterBlocked: (milliseconds: number, work: () => void) => void;
}

/** How long what a finished test has left running may take to end, in milliseconds, and how often that is looked at. */
const ENDING = 1000;
const LOOK = 2;

/**
 * What `outside(this)` is for the relay: while it is entered, each client has a backend of its own on a separate
 * database. The scopes of the sandbox begin and end meanwhile as ever, and say whose statements are let through.
 */
export class Outside implements Room {
  readonly processIds: Map<number, number> = new Map();
  readonly #host: OutsideHost;
  readonly #databases: SeparateDatabases;
  readonly #lines = new Set<SwitchedLine>();
  readonly #locks: LockWatch;
  #database: SeparateDatabase | undefined;
  /** Whether what the function of a test has left open gives way. */
  #yielding = false;
  connect: Connect | undefined;
  /** A backend for the session, which may have to block where nothing can be connected. */
  #ahead: Ahead | undefined;

  constructor(host: OutsideHost) {
    this.#host = host;
    this.#databases = new SeparateDatabases({
      hub: host.hub,
      connect: host.connect,
      takeOver: (connection, events) => host.takeOver(connection, { ...events, idle: () => true }),
    });
    const yielding = (): boolean => this.#yielding;
    this.#locks = new LockWatch({
      lines: this.#lines,
      get yielding() {
        return yielding();
      },
      ask: (sql, done) => this.#databases.look(sql, done),
      after: host.afterBlocked,
      now: () => this.hub.now(),
      stallTimeout: host.stallTimeout,
      holdTimeout: host.holdTimeout,
    });
  }

  get hub(): Hub {
    return this.#host.hub();
  }

  get settings(): readonly string[] {
    return this.#database?.settings ?? [];
  }

  /** What the session begins with: where it has several lines, it is one session all the same. */
  get ofSession(): readonly string[] {
    const [first] = [...this.#lines].filter(({ client }) => client.own);
    const { stallTimeout, holdTimeout } = this.#host;
    // Only where nobody can be asked whom it waits for: then it would be told before.
    return [`SET lock_timeout=${2 * stallTimeout + holdTimeout}`, ...(first?.client.carried.settings ?? [])];
  }

  /** Whether clients have backends of their own. */
  get entered(): boolean {
    return this.connect !== undefined;
  }

  /** A client has come. */
  accept(line: Line, accept: (line: Line) => Client): Receiver {
    const switched = new SwitchedLine(this, line, accept);
    this.#lines.add(switched);
    return switched;
  }

  gone(line: SwitchedLine): void {
    this.#lines.delete(line);
    if (line.client.own && this.entered) void this.#connectAhead();
  }

  sent(line: SwitchedLine): void {
    this.#locks.sent(line);
  }

  /** What a thread that the session blocks has to read next: who waits for whom, or what the session waits for. */
  get awaitedEnd(): BackendEnd | undefined {
    if (!this.entered) return undefined;
    const { asked } = this.#databases;
    if (asked !== undefined) return asked;
    for (const { client, direct } of this.#lines) if (client.own && direct?.underWay === true) return direct.end;
    return undefined;
  }

  /** Keeps what the database is now, before the first scope, for those that are made. */
  async keep(): Promise<void> {
    await this.#databases.keep();
  }

  /**
   * Makes a database, and leads all clients to it.
   *
   * @throws OutsideError when there can be none.
   */
  async enter(): Promise<void> {
    const database = await this.#databases.make();
    this.#database = database;
    const connect: Connect = async (events) => this.#host.takeOver(await this.#host.connect(database.name), events);
    this.connect = connect;
    await this.#connectAhead();
    const listening = [...this.#lines].filter(({ client }) => client.carried.listens);
    await Promise.all(listening.flatMap((line) => line.open()?.settled ?? []));
  }

  /** Leads all clients back, and drops the database. */
  async leave(): Promise<void> {
    const database = this.#database;
    if (database === undefined) return;

    this.endScope();
    await this.#quiet();
    this.connect = undefined;
    this.#database = undefined;
    this.#ahead?.close();
    this.#ahead = undefined;
    for (const line of this.#lines) line.comeBack();
    this.processIds.clear();
    this.hub.flush();
    await this.#databases.drop(database.name);
  }

  /** What a server that is gone does not drop, the next run does. */
  async close(): Promise<void> {
    await this.leave().catch(() => undefined);
    await this.#databases.close().catch(() => undefined);
  }

  /** The server has been asked to stop what finished tests have left. */
  async #quiet(): Promise<void> {
    for (let waited = 0; waited < ENDING; waited += LOOK) {
      if (![...this.#lines].some(({ direct }) => direct?.underWay === true)) return;
      await new Promise<void>((resolve) => this.#host.after(LOOK, resolve));
    }
  }

  async #connectAhead(): Promise<void> {
    const { connect } = this;
    if (connect === undefined) return;
    const ahead = new Ahead();
    try {
      ahead.end = await connect(ahead.events);
    } catch {
      // Whoever needs it will be told.
      return;
    }
    if (this.connect === connect) this.#ahead = ahead;
    else ahead.close();
  }

  /** The backend that was connected ahead. */
  takeAhead(): Ahead | undefined {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead;
  }

  // ---- scopes

  functionBegins(): void {
    this.#yielding = false;
    if (this.entered) for (const line of this.#lines) line.functionBegins();
  }

  functionOver(failed: boolean): void {
    if (!this.entered) return;
    this.#yielding = true;
    if (failed) for (const line of this.#lines) line.abandon();
  }

  /** The innermost scope is about to end. */
  endScope(): void {
    this.#yielding = false;
    if (!this.entered) return;
    const { title } = this.hub.scopes.gate;
    for (const line of this.#lines) line.endScope(title);
  }

  /** Cancels what the client runs outside; false where it runs nothing there. */
  cancel(client: Client): boolean {
    for (const line of this.#lines) {
      if (line.client !== client || line.direct?.underWay !== true) continue;
      line.direct.cancel();
      return true;
    }
    return false;
  }
}

/** A backend that was connected ahead of the client that is to have it. */
class Ahead {
  end: BackendEnd | undefined;
  #direct: DirectConnection | undefined;

  readonly events: BackendEvents & { idle(): boolean } = {
    received: (chunk) => this.#direct?.events.received(chunk),
    ended: (reason) => this.#direct?.events.ended(reason),
    idle: () => this.#direct?.events.idle() ?? true,
  };

  hand(direct: DirectConnection): void {
    this.#direct = direct;
  }

  close(): void {
    this.end?.destroy();
  }
}
