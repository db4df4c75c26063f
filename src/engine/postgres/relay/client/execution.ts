import { readTag } from '../../wire/backend.js';
import { readExecute } from '../../wire/frontend.js';
import type { Frame } from '../../wire/frontend-reader.js';
import type { Work } from '../emulation.js';
import type { Special } from '../special.js';
import type { Place, Statement } from '../statement.js';
import type { Batch } from './batch.js';
import type { Dialogue } from './dialogue.js';
import type { OwnStatements } from './own-statements.js';
import { ends, type Prepared } from './prepared-statements.js';
import { setUp } from './setup.js';

/** Execute, the message that runs a portal. */
export class Execution {
  readonly #dialogue: Dialogue;
  readonly #batch: Batch;
  readonly #own: OwnStatements;

  constructor(dialogue: Dialogue, batch: Batch, own: OwnStatements) {
    this.#dialogue = dialogue;
    this.#batch = batch;
    this.#own = own;
  }

  execute(frame: Frame): void {
    const { emulation, portals } = this.#dialogue;
    const { portal } = readExecute(frame);
    const prepared = portals.get(portal);
    if (portal === '' && !portals.has('')) return this.#batch.reject('34000', 'portal "" does not exist');

    // The relay's own queries end the server's unnamed portal, which the client has still.
    if (portal === '' && portals.has('') && emulation.transaction.failed && !ends(prepared?.statement))
      return this.#batch.work(() => emulation.rejectAborted());

    const statement = prepared?.statement;
    if (prepared?.local !== true || statement === undefined) return this.#forward(frame, prepared);
    if (!portals.runOnce(portal)) {
      if (emulation.transaction.failed) return this.#batch.work(() => emulation.rejectAborted());
      return this.#batch.reject('55000', `portal "${portal}" cannot be run`);
    }
    const place = this.#dialogue.implicit ? 'pipeline' : 'alone';
    this.#dialogue.implicit = statement.effect.kind !== 'commit' && statement.effect.kind !== 'rollback';
    this.#batch.work(() => this.#carryOut(statement, prepared.sql, place));
  }

  *#carryOut(statement: Statement, sql: string, place: Place): Work<boolean> {
    const { client, hub, log } = this.#dialogue;
    const began = hub.now();
    const { transaction } = log;

    // A transaction may have begun since it was prepared.
    const own = this.#own.has(statement, place);
    const done = yield* own ? this.#own.carryOut(statement, place) : this.#runLate(statement);
    if (done) log.succeeded(sql, began, undefined, transaction);
    else if (own) log.failed(client.rejected, began, sql, transaction);
    return done;
  }

  *#runLate({ sql, special }: Statement): Work<boolean> {
    const { emulation } = this.#dialogue;
    emulation.enter();
    const { error } = yield { sql, pass: true };
    if (error === undefined && special !== undefined) yield* emulation.track(special);
    return error === undefined;
  }

  #forward(frame: Frame, prepared: Prepared | undefined): void {
    const dialogue = this.#dialogue;
    const { client, emulation, hub, unit } = dialogue;
    const statement = prepared?.statement;
    const inert = statement?.inert === true;
    this.#batch.enter(inert);
    if (!inert) dialogue.inert = false;
    dialogue.implicit = true;
    if (statement?.effect.kind === 'ddl') emulation.schemaChanged();

    const began = hub.now();
    const sql = prepared?.sql ?? client.lastSql ?? '';
    const { portal, limit } = readExecute(frame);
    let tag: string | undefined;
    hub.real.send(frame.bytes, {
      kind: 'execute',
      to: client,
      tag: (bytes) => {
        tag = readTag(bytes);
        if (unit === dialogue.unit) dialogue.log.executed(portal, sql, began, tag, 0);
      },
      failed: (error) => {
        if (unit === dialogue.unit) this.#batch.fail(error, sql);
      },
      done: () => {
        // An empty statement has no tag either, and no rows.
        if (unit === dialogue.unit && tag === undefined) dialogue.log.executed(portal, sql, began, undefined, limit);
      },
      copyIn: () => {
        if (unit === dialogue.unit) dialogue.copyIn();
      },
    });
    if (statement?.special !== undefined) this.#track(statement.special);
  }

  /** What the execution means for the session is known when it has succeeded. */
  #track(special: Special): void {
    const { emulation, hub } = this.#dialogue;

    this.#dialogue.afterAnswers(() => {
      if (hub.scopes.settingUp) emulation.staged = setUp(emulation.staged, special);
      else this.#batch.run(succeeding(emulation.track(special, true)));
    });
  }
}

function* succeeding(work: Work): Work<boolean> {
  yield* work;
  return true;
}
