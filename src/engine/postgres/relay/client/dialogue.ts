import { commandComplete, errorResponse, readFields, readTag, readyForQuery, type Status } from '../../wire/backend.js';
import type { EndedOwner } from '../../../../sandbox/vocabulary.js';
import * as front from '../../wire/frontend.js';
import type { Emulation } from '../emulation.js';
import type { Ask, Pass, Work } from '../work.js';
import { hinted } from '../hints.js';
import { quietly } from '../quiet.js';
import type { Hub } from '../hub/hub.js';
import type { Told } from '../real.js';
import type { Client } from './client.js';
import { Deadlines } from './deadlines.js';
import { Portals } from './portals.js';
import { PreparedStatements } from './prepared-statements.js';
import type { ReportedSettings } from './reported-settings.js';
import { adopting, type Performed } from './setup.js';
import { StatementRecorder } from './statement-recorder.js';

/**
 * Where a client stands in the protocol. `simple` and `extended`: it is amid a unit; `skipping`: a
 * batch has failed, and what comes up to its Sync is not run.
 */
export type Phase = 'startup' | 'password' | 'ready' | 'simple' | 'extended' | 'skipping' | 'closed';

/** The transaction status of a server that is in none. */
const IDLE = 'I'.charCodeAt(0);

/**
 * The state that the parts of a client share, and how a unit goes on: work in steps, waiting for
 * the answers that are outstanding, its failure, its end.
 */
export class Dialogue {
  readonly client: Client;
  readonly hub: Hub;
  readonly emulation: Emulation;
  readonly statements: PreparedStatements;
  readonly portals: Portals;
  readonly log: StatementRecorder;
  readonly deadlines: Deadlines;
  phase: Phase = 'startup';
  /** Waits for the turn, or for answers; messages of the client have to wait as well. */
  blocked = false;
  /** Whether the unit has failed. */
  failed = false;
  /** Whether the server takes data from the client. */
  copying = false;
  /** Whether the batch's Sync has come. */
  synced = false;
  /** Whether the unit may have changed nothing that a commit has to look at. */
  inert = true;
  /** Whose work a unit is that was let in because it ends nothing: what else it has is still to be admitted. */
  unadmitted: { readonly owner: EndedOwner | undefined } | undefined;
  /** The client's text that the server has got last, as it is before its own words. */
  sent = '';
  /** What has succeeded of a unit before the first scope. */
  readonly performed: Performed[] = [];
  /** Whether it may have taken locks then. */
  locking = false;
  /** Whether the batch has run something: then it is an implicit transaction. */
  implicit = false;
  /** Counts the units: what was asked for in an earlier one is of no interest. */
  unit = 0;
  /** When the unit began. */
  began = 0;
  readonly #reported: ReportedSettings;
  #afterIdle: (() => void) | undefined;

  constructor(client: Client, hub: Hub, emulation: Emulation, reported: ReportedSettings) {
    this.client = client;
    this.hub = hub;
    this.emulation = emulation;
    this.#reported = reported;
    this.statements = new PreparedStatements(client, emulation, hub);
    this.portals = new Portals(hub.ground, emulation.transaction);
    this.log = new StatementRecorder(hub, client);
    this.deadlines = new Deadlines(client, hub);
  }

  /** Whether the client has not been let in yet. */
  get coming(): boolean {
    return this.phase === 'startup' || this.phase === 'password';
  }

  /** The transaction status, as the client has to be told. */
  get status(): Status {
    const { realStatus } = this.client;
    if (realStatus !== 'I') return realStatus;

    const { open, failed } = this.emulation.transaction;
    return open ? (failed || this.hub.scopes.gate.isCut(this.client) ? 'E' : 'T') : 'I';
  }

  /** Carries out work of several steps; the client's next messages wait. */
  run(work: Work, then: () => void): void {
    const { unit } = this;
    this.blocked = true;

    const step = (told?: Told): void => {
      if (unit !== this.unit) return;
      if (told !== undefined && !this.alive(told.status, this.client.lastSql ?? '')) return;

      const { value, done } = told === undefined ? work.next() : work.next(told);
      if (done === true) {
        this.blocked = false;
        then();
        this.client.pump();
        return;
      }
      this.#ask(value, step);
    };
    step();
  }

  /** A query ends the unnamed statement and portal, which the client may have amid a batch only. */
  #ask(ask: Ask, done: (told: Told) => void): void {
    const { ground, real } = this.hub;
    const amid = this.phase === 'extended';

