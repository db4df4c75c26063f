import type { Layers } from '../../../../sandbox/layers.js';
import type { LostWork } from '../../../../sandbox/lost-work.js';
import { sandboxLostError, stragglerError } from '../../../../sandbox/scope-errors.js';
import { ScopeGate } from '../../../../sandbox/scope-gate.js';
import type { EndedOwner, ScopeName } from '../../../../sandbox/vocabulary.js';
import type { Effect } from '../../../../sql/effect.js';
import { readFields } from '../../wire/backend.js';
import { SYNC } from '../../wire/frontend.js';
import type { Client } from '../client/client.js';
import type { SessionSettings } from '../emulation.js';
import { lockstepFailure } from '../failure.js';
import type { Hub } from './hub.js';
import type { Surroundings } from './surroundings.js';

/** How long a scope's end waits before it gives the connection up, in milliseconds. */
const GIVE_UP_AFTER = 1500;

/**
 * Layers and tests, which are rolled back at their end.
 *
 * Until the first `begin`, everything goes straight through, with real transactions: that is how
 * schema and seed come in. From then on everything runs inside one outer transaction.
 */
export class Scopes {
  /** Whose statements are let in, and why work of open scopes is gone. */
  readonly gate: ScopeGate<Client>;
  readonly #hub: Hub;
  readonly #surroundings: Surroundings;
  /** Whether somebody may have taken locks that outlive a rollback. */
  #locks = false;
  /** What was set when each of the open scopes began. */
  readonly #settings: ReadonlyMap<Client, SessionSettings>[] = [];

  constructor(hub: Hub, surroundings: Surroundings) {
    this.gate = new ScopeGate(
      (late) => surroundings.refused(late),
      (loss) => hub.noticeboard.lost(loss),
    );
    this.#hub = hub;
    this.#surroundings = surroundings;
  }

  /** Whether transactions are real still. */
  get settingUp(): boolean {
    return this.gate.settingUp;
  }

  get layers(): Layers {
    return this.gate.layers;
  }

  get losses(): LostWork {
    return this.gate.lost;
  }

  /** Locks of the session outlive a rollback, so the scope's end has to undo them. */
  saw(client: Client, sql: string): void {
    if (!/advisory_lock/i.test(sql)) return;
    this.#locks = client.locks = true;
    this.#hub.noticeboard.outward(true);
  }

  /** Why the client must not run anything now; `owner` is the scope whose work it is, where that is over. */
  admit(client: Client, effects: readonly Effect[], owner: EndedOwner | undefined): Error | undefined {
    this.#surroundings.catchUp();
    return this.gate.admit(client, effects, { owner });
  }

  begin(scope: ScopeName): void {
    const { link, turns } = this.#hub;
    const { holder } = turns;
    if (this.settingUp) {
      // What was begun before the first scope can have no part in it.
      if (holder?.inTransaction === true) {
        holder.realStatus = 'I';
        link.real.ask('ROLLBACK', () => undefined);
        turns.leave(holder);
      }
    } else this.#cutAll();

    this.#settings.push(new Map([...this.#hub.clients].map((client) => [client, client.settled()])));
    this.gate.begin(scope);
    this.#hub.made.begin(scope);
    this.#hub.identities.begin(scope);
    this.#hub.flush();
  }

  resume(): void {
    this.gate.resume();
  }

