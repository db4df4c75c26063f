import type { Effect } from '../../../../sql/effect.js';
import { quoteName } from '../quote.js';
import { changeSettings } from '../session-state.js';
import type { Dialogue } from './dialogue.js';
import type { OwnStatements } from './own-statements.js';
import { readScript } from '../statement.js';

const BEGIN: Effect = { kind: 'begin', mode: undefined, tag: 'BEGIN' };
const NOTHING_SET: ReadonlyMap<string, string> = new Map();

/**
 * Why a transaction was rolled back: its scope has ended, others had to wait for it behind the function of its test, or
 * that function has failed, so that it is `forgiven`. Of the latter two the client may end it as if nothing had happened.
 */
export type RolledBack = 'at the end' | 'to others' | 'forgiven';

/** A client's session as it is taken along to a connection of its own, and what it brings back from there. */
export class CarriedSession {
  readonly #dialogue: Dialogue;
  readonly #own: OwnStatements;

  constructor(dialogue: Dialogue, own: OwnStatements) {
    this.#dialogue = dialogue;
    this.#own = own;
  }

  /** The statements that make its settings on a connection of its own, and let it hear what it listens to. */
  get settings(): readonly string[] {
    const { settings, timeouts, listens } = this.#dialogue.emulation.state;
    return [
      ...[...timeouts].map(([name, value]) => `SET ${name}=${value}`),
      ...changeSettings(NOTHING_SET, settings).map(({ sql }) => sql),
      ...[...listens].map((channel) => `LISTEN ${quoteName(channel)}`),
    ];
  }

  /** Whether it hears of something that others do. */
  get listens(): boolean {
    return this.#dialogue.emulation.state.listens.size > 0;
  }

  /** It goes to a connection of its own, whose server has an eye on its timeouts. */
  gone(): void {
    this.#dialogue.deadlines.gone();
  }

  /** It is back. */
  back(): void {
    this.#dialogue.deadlines.rests('I');
  }

  /** What it has prepared by a name. */
  get statements(): readonly (readonly [name: string, statement: { readonly sql: string; readonly rest: Buffer }])[] {
    return [...this.#dialogue.statements.named];
  }

  /** It has prepared a statement elsewhere: here that is done when it uses it. */
  prepared(name: string, sql: string, rest: Buffer): void {
    const { statements: all } = readScript(sql);
    const [first] = all;
    const statement = all.length === 1 ? first : undefined;
    const local = statement !== undefined && statement.effect.kind !== 'refused' && this.#own.has(statement, 'alone');
    this.#dialogue.statements.set(name, { sql, statement, local, rest, on: undefined });
  }

  /** It has closed a statement elsewhere. */
  closed(name: string): void {
    const { hub, statements } = this.#dialogue;
    if (statements.get(name)?.on === hub.real) hub.ground.closeLater('statement', statements.realName(name));
    statements.delete(name);
  }

  /**
   * Its transaction, which was elsewhere, was rolled back without its knowing: until it ends it, each statement says so.
   */
  rolledBack(how: RolledBack): void {
    const { client, emulation, hub } = this.#dialogue;
    const { gate } = hub.scopes;
    emulation.transaction.done(emulation.transaction.plan(BEGIN));
    if (how === 'at the end') gate.cut(client);
    else gate.abandon(client, how === 'forgiven');
    hub.noticeboard.mark(client);
  }

  /** Whether the client has to hear first what has become of a transaction of it. */
  get owesAnEnd(): boolean {
    const { client, coming, hub } = this.#dialogue;
    return coming || client.underWay || client.inTransaction || hub.scopes.gate.isCut(client);
  }
}
