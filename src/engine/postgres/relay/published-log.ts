import { type LoggedStatement, StatementLog } from '../../../sandbox/statement-log.js';
import { Word } from '../shared.js';

/** A statement in the log, of which more may become known. */
export type OpenRecord = { -readonly [Key in keyof LoggedStatement]: LoggedStatement[Key] };

/**
 * The statements of all clients. The main thread reads their number in shared memory, and the
 * statements when it wants them.
 */
export class PublishedLog {
  readonly #log = new StatementLog<OpenRecord>();
  readonly #words: Int32Array;
  readonly #tell: (statement: LoggedStatement) => void;

  constructor(words: Int32Array, tell: (statement: LoggedStatement) => void) {
    this.#words = words;
    this.#tell = tell;
  }

  /**
   * To be called before the client's answer is sent: whoever has it finds the statement counted.
   * Returns what is kept, to be changed when more is known.
   */
  add(statement: LoggedStatement): OpenRecord {
    const kept = this.#log.add(statement);
    Atomics.store(this.#words, Word.logged, this.#log.count);
    this.tell(kept);
    return kept;
  }

  /** Tells the main thread at once, if it wants that. */
  tell(statement: LoggedStatement): void {
    if (Atomics.load(this.#words, Word.told) === 1) this.#tell(statement);
  }

  /** Those from a number on, as far as they are kept. */
  since(from: number): ReturnType<StatementLog['since']> {
    return this.#log.since(from);
  }
}
