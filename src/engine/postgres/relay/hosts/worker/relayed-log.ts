import type { StatementEvent, StatementReader } from '../../../../engine.js';
import { Word } from '../../../shared.js';
import type { WorkerLink } from './worker-link.js';

const LOOK = 10_000;

/**
 * The log that the relay's thread keeps. It counts in shared memory and sends its statements only
 * when somebody asks for them: a message for each would cost more than most statements.
 */
export class RelayedLog implements StatementReader {
  readonly #sandbox: { readonly link: WorkerLink };
  readonly #database: string;
  /** The worker whose log this is; another takes its place when it has died. */
  #link: WorkerLink;
  /** How many statements former workers had logged, which nobody can read any more. */
  #before = 0;

  constructor(sandbox: { readonly link: WorkerLink }, database: string) {
    this.#sandbox = sandbox;
    this.#database = database;
    this.#link = sandbox.link;
  }

  get count(): number {
    return this.#current() + this.#link.load(Word.logged);
  }

  since(from: number): { readonly first: number; readonly events: readonly StatementEvent[] } {
    const before = this.#current();
    if (this.#link.dead !== undefined) return { first: this.count, events: [] };

    const { log } = this.#link.call({ kind: 'log', from: Math.max(0, from - before) }, LOOK);
    const database = this.#database;
    return {
      first: before + (log?.first ?? 0),
      events: log?.events.map((statement) => ({ database, ...statement })) ?? [],
    };
  }

  #current(): number {
    const { link } = this.#sandbox;
    if (link !== this.#link) {
      this.#before += this.#link.load(Word.logged);
      this.#link = link;
    }
    return this.#before;
  }
}
