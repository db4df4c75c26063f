import type { Effect } from '../../../../sql/effect.js';
import type { Work } from '../work.js';
import { warning } from '../failure.js';
import { IDENTITY, RESET_IDENTITY } from '../identity.js';
import type { Special } from '../special.js';
import { isControl, type Place, type Statement } from '../statement.js';
import { DISCARDING } from '../temporaries.js';

import type { Dialogue } from './dialogue.js';

/** Statements that the relay carries out in the server's place. */
export class OwnStatements {
  readonly #dialogue: Dialogue;

  constructor(dialogue: Dialogue) {
    this.#dialogue = dialogue;
  }

  /** Whether the statement is one of them. */
  has(statement: Statement, place: Place): boolean {
    const { effect, special } = statement;
    if (effect.kind === 'refused' || isControl(effect)) return true;
    if (special === undefined) return false;
    return WHOLE.has(special.kind) || this.#isLocal(statement, place);
  }

  #isLocal(statement: Statement, place: Place): boolean {
    return this.#dialogue.emulation.isLocal(statement, place);
  }

  /** False if it failed. */
  *carryOut(statement: Statement, place: Place = 'alone'): Work<boolean> {
    const { effect, special } = statement;
    const { emulation } = this.#dialogue;

    if (effect.kind === 'refused') return yield* emulation.refuse(effect);
    if (isControl(effect)) return yield* this.#control(effect);
    if (special?.kind === 'discard') return yield* this.#discardAll(place);
    if (special?.kind === 'deallocateAll') return yield* this.#deallocateAll();
    if (special?.kind === 'discardTemporary') return yield* this.#discardTemporary();
    return special === undefined || (yield* emulation.local(statement, special, place));
  }

  *#control(effect: Effect): Work<boolean> {
    const { client, emulation, phase, portals } = this.#dialogue;

    if (effect.kind === 'commit' || effect.kind === 'rollback') {
      // A query has replaced the unnamed one before.
      const skipped = emulation.transaction.failed ? portals.skipped : [];
      for (const name of skipped)
        if (name !== '' || phase === 'extended') client.warn(warning('01000', `skipping cleanup for portal "${name}"`));
      portals.close();
    }
    if (!(yield* emulation.control(effect))) return false;
    if (effect.kind === 'rollbackTo' || effect.kind === 'release') portals.descend(effect.kind === 'release');
    return true;
  }

  *#discardAll(place: Place): Work<boolean> {
    const { client, emulation, hub, portals, statements } = this.#dialogue;
    if (emulation.transaction.failed) return yield* emulation.rejectAborted();
    if (emulation.transaction.open || place !== 'alone') return yield* emulation.rejectInside('DISCARD ALL', place);

    yield* emulation.track({ kind: 'unlisten', channel: undefined });
    emulation.staged = { ...emulation.staged, listens: new Set() };
    emulation.enter();
    // A table is not dropped while a portal reads it.
    for (const name of emulation.staged.holds) hub.ground.closeLater('portal', name);
    emulation.staged = { ...emulation.staged, holds: new Set() };
    hub.ground.closeNow();
    const { error } = yield { kind: 'own', statements: emulation.unrestricted(DISCARDING_ALL) };
    if (error !== undefined) return this.#failed(error);
    for (const name of IDENTITY) yield* emulation.track({ kind: 'reset', name });
    if (hub.aloneLocks(client)) yield { kind: 'own', statements: ['SELECT pg_catalog.pg_advisory_unlock_all()'] };
    yield* emulation.track({ kind: 'reset', name: undefined });
    yield* statements.forget();
    portals.close();
    return emulation.answer('DISCARD ALL');
  }

  *#discardTemporary(): Work<boolean> {
    const { emulation } = this.#dialogue;
    if (emulation.transaction.failed) return yield* emulation.rejectAborted();
    emulation.enter();
    const alone = !emulation.transaction.open;
    const statements = alone ? emulation.unrestricted(emulation.asLoginUser([DISCARDING])) : [DISCARDING];
    const { error } = yield { kind: 'own', statements };
    return error === undefined ? emulation.answer('DISCARD TEMP') : this.#failed(error);
  }

  #failed(error: Buffer): false {
    const { client, emulation } = this.#dialogue;
    emulation.fail();
    client.reject(error);
    return false;
  }

  *#deallocateAll(): Work<boolean> {
    const { emulation, statements } = this.#dialogue;
    if (emulation.transaction.failed) return yield* emulation.rejectAborted();
    yield* statements.forget();
    return emulation.answer('DEALLOCATE ALL');
  }
}

const DISCARDING_ALL = [...RESET_IDENTITY, 'RESET ALL', DISCARDING];

/** They mean what a server would do to the whole session, but here it is one of many. */
const WHOLE: ReadonlySet<Special['kind']> = new Set<Special['kind']>(['discard', 'discardTemporary', 'deallocateAll']);
