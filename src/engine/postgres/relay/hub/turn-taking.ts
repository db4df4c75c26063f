import { sessionName } from '../../../../sandbox/connection-names.js';
import { stallError } from '../../../../sandbox/stall.js';
import { describeTurn, TurnQueue, type TurnRequest } from '../../../../sandbox/turn-queue.js';
import { Turn } from '../../shared.js';
import type { Client } from '../client/client.js';
import type { Hub } from './hub.js';
import type { Surroundings } from './surroundings.js';

/** Who wants the turn, and for what. */
interface Wanted {
  readonly client: Client;
  readonly sql: string;
}

/**
 * Whose turn it is, agreed with the main thread: it takes the turn for the session in the memory
 * that both share, and the relay learns of it from the statement that comes.
 */
export class TurnTaking {
  readonly #hub: Hub;
  readonly #surroundings: Surroundings;
  readonly #queue: TurnQueue<Client>;
  /** Those who wait for the server, not for each other. */
  #parked: Wanted[] = [];
  /** The session. */
  #own: Client | undefined;

  constructor(hub: Hub, surroundings: Surroundings) {
    const { patience: timeouts, clock, probe, debugging } = surroundings;
    this.#hub = hub;
    this.#surroundings = surroundings;
    this.#queue = new TurnQueue({
      timeouts,
      clock,
      probe,
      debugging,
      changed: (waiting) => hub.noticeboard.waiting(waiting),
    });
  }

  get holder(): Client | undefined {
    return this.#queue.holder;
  }

  /** Who waits, in order. */
  get waiting(): readonly TurnRequest<Client>[] {
    return this.#queue.waiting;
  }

  /** The client turned out to be the session. */
  ownCame(client: Client): void {
    client.name = sessionName(this.#hub.label);
    this.#own = client;
  }

  /** Whether the client has the turn; if not, it will be granted or refused. */
  enter(client: Client, sql: string): boolean {
    if (this.holder === client) return true;

    const { link } = this.#hub;
    if (!link.open || link.cancelling) {
      this.#parked.push({ client, sql });
      if (!link.open) link.connect();
      return false;
    }
    if (this.#take(client) || (this.#makeWay() && this.#take(client))) return true;

    this.#queue.request(
      client,
      sql,
      () => {
        this.#handed(client);
        client.granted();
      },
      (error) => {
        client.refused(error);
        // Nothing else may happen for long: it was a clock that said so.
        this.#hub.flush();
      },
    );
    this.#reconcile();
    return false;
  }

  #take(client: Client): boolean {
    const { noticeboard } = this.#hub;
    if (this.holder !== undefined) return false;

    const wanted = client.own ? Turn.session : Turn.app;
    const was = noticeboard.exchangeTurn(Turn.free, wanted);
    if (was !== Turn.free && was !== wanted) {
      // The main thread has taken it for the session, whose statement is about to come.
      if (this.#own !== undefined) {
        this.#holds(this.#own);
        return false;
      }
      noticeboard.turn = wanted;
    }
    this.#holds(client);
    return true;
  }

  #holds(client: Client): void {
    this.#queue.tryTake(client);
    client.since = client.idleSince = this.#hub.now();
  }

  #handed(client: Client): void {
    this.#hub.noticeboard.turn = client.own ? Turn.session : Turn.app;
    client.since = client.idleSince = this.#hub.now();
  }

  /** The session may have given the turn back before anybody waited. */
  #reconcile(): void {
    const { holder } = this;
    if (holder !== undefined && holder === this.#own && this.#hub.noticeboard.turn === Turn.free)
      this.#queue.release(holder);
  }

  /** The unit is over: gives the turn back, unless a transaction is open. */
  leave(client: Client): void {
    if (this.holder !== client) return;

    const { link } = this.#hub;
    client.idleSince = this.#hub.now();
    if (client.holding || link.cancelling) return this.#passOn(client);
    if (link.real.idle) return this.release(client);
    // The end of an earlier scope is not answered yet, and the client's own unit needed no answer.
    link.whenIdle(() => {
      if (!client.amid && this.#hub.isConnected(client)) this.leave(client);
    });
  }

  /** A transaction gives way to those who wait, when nothing of it is under way any more. */
  #passOn({ emulation }: Client): void {
    if (this.#queue.size === 0) return;
    if (emulation.interruptible || this.#hub.scopes.gate.yielding) this.#hub.later(() => void this.#makeWay());
  }

  /** Whether the turn was given away amid a transaction: it has done nothing that is to stay, or its test has left it open. */
  #makeWay(): boolean {
    const { holder } = this;
    if (holder?.givesWay !== true) return this.#hub.scopes.makeWay();

    holder.emulation.interrupt();
    this.release(holder);
    return true;
  }

  release(client: Client): void {
    client.since = 0;
    if (this.#queue.size === 0) this.#hub.noticeboard.turn = Turn.free;
    this.#queue.release(client);
  }

  /** What the client wanted to run will not be run; the session has taken the turn for it already. */
  declined(client: Client): void {
    if (!client.own || client.holding) return;

    if (this.holder === client) this.release(client);
    else if (this.holder === undefined) this.#hub.noticeboard.exchangeTurn(Turn.session, Turn.free);
  }

  /** The session wants the turn; `blocked` if its thread cannot do anything else meanwhile. */
  wish(sql: string, blocked: boolean): void {
    const own = this.#own;
    const { holder } = this;
    const wished = (error: Error | undefined): void => this.#surroundings.wished(error);
    if (own === undefined || holder === own || this.#take(own)) return wished(undefined);
    if (this.#makeWay() && this.#take(own)) return wished(undefined);

    if (blocked && holder !== undefined && this.#isStuck(holder)) {
      const waiter = { connection: own.name, sql };
      return wished(stallError(waiter, describeTurn(holder), this.#hub.now(), 'blocked'));
    }
    this.#queue.request(
      own,
      sql,
      () => {
        this.#handed(own);
        wished(undefined);
      },
      wished,
    );
  }

  /** Whether whoever has the turn will not give it back while the app can do nothing. */
  get stalled(): boolean {
    return this.holder !== undefined && this.#isStuck(this.holder);
  }

  /** Only what the app has to end keeps the turn for good; who is gone, has ended all, or waits for the end of a cancel request gives it back by itself. */
  #isStuck(holder: Client): boolean {
    const open = holder.holding || (holder.amid && !holder.running && !this.#hub.link.cancelling);
    return open && !holder.givesWay && this.#hub.isConnected(holder);
  }

  /** The session does not want the turn any more. */
  unwish(): void {
    const own = this.#own;
    if (own === undefined) return;

    this.#queue.cancel(own);
    if (this.holder === own && !own.holding) this.release(own);
    this.#hub.flush();
  }

  /** The server is there: those who waited for it are served, in order. */
  unpark(): void {
    for (const { client, sql } of this.#takeParked()) if (this.enter(client, sql)) client.granted();
  }

  /** Those who wait for the server will not be served. */
  refuseParked(error: (client: Client, sql: string) => Error): void {
    for (const { client, sql } of this.#takeParked()) client.refused(error(client, sql));
  }

  #takeParked(): readonly Wanted[] {
    const parked = this.#parked;
    this.#parked = [];
    return parked;
  }

  /** Those who wait for the turn will not be served. */
  dismiss(error: (client: Client, sql: string) => Error): void {
    this.#queue.dismiss(error);
  }

  /** The client does not wait any more. */
  forget(client: Client): void {
    this.#queue.cancel(client);
    this.#parked = this.#parked.filter((parked) => parked.client !== client);
  }

  /** The client has disconnected. */
  gone(client: Client): void {
    this.forget(client);
    if (this.#own !== client) return;
    this.#own = undefined;
    this.#hub.noticeboard.sessionOpen(false);
  }
}
