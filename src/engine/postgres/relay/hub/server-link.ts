import { readFields } from '../../wire/backend.js';
import { CLEARING_ALL } from '../ending-timeouts.js';
import { type Inheritance, inheritanceOf, NO_INHERITANCE } from '../inheritance.js';
import { RealConnection } from '../real.js';
import { connectionLost } from './connection-lost.js';
import type { Hub } from './hub.js';
import type { Server, Surroundings } from './surroundings.js';

/** How long it is waited before the running statement is cancelled, in milliseconds. */
const CANCEL_AFTER = 100;

/**
 * A backend whose connection was cut goes on with its statement, and keeps its locks: the server looks at the socket
 * when the statement is over. One that has come later is a stranger with the same number.
 */
function endingBackend(processId: number): string {
  return (
    'SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity ' +
    `WHERE pid = ${processId} AND usename = session_user AND datname = pg_catalog.current_database() AND backend_start < ` +
    '(SELECT backend_start FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid())'
  );
}

const NOWHERE = { write: (): void => undefined };

/** The connection to the real server: it comes, ends and comes again. */
export class ServerLink {
  /** Counts the settings that the server reported. */
  parametersVersion = 0;
  readonly parameters: Map<string, string> = new Map();
  /** The settings that the server reported at the start, before any client changed them. */
  defaults: ReadonlyMap<string, string> = new Map();
  /** What the server gives to new connections, and the real one has given up. */
  inheritance: Inheritance = NO_INHERITANCE;
  /** The database's own name. */
  database: string | undefined;
  /** The real backend's number. */
  processId = 0;
  /** There is always one, so that nobody has to ask; without a server it leads nowhere. */
  real: RealConnection;

  readonly #hub: Hub;
  readonly #surroundings: Surroundings;
  #server: Server | undefined;
  #connecting = false;
  /** Whether nothing that the server gives to new connections can end this one any more. */
  #cleared = false;
  /** Whether there was none to be had when it was tried last. */
  #unreachable = false;
  /** Cancel requests that the server has not got yet. */
  #cancelRequests = 0;
  #whenCancelled: (() => void)[] = [];
  #whenIdle: (() => void)[] = [];
  #whenOpen: ((lost: Error | undefined) => void)[] = [];

  constructor(hub: Hub, surroundings: Surroundings) {
    this.#hub = hub;
    this.#surroundings = surroundings;
    this.real = this.#newConnection(NOWHERE);
  }

  /** Whether there is a server, ready for clients. */
  get open(): boolean {
    return this.#server !== undefined && this.#cleared;
  }

  /** Whether there is a cancel request that the server has not got yet. */
  get cancelling(): boolean {
    return this.#cancelRequests > 0;
  }

  /** Calls back when the server has got all cancel requests. */
  whenCancelled(then: () => void): void {
    if (this.cancelling) this.#whenCancelled.push(then);
    else then();
  }

  /** Whether there is a connection, whatever it is ready for. */
  get attached(): boolean {
    return this.#server !== undefined;
  }

  /** Whether a connection is being made, or made ready. */
  get connecting(): boolean {
    return this.#connecting || (this.attached && !this.#cleared);
  }

  /** Whether it was tried in vain to get one since the last. */
  get tried(): boolean {
    return this.#unreachable;
  }

