import { commandComplete } from '../../wire/backend.js';
import { ABORTED, type Work } from '../emulation.js';
import type { Special } from '../special.js';
import { isControl, type Statement } from '../statement.js';
import { DISCARDING } from '../temporaries.js';
import type { Dialogue } from './dialogue.js';

/** Statements that the relay carries out in the server's place. */
export class OwnStatements {
  readonly #dialogue: Dialogue;

  constructor(dialogue: Dialogue) {
    this.#dialogue = dialogue;
  }

  /** Whether the statement is one of them. `alone`: nothing else is in its text. */
  has(statement: Statement, alone: boolean): boolean {
    const { effect, special } = statement;
    if (effect.kind === 'refused' || isControl(effect)) return true;
    if (special === undefined) return false;
    return WHOLE.has(special.kind) || this.#isLocal(statement, alone);
  }

  #isLocal(statement: Statement, alone: boolean): boolean {
    return this.#dialogue.emulation.isLocal(statement, alone);
  }

  /** False if it failed. */
  *carryOut({ effect, special }: Statement): Work<boolean> {
    const { emulation, portals } = this.#dialogue;

    if (effect.kind === 'refused') return yield* emulation.refuse(effect);
    if (isControl(effect)) {
      const done = yield* emulation.control(effect);
      if (effect.kind === 'commit' || effect.kind === 'rollback') portals.close();
      return done;
    }
    if (special?.kind === 'discard') return yield* this.#discardAll();
    if (special?.kind === 'deallocateAll') return yield* this.#deallocateAll();
    if (special?.kind === 'discardTemporary') return yield* this.#discardTemporary();
    return special === undefined || (yield* emulation.local(special));
  }

  *#discardAll(): Work<boolean> {
    const { client, emulation, statements } = this.#dialogue;
    if (emulation.transaction.failed) return yield* emulation.reject('25P02', ABORTED);
    if (emulation.transaction.open)
      return yield* emulation.reject('25001', 'DISCARD ALL cannot run inside a transaction block');

    yield* emulation.track({ kind: 'unlisten', channel: undefined });
    emulation.staged = { ...emulation.staged, listens: new Set() };
    emulation.enter();
    yield { sql: 'RESET ALL' };
    yield { sql: DISCARDING };
    yield* emulation.track({ kind: 'reset', name: undefined });
    yield* statements.forget();
    client.send(commandComplete('DISCARD ALL'));
    return true;
  }

  *#discardTemporary(): Work<boolean> {
    const { client, emulation } = this.#dialogue;
    emulation.enter();
    const { error } = yield { sql: DISCARDING };
    if (error !== undefined) emulation.fail();
    client.send(error ?? commandComplete('DISCARD TEMP'));
    return error === undefined;
  }

  *#deallocateAll(): Work<boolean> {
    const { client, statements } = this.#dialogue;
    yield* statements.forget();
    client.send(commandComplete('DEALLOCATE ALL'));
    return true;
  }
}

/** They mean what a server would do to the whole session, but here it is one of many. */
const WHOLE: ReadonlySet<Special['kind']> = new Set<Special['kind']>(['discard', 'discardTemporary', 'deallocateAll']);