  /** The function of a test begins. */
  functionBegins(): void {
    this.gate.functionBegins(this.#hub.noticeboard.busy);
  }

  /** The function of a test is over, and its hooks come. */
  functionOver(failed: boolean): void {
    if (failed) for (const client of [...this.#hub.noticeboard.busy]) this.#abandon(client, true);
    else this.gate.functionOver();
    this.#hub.flush();
  }

  /** Whether the turn is free for one who wants it, since what a test's function has left open gave way. */
  makeWay(): boolean {
    const { holder } = this.#hub.turns;
    return this.gate.yielding && holder !== undefined && this.#abandon(holder, false);
  }

  /** Rolls back what the function of a test has begun on the client and left idle. */
  #abandon(client: Client, forgiven: boolean): boolean {
    const { noticeboard, turns } = this.#hub;
    if (client.own || client.underWay || this.gate.isCut(client) || !this.gate.isOfFunction(client)) return false;

    client.emulation.undo();
    this.gate.abandon(client, forgiven);
    if (turns.holder === client) turns.release(client);
    noticeboard.mark(client);
    return true;
  }

  /** Ends the innermost scope; `done` is called when its work is gone. Its losses are to be asked for. */
  end(done: () => void): void {
    const { link, noticeboard, turns } = this.#hub;
    const title = this.layers.current?.title;
    const straggler = (client: Client, sql: string): Error => stragglerError(client.name, sql, title);
    const { abandoned } = this.gate;
    this.gate.rest();
    for (const client of abandoned) noticeboard.mark(client);
    turns.refuseParked(straggler);
    turns.dismiss(straggler);

    const { holder } = turns;
    // What may be outstanding then is the end of an earlier scope.
    if (holder === undefined) return this.#rollBack(done);
    holder.abort(this.#straggler(holder, title));
    link.afterAnswers(GIVE_UP_AFTER, () => this.#rollBack(done));
    this.#hub.flush();
  }

  /**
   * The server is told and not waited for: should it fail, the next scope learns of it. Only locks
   * have to be free when the scope has ended, because others can tell at once.
   */
  #rollBack(done: () => void): void {
    const { ground, link, turns } = this.#hub;
    if (turns.holder !== undefined) this.#cut(turns.holder);
    this.#cutAll();

    const before = this.#settings.pop();
    for (const client of this.#hub.clients) client.scopeEnded(before?.get(client));
    const { scope, send } = this.gate.end();
    this.#hub.made.end();
    const real = send.length > 0 && link.open;
    const values = this.#hub.identities.end(real ? ground.depth : 0, ground.facts?.restarts !== false);
    const finish = (): void => {
      // Not before: while it is set, the main thread waits for this end.
      this.#hub.noticeboard.outward(this.#locks);
      this.losses.ended(scope);
      done();
    };
    if (real) {
      const rollback = ground.ending(send, values.before);
      ground.rollingBack();
      const ending = [...rollback, ...ground.behind(values.behind)];
      const locks = this.#locks;
      this.#locks = false;
      for (const client of this.#hub.clients) client.locks = this.#hub.locks.has(client);
      const retaken = ['SELECT pg_catalog.pg_advisory_unlock_all()', ...this.#hub.locks.retaking];
      this.#undo(locks ? [...ending, ...retaken] : ending);
      this.#hub.flush();
      if (locks) return link.whenIdle(finish);
    }
    finish();
  }

  #undo(statements: readonly string[]): void {
    const { link } = this.#hub;
    const { real } = link;
    const stop = this.#surroundings.clock.after(GIVE_UP_AFTER, () => {
      if (link.real === real) link.giveUp();
    });
    real.ask(statements.join(';'), ({ error }) => {
      stop();
      if (error !== undefined) link.giveUp(readFields(error)['M']);
    });
    link.whenIdle(stop);
  }

  #straggler(client: Client, title: string | undefined): Buffer {
    return lockstepFailure(stragglerError(client.name, client.lastSql ?? '', title));
  }

  /** Ends whatever transactions are open, also those that have done nothing yet. */
  #cutAll(): void {
    for (const client of this.#hub.clients) if (client.inTransaction) this.#cut(client);
  }

  /** Ends the transaction of whoever has the turn, and cuts that client off. */
  #cut(client: Client): void {
    const { ground, noticeboard, real, turns } = this.#hub;
    const { emulation } = client;
    // Amid a batch it would go on with the rest of it.
    client.abort(this.#straggler(client, this.gate.title));
    // After a failure the server hears nothing before a Sync, and the client's own is not to come any more.
    if (real.unsynced) real.send(SYNC, { kind: 'sync', to: undefined });
    if (emulation.working) ground.abandoned();
    emulation.leave();

    if (client.own) {
      emulation.reset();
      noticeboard.sessionOpen(false);
    } else {
      this.gate.cut(client);
      emulation.staged = emulation.state;
    }
    client.realStatus = 'I';
    if (turns.holder === client) turns.release(client);
    noticeboard.mark(client);
  }

  /** False if the outer transaction has ended, which it never should. */
  check(client: Client, status: number, sql: string): boolean {
    if (this.settingUp || status !== 0x49 || !this.layers.real) return true;

    const error = sandboxLostError(sql, client.name, this.layers.current?.title);
    this.gate.lose(() => error);
    this.#hub.ground.lost();
    client.lost(error);
    this.#hub.turns.leave(client);
    return false;
  }

  /** The server is gone, and what was written in the open scopes with it. Tells of it, if it matters to them. */
  lostServer(error: Error, matters: boolean): void {
    if (matters) this.gate.lose(() => error);
    else this.layers.lost();
  }

  /** After `close`, for the next run: whoever is connected stays so. */
  open(): void {
    this.gate.reopen();
  }

  /** Whatever is open is gone with the connection to the server. */
  close(): void {
    const { link, turns } = this.#hub;
    const { title } = this.gate;
    const straggler = (client: Client, sql: string): Error => stragglerError(client.name, sql, title);
    turns.refuseParked(straggler);
    turns.dismiss(straggler);
    if (turns.holder !== undefined) this.#cut(turns.holder);
    this.#cutAll();

    this.gate.close();
    this.#settings.length = 0;
    this.#hub.made.close();
    this.#hub.identities.close();
    link.disconnected('the sandbox was closed');
    link.dismiss(new Error('the database system is shutting down'));
    this.#hub.flush();
  }
}
