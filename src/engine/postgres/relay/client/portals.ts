import type { VirtualTransaction } from '../../../../sandbox/virtual-transaction.js';
import { readFields } from '../../wire/backend.js';
import type { Ground } from '../emulation.js';
import type { Prepared } from './prepared-statements.js';
import { type Undo, undoing } from './undoing.js';

/** The server makes the new portal after it has found the statement and counted the values. */
function replaces(error: Buffer): boolean {
  const code = readFields(error)['C'];
  return code !== '26000' && code !== '08P01' && code !== '25P02';
}

/** A portal, with the statement that it runs; undefined if the relay knows nothing of the statement. */
export interface Portal {
  readonly prepared: Prepared | undefined;
  /** Whether it was bound when the transaction had failed. A failure empties the portals that are there. */
  readonly late: boolean;
  /** How many savepoints lay below it, the transaction among them. */
  readonly depth: number;
  /** What its Bind has behind the names: the values. */
  readonly values: Buffer;
  /** Whether it was executed: what the relay carries out can be done once. */
  ran: boolean;
  /** Whether it has given all its rows. */
  over: boolean;
}

/** The portals that a client has bound. */
export class Portals {
  readonly #ground: Ground;
  readonly #transaction: VirtualTransaction;
  readonly #portals = new Map<string, Portal>();

  constructor(ground: Ground, transaction: VirtualTransaction) {
    this.#ground = ground;
    this.#transaction = transaction;
  }

  get(name: string): Portal | undefined {
    return this.#portals.get(name);
  }

  /** Returns what brings the portal of that name back that was there before. */
  bind(name: string, prepared: Prepared | undefined, values: Buffer): Undo {
    const restore = undoing(this.#portals, name, replaces);
    const { depth, failed } = this.#transaction;
    const taken = this.#portals.has(name);
    this.#portals.set(name, { prepared, late: failed, depth, values, ran: false, over: false });
    return (error) => {
      // A server makes the portal before it plans the statement: it stays until the transaction ends.
      const stays = error !== undefined && replaces(error) && !taken && this.#transaction.open;
      if (name === '' || !stays) restore(error);
    };
  }

  /** The portal was executed. */
  ran(name: string): void {
    const portal = this.#portals.get(name);
    if (portal !== undefined) portal.ran = true;
  }

  /** Returns what brings it back. */
  delete(name: string): Undo {
    const restore = undoing(this.#portals, name, replaces);
    this.#portals.delete(name);
    return restore;
  }

  /** A simple query that succeeds ends the unnamed portal. */
  deleteUnnamed(): void {
    this.#portals.delete('');
  }

  /** The transaction goes on above fewer savepoints; what was bound above the others goes with them, or stays. */
  descend(released: boolean): void {
    const { depth } = this.#transaction;
    for (const [name, portal] of this.#portals) {
      if (released && portal.depth > depth) this.#portals.set(name, { ...portal, depth });
      if (!released && portal.depth >= depth) this.#portals.delete(name);
    }
  }

  /** The portal has given all its rows. */
  completed(name: string): void {
    const portal = this.#portals.get(name);
    if (portal !== undefined) portal.over = true;
  }

  /** Whether none of them is to be executed any more: there is at most the unnamed one, which has given all its rows. */
  get over(): boolean {
    for (const [name, { over }] of this.#portals) if (name !== '' || !over) return false;
    return true;
  }

  /** The portals of which a server says that it skips their cleanup: bound to end a transaction that had failed, and not run. */
  get skipped(): readonly string[] {
    return [...this.#portals].filter(([, { late, ran }]) => late && !ran).map(([name]) => name);
  }

  /** The transaction that they belong to is over, for all but one that stays. */
  close(kept?: string): void {
    for (const [name, { prepared }] of this.#portals) {
      if (name === kept) continue;
      if (name !== '' && prepared?.local !== true) this.#ground.closeLater('portal', name);
      this.#portals.delete(name);
    }
  }

  /** They are gone with the connection to the server. */
  forget(): void {
    this.#portals.clear();
  }
}