    switch (ask.kind) {
      case 'own':
        if (amid && ask.ends !== true) return real.askQuietly(ask.statements, done);
        ground.unnamed = undefined;
        return real.ask(ask.statements.join(';'), done);
      case 'pass':
        if (!amid) ground.unnamed = undefined;
        return this.#pass(ask, amid, done);
      case 'syntax':
        ground.unnamed = undefined;
        return this.#askSyntax(ask.sql, done);
      case 'refuse':
        return real.askSyntax('lockstep_refused', (_, status) =>
          done({ error: undefined, rows: [], status, held: undefined }),
        );
    }
  }

  /** Leaves the transaction as it was. */
  #askSyntax(sql: string, done: (told: Told) => void): void {
    const { real } = this.hub;
    let error: Buffer | undefined;

    if (this.emulation.transaction.failed)
      return real.askSyntax(sql, (failed, status) =>
        done({ error: failed, status, rows: [], held: undefined, tag: undefined }),
      );
    real.ask('SAVEPOINT lockstep_syntax', () => undefined);
    real.askSyntax(sql, (failed) => (error = failed));
    real.ask('ROLLBACK TO SAVEPOINT lockstep_syntax;RELEASE SAVEPOINT lockstep_syntax', (told) =>
      done({ ...told, error }),
    );
  }

  /** A statement of the client's own, whose answer it gets, all but the end. */
  #pass({ sql, words, hold = false, tag: other }: Pass, amid: boolean, done: (told: Told) => void): void {
    const { unit } = this;
    const text = this.hub.wording.textOf(sql);
    let error: Buffer | undefined;
    let tag: string | undefined;

    this.sent = sql;
    this.hub.real.send(amid ? quietly([text]) : front.query(text), {
      kind: amid ? 'quiet' : 'query',
      to: this.client,
      hold,
      tag: (bytes) => {
        tag = readTag(bytes);
        return other === undefined ? undefined : commandComplete(other);
      },
      failed: (bytes) => {
        error = Buffer.from(bytes);
        if (unit === this.unit) this.fail(error, words);
      },
      copyIn: () => {
        if (unit === this.unit) this.copyIn();
      },
      done: ({ status, held }) => done({ error, rows: [], status, held, tag }),
    });
  }

  /** Goes on when everything that was forwarded is answered. */
  afterAnswers(then: () => void): void {
    const { real } = this.hub;
    if (real.idle) return then();

    real.raw(front.FLUSH);
    this.blocked = true;
    this.#afterIdle = then;
  }

  /** Whether something is to be done when all answers have come. */
  get expecting(): boolean {
    return this.#afterIdle !== undefined;
  }

  /** What was to be done when all answers have come; it is to be done now, or not at all. */
  takeExpected(): (() => void) | undefined {
    const then = this.#afterIdle;
    this.#afterIdle = undefined;
    return then;
  }

  /** The server asks for the client's data. */
  copyIn(): void {
    this.copying = true;
    this.blocked = false;
    this.hub.later(() => this.client.pump());
  }

  /** @param sql the statement that has failed, if it is not the client's last one */
  fail(error: Buffer, sql?: string): void {
    this.failed = true;
    if (this.copying) this.blocked = true;
    this.copying = false;
    this.emulation.fail();
    this.log.failed(error, this.began, sql);
    this.client.send(this.withHint(this.#withOwnNames(this.hub.wording.ofOwnText(error, this.sent))));
  }

  /** The error, and what the sandbox has to do with it. */
  withHint(error: Buffer): Buffer {
    const { made, scopes } = this.hub;
    if (scopes.settingUp) return error;
    return hinted(error, {
      inTransaction: this.emulation.transaction.open,
      madeIn: (what, name) => made.madeIn(what, name),
    });
  }

  /** The server speaks of prepared statements by the names that the relay gave them. */
  #withOwnNames(error: Buffer): Buffer {
    const { prefix } = this.emulation;
    if (!error.includes(prefix)) return error;

    const fields = readFields(error);
    for (const [letter, text] of Object.entries(fields)) fields[letter] = text.replaceAll(prefix, '');
    return errorResponse(fields);
  }

  /** False if the outer transaction has ended, which fails the unit. */
  alive(status: number, sql: string): boolean {
    return this.hub.scopes.check(this.client, status, sql);
  }

  /** The unit is over. */
  finish(): void {
    const { client, emulation, hub } = this;

    if (hub.scopes.settingUp) {
      if (this.#adopts()) return;
      client.realStatus = String.fromCharCode(hub.real.status) as Status;
      if (client.realStatus === 'I') {
        emulation.committed();
        hub.ground.belongings.applied = emulation.state.settings;
      }
    } else if (!emulation.transaction.open) {
      if (this.failed) emulation.undo();
      else emulation.settle();
    }
    if (!client.inTransaction) {
      this.portals.close();
      client.opening.ran(emulation.settings);
    }
    this.phase = 'ready';
    this.blocked = false;
    this.synced = false;
    this.#reported.update(hub.link);
    hub.noticeboard.finished(client);
    this.ready();
    hub.turns.leave(client);
  }

  /** Whether something is to be remembered first; then the unit is over when that is done. */
  #adopts(): boolean {
    const { failed, hub, performed } = this;
    const all = performed.splice(0);
    const idle = hub.real.status === IDLE;
    if (all.length > 0 && !failed) this.run(adopting(all, this), () => this.finish());
    else if (this.locking && idle) {
      this.locking = false;
      this.run(hub.locks.adopting(this.client), () => this.finish());
    } else return false;
    return true;
  }

  /** The client may go on; if its transaction is over, it hears first what it was notified of meanwhile. */
  ready(): void {
    const { client, status } = this;
    if (status === 'I') client.hear();
    client.send(readyForQuery(status));
    this.deadlines.rests(status);
  }

  /** Leaves whatever it is amid; answers that are still to come are dropped. */
  abandon(): void {
    const { real, turns } = this.hub;
    this.unit += 1;
    this.#afterIdle = undefined;
    this.blocked = false;
    if (turns.holder !== this.client) return;

    real.forget(this.client);
    if (this.copying) real.raw(front.copyFail('the client is gone'));
    this.copying = false;
    if (real.unsynced) real.send(front.SYNC, { kind: 'sync', to: undefined });
    this.failed = true;
  }
}
