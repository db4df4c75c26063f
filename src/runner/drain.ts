import { Starvation } from '../bridge/index.js';
import { now, setImmediate, setTimeout } from '../real-time.js';

/** Milliseconds between two looks. */
const INTERVAL = 2;
/** Turns of the loop that are waited for in any case: time may have passed in which nothing could happen. */
const TURNS = 8;
/** A pause that takes so much longer tells of a process that stood still, in milliseconds. */
const STOOD_STILL = 10;
/** Turns from one look at the machine's load to the next. */
const LOOK = 8;
/** The part of the time that counts in any case, so that a wait ends on every machine. */
const COUNTS = 0.3;

/** Waits, without blocking, until `done()` or until `limit` milliseconds have passed. */
export async function drained(done: () => boolean, limit: number): Promise<boolean> {
  const patience = new Patience(limit);

  while (!done()) if (!(await patience.turn())) return false;
  return true;
}

/** How long something is waited for: only time counts in which it could have come. */
export class Patience {
  readonly #limit: number;
  readonly #processes: () => readonly number[];
  #left: number;
  #turns = 0;
  #spent = 0;
  /** What has counted, and was not found to be lost. */
  #counted = 0;
  #starvation: Starvation | undefined;

  /**
   * @param limit milliseconds
   * @param processes numbers of other processes that work for what is waited for: time in which they stood in line
   * for a processor does not count
   */
  constructor(limit: number, processes: () => readonly number[] = () => []) {
    this.#limit = limit;
    this.#processes = processes;
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
    this.#counted = 0;
  }

  /** Lets the loop turn. False, and at once, if there is no patience left. */
  async turn(): Promise<boolean> {
    if (this.over) return false;

    const began = now();
    // The first turns are quick: most of what is waited for takes one.
    if (this.#turns < TURNS) await turn();
    else await new Promise<void>((resolve) => setTimeout(resolve, INTERVAL));
    this.#turns += 1;
    this.#count(Math.min(now() - began, STOOD_STILL));
    if (this.#turns === TURNS) this.#starvation = new Starvation(this.#processes());
    else if (this.#left <= 0 || this.#turns % LOOK === 0) this.#checkLoad();
    return true;
  }

  #count(milliseconds: number): void {
    this.#left -= milliseconds;
    this.#spent += milliseconds;
    this.#counted += milliseconds;
  }

  /** Takes back what had counted, and was lost to other processes of the machine: a wait may be known late. */
  #checkLoad(): void {
    const starved = this.#starvation?.more() ?? 0;
    const lost = Math.min(starved, this.#counted * (1 - COUNTS));
    this.#count(-lost);
    this.#counted -= (lost * COUNTS) / (1 - COUNTS);
  }
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
