import { Layers, type ScopeName } from '../../../../sandbox/layers.js';
import { cutError, sandboxLostError, stragglerError } from '../../../../sandbox/scope-errors.js';
import type { Effect } from '../../../../sql/effect.js';
import { readFields } from '../../wire/backend.js';
import { SYNC } from '../../wire/frontend.js';
import type { Client } from '../client/client.js';
import type { SessionSettings } from '../emulation.js';
import { lockstepFailure } from '../failure.js';
import type { Hub } from './hub.js';
import { Losses } from './losses.js';
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
  readonly layers: Layers = new Layers();
  readonly losses: Losses;
  readonly #hub: Hub;
  readonly #surroundings: Surroundings;
  #phase: 'setup' | 'scope' | 'rest' | 'closed' = 'setup';
  /** Whether somebody may have taken locks that outlive a rollback. */
  #locks = false;
  /** What was set when each of the open scopes began. */
  readonly #settings: ReadonlyMap<Client, SessionSettings>[] = [];

  constructor(hub: Hub, surroundings: Surroundings) {
    this.losses = new Losses(hub.noticeboard);
    this.#hub = hub;
    this.#surroundings = surroundings;
  }

  /** Whether transactions are real still. */
  get settingUp(): boolean {
    return this.#phase === 'setup';
  }

  /** Locks of the session outlive a rollback, so the scope's end has to undo them. */
  saw(client: Client, sql: string): void {
    if (!/advisory_lock/i.test(sql)) return;
    this.#locks = client.locks = true;
    this.#hub.noticeboard.outward(true);
  }

  /** Why the client must not run anything now. */
  admit(client: Client, effects: readonly Effect[]): Error | undefined {
    this.#surroundings.catchUp();
    const sql = client.lastSql ?? '';

    if (client.cutBy !== undefined) {
      const title = client.cutBy;
      const { transaction } = client.emulation;
      if (effects[0]?.kind !== 'begin') {
        for (const effect of effects) transaction.done(transaction.plan(effect));
        const error = client.cutFor ?? cutError(client.name, sql, title);
        if (!transaction.open) client.cutBy = client.cutFor = undefined;
        return error;
      }
      client.emulation.reset();
      client.cutBy = client.cutFor = undefined;
    }
    if (this.#phase === 'rest' || this.#phase === 'closed')
      return stragglerError(client.name, sql, this.layers.lastEnded);
    return undefined;
  }

  begin(scope: ScopeName): void {
    const { link, turns } = this.#hub;
    const { holder } = turns;
    if (this.#phase === 'setup') {
      // What was begun before the first scope can have no part in it.
      if (holder?.inTransaction === true) {
        holder.realStatus = 'I';
        link.real.ask('ROLLBACK', () => undefined);
        turns.leave(holder);
      }
      this.#phase = 'rest';
    } else this.#cutAll(this.layers.current?.title);

    this.#settings.push(new Map([...this.#hub.clients].map((client) => [client, client.settled()])));
    this.layers.begin(scope);
    this.#hub.made.begin(scope);
    this.#phase = 'scope';
    this.losses.begun();
    this.#hub.flush();
  }

  resume(): void {
    this.losses.begun();
    if (this.#phase === 'rest' && this.layers.current !== undefined) this.#phase = 'scope';
  }

  /** Ends the innermost scope; `done` is called when its work is gone. Its losses are to be asked for. */
  end(done: () => void): void {
    const { link, turns } = this.#hub;
    const title = this.layers.current?.title;
    const straggler = (client: Client, sql: string): Error => stragglerError(client.name, sql, title);
    this.#phase = 'rest';
    turns.refuseParked(straggler);
    turns.dismiss(straggler);

    const { holder } = turns;
    // What may be outstanding then is the end of an earlier scope.
    if (holder === undefined) return this.#rollBack(title, done);
    holder.abort(this.#straggler(holder, title));
    link.afterAnswers(GIVE_UP_AFTER, () => this.#rollBack(title, done));
    this.#hub.flush();
  }

  /**
   * The server is told and not waited for: should it fail, the next scope learns of it. Only locks
   * have to be free when the scope has ended, because others can tell at once.
   */
  #rollBack(title: string | undefined, done: () => void): void {
    const { ground, link, turns } = this.#hub;
    if (turns.holder !== undefined) this.#cut(turns.holder, title);
    this.#cutAll(title);

    const before = this.#settings.pop();
    for (const client of this.#hub.clients) client.scopeEnded(before?.get(client));
    const { scope, send } = this.layers.end();
    this.#hub.made.end();
    const finish = (): void => {
      // Not before: the main thread would not wait for what it does not see.
      this.#hub.noticeboard.outward(this.#locks);
      this.losses.ended(scope);
      done();
    };
    if (send.length > 0 && link.open) {
      const ending = ground.ending(send);
      ground.rollingBack();
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
  #cutAll(title: string | undefined): void {
    for (const client of this.#hub.clients) if (client.inTransaction) this.#cut(client, title);
  }

  /** Ends the transaction of whoever has the turn, and cuts that client off. */
  #cut(client: Client, title: string | undefined): void {
    const { ground, noticeboard, real, turns } = this.#hub;
    const { emulation } = client;
    // Amid a batch it would go on with the rest of it.
    client.abort(this.#straggler(client, title));
    // After a failure the server hears nothing before a Sync, and the client's own is not to come any more.
    if (real.unsynced) real.send(SYNC, { kind: 'sync', to: undefined });
    if (emulation.working) ground.abandoned();
    emulation.leave();

    if (client.own) {
      emulation.reset();
      noticeboard.sessionOpen(false);
    } else {
      if (emulation.transaction.open) client.cutBy = title ?? this.layers.lastEnded ?? 'the setup';
      emulation.staged = emulation.state;
    }
    if (turns.holder === client) turns.release(client);
    noticeboard.mark(client);
  }

  /** False if the outer transaction has ended, which it never should. */
  check(client: Client, status: number, sql: string): boolean {
    if (this.#phase === 'setup' || status !== 0x49 || !this.layers.real) return true;

    const error = sandboxLostError(sql, client.name, this.layers.current?.title);
    this.#lose(error);
    this.#hub.ground.lost();
    client.lost(error, this.layers.current?.title);
    this.#hub.turns.leave(client);
    return false;
  }

  /** The server is gone, and what was written in the open scopes with it. Tells of it, if it matters to them. */
  lostServer(error: Error, matters: boolean): void {
    if (matters) this.#lose(error);
    else this.layers.lost();
  }

  /** The current scope, if there is one, has failed with this error. */
  failScope(error: Error): void {
    if (this.#phase === 'scope') this.losses.add(error, [], true);
  }

  #lose(error: Error): void {
    const gone = this.layers.lost();
    const during = this.#phase === 'scope';

    // Between two scopes too: the next test builds on the fixtures that are gone.
    if (during || (this.#phase === 'rest' && gone.length > 0)) this.losses.add(error, gone, during);
  }

  /** After `close`, for the next run: whoever is connected stays so. */
  open(): void {
    if (this.#phase === 'closed') this.#phase = 'setup';
  }

  close(): void {
    this.#phase = 'closed';
    this.#hub.turns.dismiss((client, sql) => stragglerError(client.name, sql, this.layers.lastEnded));
    this.#hub.link.dismiss(new Error('the database system is shutting down'));
    this.#hub.flush();
  }
}
