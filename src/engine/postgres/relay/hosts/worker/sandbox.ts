import type { Host, Sandbox, StatementEvent, StatementReader, SyncConnection } from '../../../../engine.js';
import { OutsideError } from '../../../../../errors.js';
import { runnerWords } from '../../../../../runner-words.js';
import { sessionName } from '../../../../../sandbox/connection-names.js';
import { refuseLate, spareOthers } from '../../../../../sandbox/scope-errors.js';
import { notFreeError } from '../../../../../sandbox/stall.js';
import type { CutConnection, OpenWork, ScopeName } from '../../../../../sandbox/vocabulary.js';
import { inspector } from '../../../../inspector.js';
import { type Event, receiveError } from './messages.js';
import type { PostgresOptions } from '../../../options.js';
import { WorkerPipe } from './pipe.js';
import { RelayedLog } from './relayed-log.js';
import { type OpenSession, RenewableSession, type SessionEnd } from '../../../renewable-session.js';
import { Loss, Turn, Wish, Word } from '../../../shared.js';
import { SwitchedSession } from '../../../../switched-session.js';
import type { SocketsHere } from './sockets-here.js';
import type { WorkerLink } from './worker-link.js';
import { now } from '../../../../../real-time.js';

const CONNECT = 60_000;
const END = 10_000;
const LOOK = 10_000;
const PRESSING = [Word.lost, Word.outward, Word.busy, Word.turn, Word.waiting, Word.sessionOpen];
const KNOWN = 50;
/** How long the thread is blocked for what may come without the app, in milliseconds. */
const NEARLY = 2;

const NONE: readonly OpenWork[] = [];
/** What waits for the end of a connection goes on when that is told. */
const CLOSING: OpenWork = { kind: 'closing', connection: 'a connection of the app', lastSql: '', idle: false };

/**
 * The main thread's side of the sandbox. The relay's worker does the work; here is only what must
 * be known at once, from the memory that both share.
 */
export class WorkerSandbox implements Sandbox {
  readonly session: SyncConnection;
  readonly log: StatementReader;
  readonly #start: () => WorkerLink;
  readonly #options: PostgresOptions;
  readonly #host: Host;
  readonly #port: number;
  readonly #scopes: ScopeName[] = [];
  readonly #endSession: () => void;
  readonly #endSessionOutside: () => void;
  #link: WorkerLink;
  #observer: ((statement: StatementEvent) => void) | undefined;
  /** When the scope began. */
  #activity = 0;
  /** Bytes that the app's sockets had written when the scope began. */
  #written = 0;
  readonly #sockets: SocketsHere;
  /** Whether the app has sent something to a worker that has died. */
  #reachedBefore = false;
  /** The dead worker that the end of a scope has told of. */
  #mourned: WorkerLink | undefined;
  /** The worker that has led everybody out of the sandbox. */
  #outsideOf: WorkerLink | undefined;
  /** The loss that a statement of the current scope has told of. */
  #told: Error | undefined;
  #closed = false;

