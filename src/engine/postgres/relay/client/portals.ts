import { readFields } from '../../wire/backend.js';
import type { Ground } from '../emulation.js';
import type { Prepared } from './prepared-statements.js';
import { type Undo, undoing } from './undoing.js';

/** The server makes the new portal after it has found the statement and counted the values. */
function replaces(error: Buffer): boolean {
  const code = readFields(error)['C'];
  return code !== '26000' && code !== '08P01' && code !== '25P02';
}

/** The portals that a client has bound, with the statements that they run. */
export class Portals {
  readonly #ground: Ground;
  readonly #portals = new Map<string, Prepared | undefined>();
  /** Portals that were executed: what the relay carries out can be done once. */
  readonly #ran = new Set<string>();
  /** Those that were bound when the transaction had failed. */
  readonly #late = new Set<string>();

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  has(name: string): boolean {
    return this.#portals.has(name);
  }

  /** The statement of a portal; undefined also if the relay knows nothing of the statement. */
  get(name: string): Prepared | undefined {
    return this.#portals.get(name);
  }

  /** Returns what brings the portal of that name back that was there before. */
  set(name: string, prepared: Prepared | undefined, failed: boolean): Undo {
    const restore = undoing(this.#portals, name, replaces);
    this.#portals.set(name, prepared);
    this.#ran.delete(name);
    if (failed) this.#late.add(name);
    else this.#late.delete(name);
    return restore;
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

  /** Whether the portal may end a transaction that has failed: the failure has emptied those that were there. */
  isLate(name: string): boolean {
    return this.#late.has(name);
  }

  /** Whether a portal was not run yet; it is now. */
  runOnce(name: string): boolean {
    if (this.#ran.has(name)) return false;
    this.#ran.add(name);
    return true;
  }

  /** The transaction that they belong to is over, for all but one that stays. */
  close(kept?: string): void {
    for (const [name, prepared] of this.#portals) {
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
