import { commandComplete, readTag } from '../../wire/backend.js';
import { readExecute, valueAt } from '../../wire/frontend.js';
import type { Frame } from '../../wire/frontend-reader.js';
import type { Work } from '../work.js';
import type { ValueOf } from '../set-config.js';
import type { Special } from '../special.js';
import { isControl, type Place, type Statement } from '../statement.js';
import type { Batch } from './batch.js';
import type { Dialogue } from './dialogue.js';
import { commitImplicitly } from './implicit-commit.js';
import type { OwnStatements } from './own-statements.js';
import { ends, type Prepared } from './prepared-statements.js';
import { carriesOut, tagFor } from './setup.js';

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
    const bound = portals.get(portal);
    const prepared = bound?.prepared;
    if (portal === '' && bound === undefined) return this.#batch.reject('34000', 'portal "" does not exist');

    const statement = prepared?.statement;
    const place = this.#dialogue.implicit ? 'pipeline' : 'alone';
    const own = this.#isOwn(prepared, place);
    // What a failed query leaves of the unnamed portal has ended servers that were to run it (15.18).
    const known = bound !== undefined && (own || portal === '');
    if (known && emulation.transaction.failed && !(ends(statement) && bound.late))
      return this.#batch.work(() => emulation.rejectAborted());
    if (statement?.special?.kind === 'show') return this.#show(frame, prepared, statement.special);
    if (statement === undefined || !own) return this.#forward(frame, prepared);
    if (bound?.ran === true) return this.#batch.reject('55000', `portal "${portal}" cannot be run`);
    this.#dialogue.implicit = !isControl(statement.effect);
    this.#batch.work(() => this.#carryOut(statement, portal, prepared?.sql ?? '', place));
  }

  #show(frame: Frame, prepared: Prepared | undefined, { name }: Extract<Special, { kind: 'show' }>): void {
    const dialogue = this.#dialogue;
    this.#batch.enter(true);
    this.#batch.aside(dialogue.emulation.showing(name));
    this.#forward(frame, prepared);
  }

  /** A transaction may have begun or ended since it was prepared. */
  #isOwn(prepared: Prepared | undefined, place: Place): boolean {
    if (prepared?.statement === undefined) return false;
    if (this.#dialogue.hub.scopes.settingUp) return place === 'alone' && carriesOut(prepared.statement, this.#dialogue);
    return prepared.local || this.#own.has(prepared.statement, place);
  }

  *#carryOut(statement: Statement, portal: string, sql: string, place: Place): Work<boolean> {
    const { client, emulation, hub, log, portals } = this.#dialogue;
    portals.ran(portal);
    const began = hub.now();
    const { transaction } = log;

    const own = this.#own.has(statement, place);
    const done = yield* own ? this.#own.carryOut(statement, place) : emulation.pass(statement);
    if (done) log.succeeded(sql, began, undefined, transaction);
    else if (own) log.failed(client.rejected, began, sql, transaction);
    if (done) yield* this.#commitAtOnce(statement, portal);
    return done;
  }

  /** What a server runs only where nothing else belongs to the transaction is committed without waiting for the Sync. */
  *#commitAtOnce({ special }: Statement, portal: string): Work {
    const { emulation } = this.#dialogue;
    if (special === undefined || !WHOLE_TRANSACTIONS.has(special.kind) || emulation.transaction.open) return;

    // What commits amid its work outlives that with its portal, and has begun a transaction anew when it ends.
    this.#dialogue.implicit = special.kind !== 'discard';
    yield* commitImplicitly(this.#dialogue, undefined, this.#dialogue.implicit ? portal : undefined);
  }

  #forward(frame: Frame, prepared: Prepared | undefined): void {
    const dialogue = this.#dialogue;
    const { client, emulation, hub, portals, unit } = dialogue;
    const statement = prepared?.statement;
    const inert = statement?.inert === true;
    this.#batch.enter(inert);
    if (!inert) dialogue.inert = false;
    // A text without a statement begins nothing.
    if (prepared === undefined || statement !== undefined) dialogue.implicit = true;
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
        if (unit === dialogue.unit) {
          dialogue.log.executed(portal, sql, began, tag, 0);
          portals.completed(portal);
        }
        if (hub.scopes.settingUp) return tagFor(statement);
        return statement?.tag === undefined ? undefined : commandComplete(statement.tag);
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
    if (statement !== undefined) this.#track(statement, portal);
  }

  /** What the execution means for the session is known when it has succeeded. */
  #track(statement: Statement, portal: string): void {
    const { emulation, hub, performed, portals } = this.#dialogue;
    const { special } = statement;
    const values = portals.get(portal)?.values;
    const valueOf: ValueOf = (parameter) => (values === undefined ? undefined : valueAt(values, parameter));
    if (hub.scopes.settingUp) return void performed.push({ statement, valueOf });
    if (special === undefined || special.kind === 'show') return;

    this.#dialogue.afterAnswers(() =>
      this.#batch.run(this.#succeeded(statement, portal, emulation.track(special, valueOf))),
    );
  }

  *#succeeded(statement: Statement, portal: string, track: Work): Work<boolean> {
    this.#dialogue.portals.ran(portal);
    yield* track;
    yield* this.#commitAtOnce(statement, portal);
    return true;
  }
}

const WHOLE_TRANSACTIONS: ReadonlySet<Special['kind']> = new Set<Special['kind']>(['discard', 'nothing', 'outside']);