  /** @param start starts another worker on the same socket, when the first has died. */
  constructor(
    link: WorkerLink,
    start: () => WorkerLink,
    options: PostgresOptions,
    host: Host,
    address: Pick<SessionEnd, 'host' | 'port' | 'user' | 'password' | 'database'>,
    openSession: OpenSession,
    sockets: SocketsHere,
  ) {
    this.#sockets = sockets;
    this.#link = link;
    this.#start = start;
    this.#options = options;
    this.#host = host;
    this.#port = address.port;
    this.log = new RelayedLog(this, options.name ?? 'main');
    link.call({ kind: 'connect', again: false }, CONNECT);

    const end: Omit<SessionEnd, 'servesLibpq'> = {
      ...address,
      openPipe: () => new WorkerPipe(this.#link, (seen, milliseconds) => this.#awaitAnswer(seen, milliseconds)),
      beforeStatement: (sql) => this.#takeTurn(sql),
    };
    const renewable = (servesLibpq: boolean): RenewableSession =>
      new RenewableSession(
        () => openSession({ ...end, servesLibpq }),
        () => this.#link.load(Word.sessionOpen) === 1,
        () => this.#letOthersKnow(),
      );
    const [inside, outside] = [renewable(true), renewable(false)];
    // libpq blocks its thread whatever it waits for: outside of the sandbox that may be the app.
    this.session = new SwitchedSession(() => (this.#outsideOf === undefined ? inside : outside));
    this.#endSessionOutside = () => outside.close();
    this.#endSession = () => {
      inside.close();
      outside.close();
    };
  }

  get observer(): ((statement: StatementEvent) => void) | undefined {
    return this.#observer;
  }

  set observer(observer: ((statement: StatementEvent) => void) | undefined) {
    this.#observer = observer;
    this.#link.store(Word.told, observer === undefined ? 0 : 1);
  }

  /** The worker's link; it is another one after the worker has died. */
  get link(): WorkerLink {
    return this.#link;
  }

  get reached(): boolean {
    return this.#reachedBefore || this.#link.load(Word.activity) > 0;
  }

  begin(scope: ScopeName): void {
    this.#renew();
    this.#beginIn(this.#link, scope);
    // It may have ended and nobody had noticed.
    if (this.#link.dead !== undefined) {
      this.#renew();
      this.#beginIn(this.#link, scope);
    }
    this.#scopes.push(scope);
  }

  #beginIn(link: WorkerLink, scope: ScopeName): void {
    this.#throwStranded();
    this.#activity = link.load(Word.activity);
    this.#written = this.#sockets.written();
    link.store(Word.debugged, inspector() ? 1 : 0);
    link.post({ kind: 'begin', scope: plain(scope) });
  }

  resume(): void {
    this.#renew();
    this.#throwStranded();
    this.#link.post({ kind: 'resume' });
    if (this.#link.dead !== undefined) {
      this.#renew();
      this.#link.post({ kind: 'resume' });
    }
  }

  keepForOutside(): Promise<void> {
    return this.#outside('keep');
  }

  async goOutside(): Promise<void> {
    this.#revive();
    await this.#outside('enter');
    this.#outsideOf = this.#link;
  }

  async comeBack(): Promise<void> {
    const link = this.#outsideOf;
    this.#outsideOf = undefined;
    this.#endSessionOutside();
    // What a worker that has died has left there, the next run drops.
    if (link === this.#link && link.dead === undefined) await this.#outside('leave');
  }

  /** The thread waits for it, as for other things that come between two tests. */
  #outside(step: 'keep' | 'enter' | 'leave'): Promise<void> {
    return new Promise((resolve) => {
      this.#link.call({ kind: 'outside', step }, CONNECT);
      resolve();
    });
  }

  /** A worker that has taken the place of a dead one knows of no database but that of the sandbox. */
  #throwStranded(): void {
    if (this.#outsideOf === undefined || this.#outsideOf === this.#link) return;
    throw new OutsideError({
      what: `The database that ${runnerWords().outsideCall} had made is gone.`,
      why: `The relay's thread has ended: ${this.#outsideOf.dead ?? 'unknown'}.`,
      remedy: 'Run the tests again. If you did not end it yourself, please report this.',
    });
  }

  functionBegins(): void {
    if (this.#link.dead === undefined) this.#link.post({ kind: 'functionBegins' });
  }

  functionOver(failed: boolean): void {
    if (this.#link.dead === undefined) this.#link.post({ kind: 'functionOver', failed });
  }

  end(): void {
    const told = this.#told;
    this.#told = undefined;
    this.#scopes.pop();
    const number = this.#link.post({ kind: 'end' });
    if (this.#link.dead !== undefined) {
      // The layers around a test that has told of it have nothing to add.
      if (this.#mourned === this.#link) return;
      this.#mourned = this.#link;
      throw this.#link.lost();
    }

    // Otherwise there is nothing to wait for: whatever comes next reaches the relay behind the end. What
    // is lost meanwhile, the next scope tells.
    const pressing = this.#pressing();
    if (pressing) this.#link.awaitEnd(number, END);
    this.drain();

    const outer = this.#link.load(Word.lost) === Loss.before;
    const lost = pressing ? (this.#takeLoss(true) ?? told) : told;
    if (lost === undefined) return;
    if (!outer && lost !== told) spareOthers(lost);
    throw lost;
  }

  /** Whether the end of the scope has an error to tell, somebody to send away, or locks to give back. */
  #pressing(): boolean {
    return PRESSING.some((word) => this.#link.load(word) !== 0);
  }

  get activity(): number {
    return this.#link.load(Word.activity);
  }

  /** What the app's sockets have written may be on its way still: the relay reads all that has come first. */
  leftovers(): readonly OpenWork[] {
    return this.#ask(() => {
      this.drain();
      if (this.inTransit) this.#link.call({ kind: 'fence' }, LOOK);
      const busy = this.#link.load(Word.busy) === 0 ? NONE : this.#link.call({ kind: 'leftovers' }, LOOK).leftovers;
      return this.#sockets.closing === 0 ? busy : [...(busy ?? NONE), CLOSING];
    });
  }

  /** Whether the app has sent or been answered anything in the current scope. */
  get inTransit(): boolean {
    return this.#link.load(Word.activity) !== this.#activity || this.#sockets.written() !== this.#written;
  }

  readonly servedHere = false;

  get processes(): readonly number[] {
    return [this.#link.load(Word.backend)];
  }

  /** The worker connects anew by itself, also while this thread is blocked. */
  readonly recovering: undefined = undefined;

  describe(): readonly string[] {
    const sentences = this.#ask(() => {
      this.drain();
      return this.#link.call({ kind: 'describe' }, LOOK).sentences;
    });
    return this.#link.dead === undefined ? sentences : [`The relay's thread has ended: ${this.#link.dead}.`];
  }

  cutConnections(): readonly CutConnection[] {
    return this.#ask(() => this.#link.call({ kind: 'describe' }, LOOK).cut);
  }

  /** Hands statements that the relay has told of to the observer, without waiting for the event loop. */
  drain(): void {
    this.#link.drain();
  }

  /** A socket by a file has no address: whether it leads here cannot be told from its other end. */
  leadsHere({
    remoteAddress,
    remotePort,
  }: {
    remoteAddress?: string | undefined;
    remotePort?: number | undefined;
  }): boolean {
    return remoteAddress === undefined || remotePort === this.#port;
  }

  /** The server defends nothing from the role that a script is run by. */
  unsafely(work: () => void): void {
    work();
  }

  close(): void {
    if (this.#closed) return;

    this.#closed = true;
    this.#endSession();
    // The thread stays, which keeps no process alive: pools fail loudly when an idle connection ends.
    if (this.#link.dead === undefined) this.#link.call({ kind: 'close' }, END);
  }

  /** What the worker tells. */
  hear(event: Event): void {
    const { name: database = 'main' } = this.#options;
    switch (event.kind) {
      case 'ping':
        return void this.#link.post({ kind: 'pong', id: event.id });
      case 'statements':
        for (const statement of event.statements) this.#observer?.({ database, ...statement });
    }
  }

  /** A worker that has died, or dies while it is asked, has nothing to say: the end of the scope tells of that. */
  #ask<Found>(look: () => readonly Found[] | undefined): readonly Found[] {
    if (this.#link.dead !== undefined) return [];
    try {
      return look() ?? [];
    } catch (error) {
      if (this.#link.dead === undefined) throw error;
      return [];
    }
  }

  /**
   * Takes the turn for the session.
   *
   * @throws StallError when a transaction of the app has it and waiting could not end that.
   */
  #takeTurn(sql: string): void {
    const { words } = this.#link;
    if (this.#outsideOf !== undefined) this.#throwStranded();
    const owner = this.#host.endedOwner();
    if (owner !== undefined) throw refuseLate(this.#host, owner, sessionName(this.#options.label), sql);
    // There it has a connection of its own, and there are no turns.
    if (this.#outsideOf !== undefined) return;
    if (Atomics.load(words, Word.lost) === Loss.before) this.#tellLoss();
    const waiting = Atomics.load(words, Word.waiting) > 0;
    if (!waiting && Atomics.compareExchange(words, Word.turn, Turn.free, Turn.session) === Turn.free) return;
    if (Atomics.load(words, Word.turn) === Turn.session) return;

    this.#wish(sql);
  }

  #wish(sql: string): void {
    const link = this.#link;
    const canWait = this.#host.canWait();
    const { stallTimeout, holdTimeout } = this.#options;
    const limit = stallTimeout + holdTimeout;
    const pending = (): boolean => link.load(Word.wish) === Wish.pending;

    link.store(Word.wish, Wish.pending);
    link.post({ kind: 'wish', sql, blocked: !canWait });
    try {
      // A statement that needs no help is over soon; only then is it worth to let the app go on.
      link.wait(Word.wish, Wish.pending, canWait ? NEARLY : limit);
      if (canWait && pending()) this.#host.waitUntil(() => !pending(), limit);
    } catch (error) {
      this.#unwish(link);
      throw error;
    }

    const outcome = link.load(Word.wish);
    if (outcome === Wish.granted) return;
    if (outcome === Wish.failed) {
      const error = link.takeReply()?.error;
      if (error !== undefined) throw receiveError(error);
    }
    this.#unwish(link);
    throw notFreeError({ connection: sessionName(this.#options.label), sql }, limit);
  }

  /** Outside of the sandbox the session may wait for the app, e.g. for a lock: that goes on where waiting is allowed. */
  #awaitAnswer(seen: number, milliseconds: number): number {
    const link = this.#link;
    if (this.#outsideOf === undefined || !this.#host.canWait()) return link.wait(Word.piped, seen, milliseconds);

    const waited = link.wait(Word.piped, seen, Math.min(milliseconds, NEARLY));
    const began = now();
    if (link.load(Word.piped) === seen)
      this.#host.waitUntil(() => link.load(Word.piped) !== seen, milliseconds - waited);
    return waited + now() - began;
  }

  /** Waits for the answer: a grant that was on its way would be taken for that of the next wish. */
  #unwish(link: WorkerLink): void {
    if (link.dead === undefined) link.call({ kind: 'unwish' }, LOOK);
  }

  /** The app's pools learn that their connections have ended when the event loop goes on, and not in the next test. */
  #letOthersKnow(): void {
    if (this.#host.canWait()) this.#host.waitUntil(() => false, KNOWN);
  }

  /** What no end of a scope could tell: the test that is running builds on what is gone, and fails with it at its end, too. */
  #tellLoss(): void {
    const lost = this.#takeLoss(false);
    if (lost === undefined) return;
    this.#told = lost;
    throw lost;
  }

  /** Why work of open scopes is gone, if nobody has been told yet; `past` for that of the scope that has just ended, too. */
  #takeLoss(past: boolean): Error | undefined {
    if (this.#link.load(Word.lost) === Loss.none) return undefined;

    const { lost } = this.#link.call({ kind: 'loss', past }, LOOK);
    return lost && receiveError(lost);
  }

  /**
   * Before a scope or hook begins.
   *
   * @throws SandboxLostError when what it builds on is gone, and nobody has been told.
   */
  #renew(): void {
    const link = this.#link;
    if (link.dead === undefined) {
      const lost = this.#takeLoss(false);
      if (lost !== undefined) throw lost;
      return;
    }
    const loss = link.load(Word.lost);
    const heavy = link.load(Word.held) === 1 || loss === Loss.now || loss === Loss.before;
    const untold = heavy && this.#scopes.length > 0 && this.#mourned !== link;
    this.#revive();
    if (untold) throw link.lost();
  }

  /** A new worker, when the last one has died: the scopes are begun anew there. */
  #revive(): void {
    if (this.#link.dead === undefined || this.#closed) return;

    this.#endSession();
    this.#link.terminate();
    const backend = this.#link.load(Word.backend);
    this.#reachedBefore = this.reached;
    this.#link = this.#start();
    this.#link.store(Word.backend, backend);
    try {
      this.#link.call({ kind: 'connect', again: true }, CONNECT);
    } catch (error) {
      // Nobody is to wait for one that has no server: the next scope tries again.
      this.#link.terminate();
      throw error;
    }
    this.observer = this.#observer;
    for (const scope of this.#scopes) this.#link.post({ kind: 'begin', scope: plain(scope) });
  }
}

/** What may cross into the worker's thread: the runner's scopes are objects of their own. */
function plain({ kind, title, identities }: ScopeName): ScopeName {
  return { kind, title, identities };
}
