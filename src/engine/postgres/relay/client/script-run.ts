import type { Work } from '../emulation.js';
import type { Statement } from '../statement.js';
import type { Dialogue } from './dialogue.js';
import { commitImplicitly } from './implicit-commit.js';
import type { OwnStatements } from './own-statements.js';

/** What became of one statement. `held` is its command tag's message, if the client has not got it yet. */
interface Outcome {
  readonly done: boolean;
  readonly held?: Buffer | undefined;
  readonly tag?: string | undefined;
}

/** A text of which some statement cannot be forwarded as it is: its statements one after the other. */
export class ScriptRun {
  readonly #dialogue: Dialogue;
  readonly #own: OwnStatements;

  constructor(dialogue: Dialogue, own: OwnStatements) {
    this.#dialogue = dialogue;
    this.#own = own;
  }

  /** @param sql The whole text. */
  *run(statements: readonly Statement[], sql: string): Work {
    const { emulation } = this.#dialogue;
    const alone = statements.length === 1;
    let held: Buffer | undefined;

    for (const [index, statement] of statements.entries()) {
      const outcome = yield* this.#statement(
        statement,
        alone ? sql : statement.sql,
        alone,
        index === statements.length - 1,
      );
      if (!outcome.done) {
        this.#dialogue.failed = true;
        return;
      }
      held = outcome.held;
    }
    if (!emulation.transaction.open && emulation.commitMatters(false)) yield* commitImplicitly(this.#dialogue, held);
  }

  *#statement(statement: Statement, sql: string, alone: boolean, last: boolean): Work<Outcome> {
    const { client, hub, log } = this.#dialogue;
    const began = hub.now();
    const { transaction } = log;
    const own = this.#own.has(statement, alone);

    const outcome = own ? { done: yield* this.#own.carryOut(statement) } : yield* this.#forward(statement, sql, last);
    if (outcome.done) log.succeeded(sql, began, outcome.tag, transaction);
    else if (own) log.failed(client.rejected, began, sql, transaction);
    return outcome;
  }

  *#forward({ effect, special, sql, start }: Statement, words: string, last: boolean): Work<Outcome> {
    const { emulation } = this.#dialogue;
    if (effect.kind === 'ddl') emulation.schemaChanged();
    emulation.enter();

    // Blank space keeps the place that an error message points to.
    const text = ' '.repeat(start) + emulation.renamed(sql, special);
    const hold = last && !emulation.transaction.open && emulation.commitMatters(false);
    const { error, held, tag } = yield { sql: text, words, pass: true, hold };
    const done = error === undefined;
    if (done && special !== undefined) yield* emulation.track(special);
    return { done, held, tag };
  }
}
