import type { Work } from '../work.js';
import { isControl, type Script, type Statement } from '../statement.js';
import type { Dialogue } from './dialogue.js';
import { commitImplicitly } from './implicit-commit.js';
import type { OwnStatements } from './own-statements.js';
import { ends } from './prepared-statements.js';

/** Scripts that a server was able to read. */
const READABLE = new WeakSet<Script>();

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
  *run(script: Script, sql: string): Work {
    const { emulation } = this.#dialogue;
    const { statements } = script;
    const alone = statements.length === 1;
    let held: Buffer | undefined;
    if (!alone && !(yield* this.#read(script, sql))) return;

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
    else if (held !== undefined) this.#dialogue.client.send(held);
  }

  /** A server reads the whole text before it runs any of it. False if it cannot. */
  *#read(script: Script, sql: string): Work<boolean> {
    if (READABLE.has(script)) return true;

    const dialogue = this.#dialogue;
    dialogue.emulation.enter();
    const { error } = yield { kind: 'syntax', sql };
    if (error === undefined) {
      READABLE.add(script);
      return true;
    }
    dialogue.failed = true;
    dialogue.log.failed(error, dialogue.began);
    return yield* dialogue.emulation.rejectWith(error);
  }

  *#statement(statement: Statement, sql: string, alone: boolean, last: boolean): Work<Outcome> {
    const { client, emulation, hub, log, portals } = this.#dialogue;
    const began = hub.now();
    const { transaction } = log;
    const skipped = emulation.transaction.failed && !ends(statement);

    const own = this.#own.has(statement, alone ? 'alone' : 'text');
    const outcome = yield* own ? this.#carryOut(statement, alone, last) : this.#forward(statement, sql, last);
    if (outcome.done || (own && !skipped)) portals.deleteUnnamed();
    if (outcome.done) log.succeeded(sql, began, outcome.tag, transaction);
    else if (own) log.failed(client.rejected, began, sql, transaction);
    return outcome;
  }

  *#carryOut(statement: Statement, alone: boolean, last: boolean): Work<Outcome> {
    const { emulation } = this.#dialogue;
    const work = this.#own.carryOut(statement, alone ? 'alone' : 'text');
    const holds = last && !emulation.transaction.open && !isControl(statement.effect) && emulation.commitMatters(false);
    return holds ? yield* emulation.localLast(work) : { done: yield* work };
  }

  *#forward({ effect, special, sql, start, tag }: Statement, words: string, last: boolean): Work<Outcome> {
    const { emulation } = this.#dialogue;
    if (effect.kind === 'ddl') emulation.schemaChanged();
    emulation.enter();
    if (special?.kind === 'show') yield { kind: 'own', statements: [emulation.showing(special.name)] };

    // Blank space keeps the place that an error message points to.
    const text = ' '.repeat(start) + emulation.renamed(sql, special);
    const hold = last && !emulation.transaction.open && emulation.commitMatters(false);
    const told = yield { kind: 'pass', sql: text, words, hold, tag };
    const done = told.error === undefined;
    if (done && special !== undefined) yield* emulation.track(special);
    return { done, held: told.held, tag: told.tag };
  }
}
