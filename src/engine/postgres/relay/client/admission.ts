import type { Effect } from '../../../../sql/effect.js';
import { Front, readBind, readParse, readQuery } from '../../wire/frontend.js';
import type { Frame } from '../../wire/frontend-reader.js';
import { lockstepFailure } from '../failure.js';
import { readScript, type Script } from '../statement.js';
import type { Change } from '../hub/belongings.js';
import type { SessionSettings } from '../emulation.js';
import { Borrowed } from './borrowed.js';
import type { Client } from './client.js';
import type { Dialogue } from './dialogue.js';
import type { OwnStatements } from './own-statements.js';
import { OutOfTurn } from './out-of-turn.js';
import { ends } from './prepared-statements.js';

const EMPTY: readonly Effect[] = [{ kind: 'empty' }];
export const UNKNOWN: readonly Effect[] = [{ kind: 'write' }];
/** What begins or ends a transaction as a whole. */
const BOUNDS: ReadonlySet<Effect['kind']> = new Set<Effect['kind']>(['begin', 'commit', 'rollback']);

/**
 * How a unit begins: the scope admits it, it waits for the turn, and the client's own settings are
 * brought to the real connection.
 */
export class Admission {
  readonly #dialogue: Dialogue;
  readonly #own: OwnStatements;
  readonly #go: (frame: Frame) => void;
  readonly #borrowed = new Borrowed();
  readonly #signals: OutOfTurn;
  #pending: Frame | undefined;

  /** @param go carries the unit out that begins with this message. */
  constructor(dialogue: Dialogue, own: OwnStatements, go: (frame: Frame) => void) {
    this.#dialogue = dialogue;
    this.#own = own;
    this.#go = go;
    this.#signals = new OutOfTurn(dialogue);
  }

  /** Whether a unit waits for the turn. */
  get waiting(): boolean {
    return this.#pending !== undefined;
  }

  /** What the session has set itself, and not borrowed from the app. */
  withoutBorrowed(settings: SessionSettings): SessionSettings {
    return this.#borrowed.withoutBorrowed(settings);
  }

  /** What waits is not to be run any more. */
  withdraw(): Frame | undefined {
    const frame = this.#pending;
    this.#pending = undefined;
    return frame;
  }

  begin(frame: Frame): void {
    const dialogue = this.#dialogue;
    const { client, emulation, hub } = dialogue;
    const sql = this.#about(frame);
    const script = sql === undefined ? undefined : readScript(sql);
    if (sql !== undefined) {
      client.lastSql = sql;
      client.begins(sql);
      hub.scopes.saw(client, sql);
    }

    const owner = client.takeOwner();
    const effects = script === undefined ? UNKNOWN : effectsOf(script);
    const ends = endsNothing(client, effects);
    const refusal = ends ? undefined : hub.scopes.admit(client, effects, owner);
    dialogue.unadmitted = ends ? { owner } : undefined;
    if (refusal !== undefined) return this.refuse(frame, lockstepFailure(refusal), owner !== undefined);
    client.opening.runs(script);
    if (!client.inTransaction) emulation.inherit(hub.link.inheritance);
    if (this.#withoutTurn(frame) || this.#signals.take(frame)) return;
    if (hub.turns.enter(client, client.lastSql ?? '')) {
      if (client.own || client.holding || !hub.behind) return this.#start(frame);
      // The main thread saw the turn free when it ended a scope meanwhile, and waited for nobody: the unit is
      // not of that scope. One of the two threads sees what the other has stored before it looked.
      hub.turns.release(client);
      return this.begin(frame);
    }
    // Not this frame's fault if it was granted and run meanwhile.
    this.#pending = frame;
    dialogue.blocked = true;
    dialogue.deadlines.waits();
    if (client.lastSql !== undefined) hub.backends.foresee(client, client.lastSql, client.unread);
  }

  /** BEGIN concerns nobody else, and neither does a transaction that has done nothing, when it ends or has failed. */
  #withoutTurn(frame: Frame): boolean {
    const dialogue = this.#dialogue;
    const { client, emulation, hub } = dialogue;
    if (frame.type !== Front.query || client.own || hub.scopes.settingUp || emulation.working) return false;

    const sql = readQuery(frame);
    const [statement, second] = readScript(sql).statements;
    if (statement === undefined) return false;
    const aborted = emulation.transaction.failed && !ends(statement);
    if (!aborted && (second !== undefined || !BOUNDS.has(statement.effect.kind))) return false;

    dialogue.statements.deleteUnnamed();
    const began = hub.now();
    const work = aborted ? emulation.rejectAborted() : this.#own.carryOut(statement);
    const { transaction } = dialogue.log;
    if (work.next().value === true) dialogue.log.succeeded(sql, began, undefined, transaction);
    else dialogue.log.failed(client.rejected, began, sql);
    dialogue.portals.deleteUnnamed();
    hub.noticeboard.finished(client);
    dialogue.ready();
    return true;
  }

