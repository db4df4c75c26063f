import type { Loss } from '../../../../sandbox/lost-work.js';
import { Loss as LossValue, type Turn, Word } from '../../shared.js';
import type { Client } from '../client/client.js';

/** What a client has open on a connection of its own. */
export interface OpenOutside {
  readonly inTransaction: boolean;
  readonly lastSql: string;
  /** Whether something is still to be answered. */
  readonly underWay: boolean;
}

/** What the main thread sees of the hub without asking. */
export class Noticeboard {
  readonly #words: Int32Array;
  readonly #busy = new Set<Client>();
  /** What clients have open on connections of their own. */
  readonly #outside = new Map<Client, OpenOutside>();

  constructor(words: Int32Array) {
    this.#words = words;
  }

  /** The app's clients that are amid something. */
  get busy(): Iterable<Client> {
    return this.#busy;
  }

  get turn(): number {
    return Atomics.load(this.#words, Word.turn);
  }

  set turn(turn: (typeof Turn)[keyof typeof Turn]) {
    Atomics.store(this.#words, Word.turn, turn);
  }

  /** Replaces the turn if it is `from`; returns what it was. */
  exchangeTurn(from: number, to: number): number {
    return Atomics.compareExchange(this.#words, Word.turn, from, to);
  }

  waiting(count: number): void {
    Atomics.store(this.#words, Word.waiting, count);
  }

  /** What the main thread has to be told of a loss. */
  lost(loss: Loss): void {
    Atomics.store(this.#words, Word.lost, LossValue[loss]);
  }

  /** Whether there is work that can be lost. */
  held(held: boolean): void {
    Atomics.store(this.#words, Word.held, held ? 1 : 0);
  }

  /** A process of the server serves the relay; returns the number of the one that did so before, 0 if none did. */
  servedBy(processId: number): number {
    return Atomics.exchange(this.#words, Word.backend, processId);
  }

  /** Whether the end of the scope is worth waiting for. */
  outward(outward: boolean): void {
    Atomics.store(this.#words, Word.outward, outward ? 1 : 0);
  }

  sessionOpen(open: boolean): void {
    Atomics.store(this.#words, Word.sessionOpen, open ? 1 : 0);
  }

  /** Updates what is seen of the client. */
  mark(client: Client): void {
    if (client.own) return;
    const { busy } = client;
    if (busy === this.#busy.has(client)) return;

    if (busy) this.#busy.add(client);
    else this.#busy.delete(client);
    this.#count();
  }

  /** What the client has open on a connection of its own; undefined for nothing. */
  markOutside(client: Client, open: OpenOutside | undefined): void {
    if (open === undefined && !this.#outside.has(client)) return;

    if (open === undefined) this.#outside.delete(client);
    else this.#outside.set(client, open);
    this.#count();
  }

  /** The app's clients that have something open on connections of their own. */
  get outside(): Iterable<readonly [Client, OpenOutside]> {
    return this.#outside;
  }

  #count(): void {
    Atomics.store(this.#words, Word.busy, this.#busy.size + this.#outside.size);
  }

  /** A client of the app has got an answer by a connection of its own. */
  answered(): void {
    Atomics.add(this.#words, Word.activity, 1);
  }

  /** A client of the app is let in. */
  welcomed(): void {
    Atomics.add(this.#words, Word.activity, 1);
  }

  /** The client's unit is answered, and the client is about to learn of it. */
  finished(client: Client): void {
    if (client.own) this.sessionOpen(client.inTransaction);
    else Atomics.add(this.#words, Word.activity, 1);
    this.mark(client);
  }
}
