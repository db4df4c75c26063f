import { now, setImmediate, setTimeout } from '../real-time.js';

/** Milliseconds between two looks. */
const INTERVAL = 2;
/** Turns of the loop that are waited for in any case: time may have passed in which nothing could happen. */
const TURNS = 8;
/** A pause that takes so much longer tells of a process that stood still, in milliseconds. */
const STOOD_STILL = 10;

/** Waits, without blocking, until `done()` or until `limit` milliseconds have passed. */
export async function drained(done: () => boolean, limit: number): Promise<boolean> {
  const patience = new Patience(limit);

  while (!done()) if (!(await patience.turn())) return false;
  return true;
}

/** How long something is waited for: only time counts in which it could have come. */
export class Patience {
  readonly #limit: number;
  #left: number;
  #turns = 0;
  #spent = 0;

  /** @param limit milliseconds */
  constructor(limit: number) {
    this.#limit = limit;
    this.#left = limit;
  }

  /** Milliseconds that count, since the beginning. */
  get spent(): number {
    return this.#spent;
  }

  get over(): boolean {
    return this.#left <= 0 && this.#turns >= TURNS;
  }

  /** Something has come of it: the limit is one for what comes next. */
  renew(): void {
    this.#left = this.#limit;
  }

  /** Lets the loop turn. False, and at once, if there is no patience left. */
  async turn(): Promise<boolean> {
    if (this.over) return false;

    const began = now();
    // The first turns are quick: most of what is waited for takes one.
    if (this.#turns < TURNS) await turn();
    else await new Promise<void>((resolve) => setTimeout(resolve, INTERVAL));
    this.#turns += 1;
    const took = Math.min(now() - began, STOOD_STILL);
    this.#left -= took;
    this.#spent += took;
    return true;
  }
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
