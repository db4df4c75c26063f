import type { Work } from '../work.js';
import type { Kind } from '../expectations.js';
import * as front from '../../wire/frontend.js';
import type { Dialogue } from './dialogue.js';
import { commitImplicitly } from './implicit-commit.js';
import type { Undo } from './undoing.js';

const ASIDE = 'lockstep_aside';
const NO_TYPES = Buffer.alloc(2);
const NO_VALUES = Buffer.alloc(6);

/** Messages that Sync ends. What fails lets all that follow it go unheard, up to the Sync. */
export class Batch {
  readonly #dialogue: Dialogue;

  constructor(dialogue: Dialogue) {
    this.#dialogue = dialogue;
  }

  /** To be called before a message is forwarded. `inert`: it changes nothing for sure. */
  enter(inert: boolean): void {
    const { emulation, hub } = this.#dialogue;
    if (!hub.scopes.settingUp) emulation.enter(inert);
  }

  /**
   * Forwards a message.
   *
   * @param undo takes back what was noted of it, if it is not run.
   * @param unseen The client does not get the answer.
   */
  forward(bytes: Buffer, kind: Kind, undo?: Undo, unseen = false): void {
    const dialogue = this.#dialogue;
    const { unit } = dialogue;
    const sql = dialogue.client.lastSql;
    dialogue.hub.real.send(bytes, {
      kind,
      to: unseen ? undefined : dialogue.client,
      failed: (error) => {
        undo?.(error);
        if (unit === dialogue.unit) this.fail(error, sql);
      },
      dropped: () => undo?.(),
    });
  }

  /** A statement of the relay's own amid the batch; the batch fails with it. */
  aside(sql: string): void {
    const run = [front.bind(ASIDE, ASIDE, NO_VALUES), front.execute(ASIDE)];
    const closing = [front.close({ kind: 'portal', name: ASIDE }), front.close({ kind: 'statement', name: ASIDE })];
    const all = [front.parse(ASIDE, sql, NO_TYPES), ...run, ...closing];
    for (const [index, kind] of (['parse', 'bind', 'execute', 'close', 'close'] as const).entries())
      this.forward(all[index] as Buffer, kind, undefined, true);
  }

  /** Fails as the server would, behind what was forwarded. */
  reject(code: string, message: string): void {
    this.work(() => this.#dialogue.emulation.reject(code, message));
  }

  /** Carries work out when everything that was forwarded is answered. */
  work(begin: () => Work<boolean>): void {
    this.#dialogue.afterAnswers(() => this.run(begin()));
  }

  /** Carries work out; the batch fails if it is not done. */
  run(work: Work<boolean>): void {
    this.#dialogue.run(this.#failing(work), () => undefined);
  }

  *#failing(work: Work<boolean>): Work {
    if (yield* work) return;
    this.#dialogue.failed = true;
    this.#dialogue.phase = 'skipping';
  }

  /** @param sql the statement that has failed: others may have come since it was sent */
  fail(error: Buffer, sql: string | undefined): void {
    const dialogue = this.#dialogue;
    dialogue.fail(error, sql);
    dialogue.blocked = dialogue.synced;
    if (dialogue.synced) return;

    dialogue.phase = 'skipping';
    dialogue.takeExpected();
    dialogue.hub.later(() => dialogue.client.pump());
  }

  sync(): void {
    const dialogue = this.#dialogue;
    const { client, emulation, hub } = dialogue;
    dialogue.synced = true;
    if (hub.turns.holder !== client) {
      // It was refused, and nothing has reached the server.
      dialogue.phase = 'ready';
      dialogue.ready();
      return;
    }
    const finish = (): void => dialogue.finish();
    const commits =
      !dialogue.failed && !client.inTransaction && !hub.scopes.settingUp && emulation.commitMatters(dialogue.inert);
    if (!commits) return this.end(finish);

    dialogue.afterAnswers(() => {
      // A batch that failed has nothing to commit, and the server hears nothing before its Sync.
      if (dialogue.failed) return this.end(finish);
      dialogue.run(commitImplicitly(dialogue, undefined), () => this.end(finish));
    });
  }

  /** Sends the Sync if the server needs one. */
  end(then: () => void): void {
    const dialogue = this.#dialogue;
    const { client, hub, unit } = dialogue;
    const { real } = hub;
    if (!real.unsynced && real.idle) return then();

    dialogue.blocked = true;
    real.send(front.SYNC, {
      kind: 'sync',
      to: client,
      failed: (error) => {
        if (unit === dialogue.unit) dialogue.fail(error);
      },
      done: ({ status }) => {
        if (unit !== dialogue.unit || !dialogue.alive(status, client.lastSql ?? '')) return;
        dialogue.blocked = false;
        then();
        client.pump();
      },
    });
  }
}
