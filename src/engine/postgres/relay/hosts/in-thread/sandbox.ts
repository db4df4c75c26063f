import type { Host, Sandbox, StatementEvent, StatementReader, SyncConnection } from '../../../../engine.js';
import { ConnectionLostError } from '../../../../../errors.js';
import { sessionName } from '../../../../../sandbox/connection-names.js';
import { refuseLate, spareOthers } from '../../../../../sandbox/scope-errors.js';
import { shortSql } from '../../../../../sandbox/short-sql.js';
import { notFreeError } from '../../../../../sandbox/stall.js';
import type { LoggedStatement } from '../../../../../sandbox/statement-log.js';
import type { CutConnection, OpenWork, ScopeName } from '../../../../../sandbox/vocabulary.js';
import type { PostgresOptions } from '../../../options.js';
import { RenewableSession, type SessionEnd } from '../../../renewable-session.js';
import { Loss, Word } from '../../../shared.js';
import { cutConnections, describe, leftovers } from '../../hub/diagnostics.js';
import type { Hub } from '../../hub/hub.js';
import type { RelayStart } from '../host.js';
import { DirectPipe } from './direct-pipe.js';
import type { InThreadHost } from './in-thread-host.js';

/** How long the end of a scope may take, in milliseconds. */
const END = 10_000;
/** How long a statement of the app that is nearly done is waited for with the thread blocked, in milliseconds. */
const NEARLY = 2;
/** How long a server that was lost may take to come back, in milliseconds. */
const RECOVERY = 5_000;
const KNOWN = 50;

const NONE: readonly OpenWork[] = [];

/** The sandbox of a hub that runs in the thread of the tests: what others have to ask for is there. */
export class InThreadSandbox implements Sandbox {
  readonly session: SyncConnection;
  readonly servedHere = true;
  readonly log: StatementReader;
  readonly #relay: InThreadHost;
  readonly #hub: Hub;
  readonly #host: Host;
  readonly #options: PostgresOptions;
  readonly #endSession: () => void;
  #observer: ((statement: StatementEvent) => void) | undefined;
  /** What became of the session's wish for the turn. */
  #wish: 'pending' | 'granted' | Error = 'granted';
  /** The loss that a statement of the current scope has told of. */
  #told: Error | undefined;
  #closed = false;