  /** What a unit is about, as far as its first message tells. */
  #about(frame: Frame): string | undefined {
    switch (frame.type) {
      case Front.query:
        return readQuery(frame);
      case Front.parse:
        return readParse(frame).sql;
      case Front.bind:
        return this.#dialogue.statements.get(readBind(frame).statement)?.sql;
      default:
        return undefined;
    }
  }

  /** The turn has come. */
  granted(): void {
    const frame = this.withdraw();
    const { client } = this.#dialogue;
    this.#dialogue.blocked = false;
    if (frame !== undefined) client.guarded(() => this.#start(frame));
    client.pump();
  }

  /** The turn will not come. */
  refused(error: Buffer): void {
    const frame = this.withdraw();
    this.#dialogue.blocked = false;
    if (frame !== undefined) this.refuse(frame, error);
    this.#dialogue.client.pump();
  }

  /**
   * The unit will not be run.
   *
   * @param late whether it is of a test that has ended: a transaction that is open is not its own
   */
  refuse(frame: Frame, error: Buffer, late = false): void {
    const dialogue = this.#dialogue;
    const { client } = dialogue;
    dialogue.hub.turns.declined(client);
    if (!late) dialogue.emulation.fail();
    dialogue.log.failed(error, 0);
    client.send(error);
    // A query amid a batch ends that.
    if (dialogue.phase === 'extended') {
      dialogue.failed = true;
      dialogue.finish();
    } else if (frame.type === Front.query || frame.type === Front.functionCall) dialogue.ready();
    else {
      dialogue.failed = true;
      dialogue.phase = 'skipping';
    }
  }

  /** The client has the turn. */
  #start(frame: Frame): void {
    const dialogue = this.#dialogue;
    const { client, emulation, hub } = dialogue;
    const { ground } = hub;
    dialogue.unit += 1;
    dialogue.began = hub.now();
    dialogue.log.begin();
    dialogue.failed = false;
    dialogue.inert = true;
    dialogue.synced = false;
    dialogue.implicit = false;
    dialogue.deadlines.began();
    ground.belongings.saw(client.id, client.lastSql ?? '');
    hub.backends.saw(client, client.lastSql ?? '');
    if (client.holding) return this.#go(frame);

    if (!client.inTransaction) {
      if (client.own) emulation.state = this.#borrowed.take(emulation.state, ground.belongings.applied);
      emulation.staged = emulation.state;
    }
    const change = ground.belongings.changeTo({ id: client.id, settings: emulation.state.settings });
    if (change === undefined || ground.changeAtOnce(change)) return this.#go(frame);
    this.#configure(frame, change);
  }

  #configure(frame: Frame, change: Change): void {
    const dialogue = this.#dialogue;
    const { client, emulation, hub } = dialogue;
    const { unit } = dialogue;
    dialogue.blocked = true;
    dialogue.phase = 'simple';
    hub.ground.change(change, (error) => {
      if (unit !== dialogue.unit) return;
      dialogue.blocked = false;
      dialogue.phase = 'ready';
      if (error === undefined) client.guarded(() => this.#go(frame));
      else {
        // A setting that cannot be any more, e.g. a role that was rolled back.
        emulation.state = { ...emulation.state, settings: new Map() };
        this.refuse(frame, dialogue.withHint(error));
        hub.turns.leave(client);
      }
      client.pump();
    });
  }
}

/** What the statements of a text do. */
export function effectsOf({ statements }: Script): readonly Effect[] {
  return statements.length === 0 ? EMPTY : statements.map(({ effect }) => effect);
}

/** Whether it is a COMMIT or ROLLBACK of a client without a transaction, which changes nothing whenever it comes. */
export function endsNothing(client: Client, effects: readonly Effect[]): boolean {
  const [first, second] = effects;
  if (first === undefined || second !== undefined || client.emulation.transaction.open) return false;
  return (first.kind === 'commit' || first.kind === 'rollback') && !first.chain;
}
