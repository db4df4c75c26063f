import { readdirSync, readFileSync } from 'node:fs';
import { now } from '../real-time.js';

const THREADS = '/proc/self/task';
const MILLISECOND = 1e6;

/** What the kernel tells of a thread. */
interface Account {
  /** How often it was given a processor. */
  readonly turns: number;
  /** Milliseconds that it has stood in line for one, up to its last turn. */
  readonly waited: number;
  /** Whether it wants one now. */
  readonly runnable: boolean;
}

/** An account, and the milliseconds that its thread has stood in line since its last turn, as far as that was seen. */
interface Wait extends Account {
  readonly waiting: number;
}

/**
 * How long those who work for the main thread have stood in line for a processor, the process's other threads and
 * some other processes: on a busy machine what it waits for is late by that, whose fault it is not. Linux keeps the
 * account, and only of its own machine (proc(5): schedstat, stat).
 */
export class Starvation {
  readonly #processes: readonly number[];
  /** By the thread's folder. */
  #waits: ReadonlyMap<string, Wait> = new Map<string, Wait>();
  #looked = now();

  /** @param processes numbers of processes that do the work which is waited for */
  constructor(processes: readonly number[]) {
    this.#processes = processes;
    this.more();
  }

  /** Milliseconds that came to it since the last call, of all of them together. */
  more(): number {
    const elapsed = -this.#looked + (this.#looked = now());
    const waits = new Map<string, Wait>();
    let sum = 0;
    for (const folder of this.#folders()) {
      const account = readAccount(folder);
      if (account === undefined) continue;

      const before = this.#waits.get(folder);
      // The kernel counts a wait when it is over; one that lasts is seen by its lasting.
      const lasts = before?.runnable === true && account.runnable && account.turns === before.turns;
      const waiting = lasts ? before.waiting + elapsed : 0;
      waits.set(folder, { ...account, waiting });
      if (before !== undefined) sum += Math.max(0, account.waited + waiting - before.waited - before.waiting);
    }
    this.#waits = waits;
    return sum;
  }

  #folders(): readonly string[] {
    if (process.platform !== 'linux') return [];
    // The main thread's number is the process's.
    const threads = names(THREADS).filter((name) => name !== String(process.pid));
    return [...threads.map((name) => `${THREADS}/${name}`), ...this.#processes.map((pid) => `/proc/${pid}`)];
  }
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // A test may have replaced the file system.
    return [];
  }
}

function readAccount(folder: string): Account | undefined {
  try {
    const [, waited, turns] = read(`${folder}/schedstat`).split(' ').map(Number);
    if (waited === undefined || turns === undefined) return undefined;
    // Behind the name, which may hold anything.
    const stat = read(`${folder}/stat`);
    return { turns, waited: waited / MILLISECOND, runnable: stat.startsWith('R', stat.lastIndexOf(')') + 2) };
  } catch {
    // Threads and processes end.
    return undefined;
  }
}

function read(file: string): string {
  return readFileSync(file, 'latin1');
}
