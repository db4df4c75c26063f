import { readTag } from '../../wire/backend.js';
import { query, readQuery } from '../../wire/frontend.js';
import type { Frame } from '../../wire/frontend-reader.js';
import type { End } from '../expectations.js';
import { readScript, type Script } from '../statement.js';
import type { Dialogue } from './dialogue.js';
import { commitImplicitly } from './implicit-commit.js';
import type { ScriptRun } from './script-run.js';
import { carriesOut, tagFor, wordsFor } from './setup.js';

/** The simple protocol: a text of any number of statements, and the function call. */
export class SimpleQuery {
  readonly #dialogue: Dialogue;
  readonly #script: ScriptRun;

  constructor(dialogue: Dialogue, script: ScriptRun) {
    this.#dialogue = dialogue;
    this.#script = script;
  }

  run(frame: Frame): void {
    const dialogue = this.#dialogue;
    const { emulation, hub } = dialogue;
    const sql = readQuery(frame);
    const script = readScript(sql);
    dialogue.phase = 'simple';
    dialogue.statements.deleteUnnamed();

    if (hub.scopes.settingUp) return this.#setUp(frame, script, sql);
    if (!script.plain) return this.#runScript(script, sql);

    if (script.ddl) emulation.schemaChanged();
    emulation.enter(script.inert);
    this.#send(frame, sql, script, sql);
  }

  #runScript(script: Script, sql: string): void {
    const dialogue = this.#dialogue;
    dialogue.run(this.#script.run(script, sql), () => dialogue.finish());
  }

  /** Before the first scope. */
  #setUp(frame: Frame, script: Script, sql: string): void {
    const dialogue = this.#dialogue;
    const [statement, second] = script.statements;
    if (second === undefined && statement !== undefined && carriesOut(statement, dialogue))
      return this.#runScript(script, sql);

    for (const { special } of script.statements)
      if (special?.kind === 'show') dialogue.hub.real.ask(dialogue.emulation.showing(special.name), () => undefined);
    this.#send(frame, wordsFor(sql, script, dialogue), script, sql);
  }

  /** @param text what the client's words mean to the server */
  #send({ bytes }: Frame, text: string, script: Script, sql: string): void {
    const dialogue = this.#dialogue;
    const words = dialogue.hub.wording.textOf(text);
    dialogue.sent = text;
    this.#forward(words === sql ? bytes : query(words), script, sql);
  }

  #forward(bytes: Buffer, script: Script, sql: string): void {
    const dialogue = this.#dialogue;
    const { client, emulation, hub } = dialogue;
    const { unit } = dialogue;
    const hold = !client.inTransaction && !hub.scopes.settingUp && emulation.commitMatters(script.inert);
    const { statements } = script;
    let [place, began] = [0, dialogue.began];
    /** The statement whose answer comes next. */
    const current = (): string => (statements.length > 1 ? (statements[place]?.sql ?? sql) : sql);

    dialogue.blocked = true;
    hub.ground.unnamed = undefined;
    hub.real.send(bytes, {
      kind: 'query',
      to: client,
      hold,
      tag: (bytes) => {
        if (unit !== dialogue.unit) return undefined;
        dialogue.portals.deleteUnnamed();
        dialogue.log.succeeded(current(), began, readTag(bytes));
        const other = hub.scopes.settingUp ? tagFor(statements[place]) : undefined;
        [place, began] = [place + 1, hub.now()];
        return other;
      },
      failed: (error) => {
        if (unit === dialogue.unit) dialogue.fail(error, current());
      },
      copyIn: () => {
        if (unit === dialogue.unit) dialogue.copyIn();
      },
      done: (end) => {
        if (unit !== dialogue.unit || !dialogue.alive(end.status, sql)) return;
        if (hub.scopes.settingUp)
          for (const statement of statements) dialogue.performed.push({ statement, valueOf: () => undefined });
        this.#conclude(end, hold);
      },
    });
  }

  #conclude({ held }: End, hold: boolean): void {
    const dialogue = this.#dialogue;
    if (!hold || dialogue.failed) {
      if (held !== undefined) dialogue.client.send(held);
      dialogue.finish();
      return dialogue.client.pump();
    }
    dialogue.run(commitImplicitly(dialogue, held), () => dialogue.finish());
  }

  /** The function call message. */
  call(frame: Frame): void {
    const dialogue = this.#dialogue;
    const { client, hub } = dialogue;
    const { unit } = dialogue;
    dialogue.phase = 'simple';
    if (!hub.scopes.settingUp) dialogue.emulation.enter();
    dialogue.blocked = true;
    hub.real.send(frame.bytes, {
      kind: 'call',
      to: client,
      failed: (error) => {
        if (unit === dialogue.unit) dialogue.fail(error);
      },
      done: ({ status }) => {
        if (unit !== dialogue.unit || !dialogue.alive(status, 'a function call')) return;
        dialogue.finish();
        client.pump();
      },
    });
  }
}