  /** Wants a connection; `connected` or `unreachable` follows. */
  connect(): void {
    if (this.#connecting || this.#server !== undefined) return;
    this.#connecting = true;
    this.#surroundings.connect();
  }

  connected(server: Server): void {
    this.#connecting = false;
    this.#unreachable = false;
    this.#server = server;
    this.processId = server.processId;
    this.real = this.#newConnection(server);
    this.parameters.clear();
    this.defaults = new Map(server.parameters);
    for (const [name, value] of server.parameters) this.parameters.set(name, value);
    this.parametersVersion += 1;
    const former = this.#hub.noticeboard.servedBy(server.processId);
    if (former !== 0 && former !== server.processId) this.real.ask(endingBackend(former), () => undefined);
    // Before schema and seed: defaults of columns keep the function that they were made with.
    if (this.#surroundings.ownDatabase) this.#hub.ground.override(this.#surroundings.overrides);
    this.#cleared = false;
    this.real.ask(`SELECT pg_catalog.current_database();${CLEARING_ALL}`, ({ rows: [first, ...rows] }) => {
      this.database = first?.[0] ?? undefined;
      this.inheritance = inheritanceOf(rows.map(([name, value]) => [name ?? '', value ?? '']));
      this.#cleared = true;
      this.#hub.turns.unpark();
      this.#opened(undefined);
    });
    this.#hub.flush();
  }

  /** The server cannot be reached. */
  unreachable(error: Error): void {
    const { scopes, turns } = this.#hub;
    this.#connecting = false;
    this.#unreachable = true;
    const lost = connectionLost(error.message, this.#about(), error);
    scopes.gate.fail(lost);
    turns.refuseParked(() => lost);
    this.#opened(lost);
    this.#hub.flush();
  }

  /** There is no server to be had: whoever waits for one is refused. No scope is open that could fail by it. */
  absent(reason: Error): void {
    this.#connecting = false;
    this.#hub.turns.refuseParked(() => reason);
    this.#opened(reason);
    this.#hub.flush();
  }

  #about(): { title: string | undefined; label: string | undefined } {
    return { title: this.#hub.scopes.layers.current?.title, label: this.#hub.label };
  }

  /** The connection to the server has ended. */
  disconnected(reason: string): void {
    const { ground, scopes, turns } = this.#hub;
    if (this.#server === undefined) return;

    this.#server = undefined;
    const { C, M = reason } = this.real.lastWords === undefined ? {} : readFields(this.real.lastWords);
    const { holder } = turns;
    const open = scopes.layers.real || holder !== undefined;
    const error = connectionLost(M, this.#about(), undefined, C);
    scopes.lostServer(error, open);
    ground.forget();
    this.real = this.#newConnection(NOWHERE);

    turns.refuseParked(() => error);
    this.#opened(error);
    turns.dismiss(() => error);
    if (holder !== undefined) {
      holder.lost(error);
      turns.leave(holder);
    }
    this.#runWhenIdle();
    this.#hub.flush();
  }

  /** Ends the connection, because the server is not to be trusted any more. */
  giveUp(reason = 'the server did not stop a statement in time'): void {
    const server = this.#server;
    this.disconnected(reason);
    server?.destroy();
  }

  #newConnection(outlet: Server | typeof NOWHERE): RealConnection {
    const connection: RealConnection = new RealConnection(outlet, {
      notice: (bytes) => this.#hub.noticed(bytes),
      notification: (channel, payload) => this.#hub.notify([{ channel, payload }]),
      parameter: (name, value) => {
        this.parameters.set(name, value);
        this.parametersVersion += 1;
      },
      outOfStep: (reason) => this.giveUp(`the relay was out of step: ${reason}`),
      idle: () => {
        if (connection === this.real) this.#idle();
      },
    });
    return connection;
  }

  #idle(): void {
    this.#hub.turns.holder?.idle();
    if (this.real.idle) this.#runWhenIdle();
  }

  #runWhenIdle(): void {
    if (this.#whenIdle.length === 0) return;
    const work = this.#whenIdle;
    this.#whenIdle = [];
    for (const then of work) then();
  }

  /** Calls back when there is a server, at once if that is so; or with the reason why there will be none. */
  whenOpen(then: (lost: Error | undefined) => void): void {
    if (this.open) return then(undefined);
    this.#whenOpen.push(then);
    this.connect();
  }

  /** Nobody is to wait for a server any more. */
  dismiss(reason: Error): void {
    this.#opened(reason);
  }

  #opened(lost: Error | undefined): void {
    for (const then of this.#whenOpen.splice(0)) then(lost);
  }

  /** Calls back when all answers have come, or the connection has ended. */
  whenIdle(then: () => void): void {
    this.#whenIdle.push(then);
  }

  /** Goes on when the server has answered everything, if need be because it was told to stop. */
  afterAnswers(patience: number, then: () => void): void {
    if (this.real.idle) return then();

    const { clock } = this.#surroundings;
    const stops = [clock.after(CANCEL_AFTER, () => this.cancel()), clock.after(patience, () => this.giveUp())];
    this.whenIdle(() => {
      for (const stop of stops) stop();
      then();
    });
  }

  /** Asks the server to cancel what runs. */
  cancel(): void {
    const server = this.#server;
    if (server === undefined) return;

    // Nobody gets the turn before the server has got all requests: one would cancel a stranger's statement.
    this.#cancelRequests += 1;
    server.cancel(() => this.#cancelled());
  }

  #cancelled(): void {
    this.#cancelRequests -= 1;
    if (this.cancelling) return;

    const { turns } = this.#hub;
    const { holder } = turns;
    if (holder !== undefined && !holder.busy && this.#hub.isConnected(holder)) turns.leave(holder);
    if (this.#server !== undefined) turns.unpark();
    this.#hub.flush();
    for (const then of this.#whenCancelled.splice(0)) then();
  }

  /** Nobody waits for a statement that nobody reads the answer of. `needed` says whether that is so. */
  hurry(needed: () => boolean): void {
    const { real } = this;
    this.#surroundings.clock.after(CANCEL_AFTER, () => {
      if (!needed() || this.real !== real || real.idle) return;
      if (this.#hub.turns.waiting.length > 0 && !this.cancelling) this.cancel();
      this.hurry(needed);
    });
  }
}
