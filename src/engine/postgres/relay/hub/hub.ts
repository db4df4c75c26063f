import { readFields } from '../../wire/backend.js';
import { Client } from '../client/client.js';
import type { Line } from '../client/line.js';
import { FIRST_PROCESS_ID, NOTIFIED } from '../overrides.js';
import type { PublishedLog } from '../published-log.js';
import type { RealConnection } from '../real.js';
import type { Notice } from '../session-state.js';
import { Backends } from './backends.js';
import { depart } from './departure.js';
import { SharedGround } from './ground.js';
import { Identities } from './identities.js';
import { KeptLocks } from './kept-locks.js';
import { Logins } from './logins.js';
import { Made } from './made.js';
import { Noticeboard } from './noticeboard.js';
import { Scopes } from './scopes.js';
import { ServerLink } from './server-link.js';
import type { Surroundings } from './surroundings.js';
import { TurnTaking } from './turn-taking.js';
import { Wording } from './wording.js';

/** The one real connection and all who share it: its rooms know each other through it. */
export class Hub {
  readonly noticeboard: Noticeboard;
  readonly turns: TurnTaking;
  readonly ground: SharedGround;
  readonly scopes: Scopes;
  readonly link: ServerLink;
  readonly backends: Backends;
  readonly locks: KeptLocks = new KeptLocks();
  readonly logins: Logins;
  readonly made: Made = new Made();
  readonly identities: Identities;
  readonly wording: Wording;
  readonly #surroundings: Surroundings;
  readonly #clients = new Map<number, Client>();
  readonly #written = new Set<Client>();
  #flushing = false;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.identities = new Identities(surroundings.identities);
    this.noticeboard = new Noticeboard(surroundings.words);
    this.turns = new TurnTaking(this, surroundings);
    this.ground = new SharedGround(this, surroundings);
    this.scopes = new Scopes(this, surroundings);
    this.link = new ServerLink(this, surroundings);
    this.backends = new Backends(this, this.#clients);
    this.logins = new Logins(this);
    this.wording = new Wording(this, surroundings);
  }

  get real(): RealConnection {
    return this.link.real;
  }

  /** Whether a scope may have ended or begun without the hub's knowing. */
  get behind(): boolean {
    return this.#surroundings.behind();
  }

  /** Notices whatever scope has begun or ended without the hub's knowing. */
  catchUp(): void {
    this.#surroundings.catchUp();
  }

  now(): number {
    return this.#surroundings.clock.now();
  }

  /** Calls back after `delay` milliseconds; returns what prevents it. */
  after(delay: number, work: () => void): () => void {
    return this.#surroundings.clock.after(delay, () => {
      work();
      this.flush();
    });
  }

  /** Calls back when the app's thread is able to do something. */
  probe(alive: () => void): void {
    this.#surroundings.probe(() => {
      alive();
      this.flush();
    });
  }

  later(work: () => void): void {
    this.#surroundings.later(() => {
      work();
      this.flush();
    });
  }

  get log(): PublishedLog {
    return this.#surroundings.log;
  }

  // ---- bytes

  /** Bytes of the server. */
  receive(chunk: Buffer): void {
    this.real.receive(chunk);
    this.flush();
  }

  /** The client has something to be sent. */
  wrote(client: Client): void {
    this.#written.add(client);
  }

  /** Sends everything that was put together. */
  flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    try {
      this.real.flush();
      for (const client of this.#written) {
        this.#written.delete(client);
        client.flush();
      }
    } finally {
      this.#flushing = false;
    }
  }

  // ---- clients

  /** A client has connected. */
  accept(line: Line, secretKey: number, id: number): Client {
    const client = new Client(this, line, id, secretKey);
    this.#clients.set(id, client);
    return client;
  }

  /** All that are connected. */
  get clients(): Iterable<Client> {
    return this.#clients.values();
  }

  isConnected(client: Client): boolean {
    return this.#clients.has(client.id);
  }

  /** What messages call the database, where there are several. */
  get label(): string | undefined {
    return this.#surroundings.label;
  }

  /** By which name the app knows the database. */
  get database(): string {
    return this.#surroundings.database;
  }

  isOwn(parameters: ReadonlyMap<string, string>): boolean {
    return parameters.get('user') === this.#surroundings.sessionUser;
  }

  /** The client has disconnected. */
  gone(client: Client): void {
    const { ground, noticeboard, turns } = this;
    this.#clients.delete(client.id);
    this.#written.delete(client);
    turns.gone(client);
    this.scopes.gate.forget(client);
    this.backends.gone(client);
    if (ground.unnamed === client) ground.unnamed = undefined;
    noticeboard.mark(client);
    ground.leftBehind(client.emulation.state, this.aloneLocks(client));
    this.locks.gone(client);
    if (turns.holder === client) depart(this, client);
    this.tidy();
  }

  /** Ends what clients have left behind, if nobody is using the connection. */
  tidy(): void {
    if (this.turns.holder === undefined && this.link.open && this.real.idle) this.ground.tidy();
  }

  /** Whether all locks of the session must be the client's own. On one connection nobody can tell whose they are. */
  aloneLocks(client: Client): boolean {
    return client.locks && ![...this.clients].some((other) => other !== client && other.locks);
  }

  /** A cancel request, with the key that a client was given. */
  cancel(processId: number, secretKey: number): void {
    const client = this.#clients.get(processId - FIRST_PROCESS_ID);
    if (client?.secretKey !== secretKey || this.#surroundings.cancelOutside(client)) return;
    this.cancelClient(client);
  }

  /** Cancels what the client runs, or waits to run. */
  cancelClient(client: Client): void {
    if (client.cancelled()) this.link.cancel();
  }

  // ---- notifications

  /** Whether any client listens to a channel. */
  get listened(): boolean {
    return [...this.clients].some(({ emulation }) => emulation.state.listens.size > 0);
  }

  /** Delivers what the client of that number has notified others of, or the one that has the turn. */
  notify(notices: readonly Notice[], from: number = this.turns.holder?.processId ?? 0): void {
    for (const client of this.#clients.values()) for (const notice of notices) client.notified(notice, from);
  }

  /** A notice of the server; true if it is not for the client's eyes. */
  noticed(bytes: Buffer): boolean {
    if (this.backends.called(bytes)) return true;
    const { holder } = this.turns;
    // Nobody hears those of the test's session, and libpq would print them.
    if (!bytes.includes(NOTIFIED)) return holder?.own === true;

    const { C, M = '', D = '' } = readFields(bytes);
    if (C !== NOTIFIED) return holder?.own === true;
    holder?.emulation.notify(M, D);
    return true;
  }
}