  constructor(relay: InThreadHost, host: Host, { options, openSession }: RelayStart) {
    this.#relay = relay;
    this.#hub = relay.hub;
    this.#host = host;
    this.#options = options;
    this.log = new DatabaseLog(relay, options.name ?? 'main');

    const end: SessionEnd = {
      ...relay.address,
      servesLibpq: false,
      openPipe: () => new DirectPipe(relay.accept, (done, milliseconds) => this.#awaitAnswer(done, milliseconds)),
      beforeStatement: (sql) => this.#takeTurn(sql),
    };
    const renewable = new RenewableSession(
      () => openSession(end),
      () => this.#word(Word.sessionOpen) === 1,
      () => this.#letOthersKnow(),
    );
    this.session = renewable;
    this.#endSession = () => renewable.close();
  }

  get observer(): ((statement: StatementEvent) => void) | undefined {
    return this.#observer;
  }

  set observer(observer: ((statement: StatementEvent) => void) | undefined) {
    this.#observer = observer;
    this.#relay.words[Word.told] = observer === undefined ? 0 : 1;
  }

  /** What the hub logs is told at once. */
  drain(): void {}

  /** The hub has logged a statement. */
  tell(statement: LoggedStatement): void {
    this.#observer?.({ database: this.#options.name ?? 'main', ...statement });
  }

  /** The session's wish for the turn is fulfilled, or not. */
  wished(error: Error | undefined): void {
    this.#wish = error ?? 'granted';
  }

  get processes(): readonly number[] {
    return [this.#word(Word.backend)];
  }

  get reached(): boolean {
    return this.activity > 0;
  }

  get activity(): number {
    return this.#word(Word.activity);
  }

  begin({ kind, title, identities }: ScopeName): void {
    this.#throwLoss();
    this.#hub.scopes.begin({ kind, title, identities });
  }

  resume(): void {
    this.#throwLoss();
    this.#hub.scopes.resume();
  }

  async keepForOutside(): Promise<void> {
    await this.#relay.outside.keep();
  }

  async goOutside(): Promise<void> {
    await this.#relay.outside.enter();
  }

  async comeBack(): Promise<void> {
    await this.#relay.outside.leave();
  }

  functionBegins(): void {
    this.#relay.outside.functionBegins();
    this.#hub.scopes.functionBegins();
  }

  functionOver(failed: boolean): void {
    this.#relay.outside.functionOver(failed);
    this.#hub.scopes.functionOver(failed);
  }

  end(): void {
    const told = this.#told;
    let ended = false;

    this.#told = undefined;
    this.#relay.outside.endScope();
    this.#hub.scopes.end(() => (ended = true));
    if (!ended) this.#relay.block(() => ended, END);
    if (!ended) this.#hub.link.giveUp();

    // Looked at behind the end, which knows whether open layers have lost something too.
    const outer = this.#word(Word.lost) === Loss.before;
    const lost = this.#takeLoss(true) ?? told;
    if (lost === undefined) return;
    if (!outer && lost !== told) spareOthers(lost);
    throw lost;
  }

  leftovers(): readonly OpenWork[] {
    const { activeLines } = this.#relay;
    // Asked at the end of every test.
    if (this.#word(Word.busy) === 0 && activeLines.size === 0) return NONE;

    const opening = [...activeLines].map(() => ({
      kind: 'opening' as const,
      connection: 'a connection of the app',
      lastSql: '',
      idle: false,
    }));
    return [...leftovers(this.#hub.noticeboard), ...opening];
  }

  /** Other processes and threads come by real sockets, and so does native code. */
  get inTransit(): boolean {
    return this.#relay.distantClients > 0;
  }

  /** A server that could not be reached is tried again when somebody needs it. */
  get recovering(): Promise<void> | undefined {
    const { link } = this.#hub;
    if (link.open || this.#closed) return undefined;
    if (!link.tried) link.connect();
    return this.#relay.connecting;
  }

  describe(): readonly string[] {
    return describe(this.#hub);
  }

  cutConnections(): readonly CutConnection[] {
    return cutConnections(this.#hub);
  }

  /** A socket by a file has no address: whether it leads here cannot be told from its other end. */
  leadsHere({
    remoteAddress,
    remotePort,
  }: {
    remoteAddress?: string | undefined;
    remotePort?: number | undefined;
  }): boolean {
    return remoteAddress === undefined || remotePort === this.#relay.address.port;
  }

  /** The server defends nothing from the role that a script is run by. */
  unsafely(work: () => void): void {
    work();
  }

  async close(): Promise<void> {
    if (this.#closed) return;

    this.#closed = true;
    this.#endSession();
    await this.#relay.close();
  }

  #word(word: number): number {
    return this.#relay.words[word] ?? 0;
  }

  // ---- the session's turn

  /**
   * Takes the turn for the session.
   *
   * @throws StallError when a transaction of the app has it and waiting could not end that.
   */
  #takeTurn(sql: string): void {
    const owner = this.#host.endedOwner();
    if (owner !== undefined) throw refuseLate(this.#host, owner, sessionName(this.#options.label), sql);
    // There it has a connection of its own, and there are no turns.
    if (this.#relay.outside.entered) return;
    if (this.#word(Word.lost) === Loss.before) this.#tellLoss();
    if (!this.#hub.link.open) this.#reconnect(sql);

    const { turns } = this.#hub;
    const canWait = this.#host.canWait();
    this.#wish = 'pending';
    turns.wish(sql, !canWait);
    if (this.#wish === 'pending') {
      try {
        this.#await(sql, canWait);
      } catch (error) {
        turns.unwish();
        throw error;
      }
    }
    const outcome = this.#outcome();
    if (outcome === 'granted') return;
    turns.unwish();
    throw outcome === 'pending'
      ? notFreeError({ connection: sessionName(this.#options.label), sql }, this.#limit)
      : outcome;
  }

  /** Outside of the sandbox the session may wait for the app, e.g. for a lock: that goes on where waiting is allowed. */
  #awaitAnswer(done: () => boolean, milliseconds: number): void {
    if (!this.#relay.outside.entered || !this.#host.canWait()) return this.#relay.block(done, milliseconds);

    this.#relay.block(done, NEARLY);
    if (!done()) this.#host.waitUntil(done, milliseconds - NEARLY);
  }

  /** The compiler believes that nothing has changed it since it was written here. */
  #outcome(): 'pending' | 'granted' | Error {
    return this.#wish;
  }

  #await(sql: string, canWait: boolean): void {
    const { turns } = this.#hub;
    const limit = this.#limit;
    const over = (): boolean => this.#outcome() !== 'pending';

    this.#hub.flush();
    if (canWait) {
      // A statement that needs no help is over soon; only then is it worth to let the app go on.
      this.#relay.block(() => over() || this.#hub.real.idle, NEARLY);
      if (!over()) this.#host.waitUntil(over, limit);
      return;
    }
    // With the thread blocked only what the server has to do can end.
    while (!over()) {
      this.#relay.block(() => over() || turns.stalled, limit);
      if (over() || !turns.stalled) return;
      turns.unwish();
      turns.wish(sql, true);
    }
  }

  get #limit(): number {
    const { stallTimeout, holdTimeout } = this.#options;
    return stallTimeout + holdTimeout;
  }

  /** The server was lost; the loop connects anew. */
  #reconnect(sql: string): void {
    const { link } = this.#hub;

    const settled = (): boolean => link.open || !link.connecting;

    link.connect();
    if (this.#host.canWait()) this.#host.waitUntil(settled, RECOVERY);
    else if (link.attached) this.#relay.block(settled, RECOVERY);
    if (link.open) return;
    throw new ConnectionLostError({
      what: `"${shortSql(sql)}" cannot be sent: the connection to Postgres was lost and is not there again.`,
      why: this.#host.canWait()
        ? `The server did not take a new one within ${RECOVERY} ms.`
        : 'It is made anew by the event loop, which cannot go on before this code returns.',
      remedy: this.#host.canWait() ? "See the server's log." : 'Await something first, or see what ended it.',
    });
  }

  /** The app's pools learn that their connections have ended when the event loop goes on, and not in the next test. */
  #letOthersKnow(): void {
    if (this.#host.canWait()) this.#host.waitUntil(() => false, KNOWN);
  }

  // ---- losses

  /** What no end of a scope could tell: the test that is running builds on what is gone, and fails with it at its end, too. */
  #tellLoss(): void {
    const lost = this.#takeLoss(false);
    if (lost === undefined) return;
    this.#told = lost;
    throw lost;
  }

  /** @throws SandboxLostError when what a scope or hook builds on is gone, and nobody has been told. */
  #throwLoss(): void {
    const lost = this.#takeLoss(false);
    if (lost !== undefined) throw lost;
  }

  /** Why work of open scopes is gone, if nobody has been told yet; `past` for that of the scope that has just ended, too. */
  #takeLoss(past: boolean): Error | undefined {
    if (this.#word(Word.lost) === Loss.none) return undefined;
    const { losses } = this.#hub.scopes;
    return past ? losses.take() : losses.takeOpen();
  }
}

/** The hub's log, as that of one of the config's databases. */
class DatabaseLog implements StatementReader {
  readonly #relay: InThreadHost;
  readonly #database: string;

  constructor(relay: InThreadHost, database: string) {
    this.#relay = relay;
    this.#database = database;
  }

  get count(): number {
    return this.#relay.words[Word.logged] ?? 0;
  }

  since(from: number): { readonly first: number; readonly events: readonly StatementEvent[] } {
    const database = this.#database;
    const { first, events } = this.#relay.log.since(from);
    return { first, events: events.map((statement) => ({ database, ...statement })) };
  }
}
