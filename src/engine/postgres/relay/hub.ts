import { SandboxLostError } from '../../../errors.js';
import { Layers, type ScopeName } from '../../../sandbox/layers.js';
import { sandboxLostError, stragglerError } from '../../../sandbox/scope-errors.js';
import { shortSql } from '../../../sandbox/short-sql.js';
import { stallError } from '../../../sandbox/stall.js';
import type { Turns } from '../../../sandbox/turns.js';
import type { Effect } from '../../../sql/effect.js';
import { Turn, Word } from '../shared.js';
import { readFields } from '../wire/backend.js';
import * as front from '../wire/frontend.js';
import { Client, type Line } from './client.js';
import type { Clock } from './clock.js';
import type { Ground } from './emulation.js';
import { lockstepFailure } from './failure.js';
import { arming, disarming, type GuardState } from './guard.js';
import { NOTIFIED, PG_NOTIFY } from './overrides.js';
import { describeTurn, type Patience, Queue } from './queue.js';
import { quoteLiteral } from './quote.js';
import { type Outlet, RealConnection } from './real.js';

/** What one statement did, as the query log records it. `error` are the server's fields. */
export interface LoggedStatement {
  readonly connection: string;
  readonly sql: string;
  readonly duration: number;
  readonly rows: number;
  readonly error?: Readonly<Record<string, string>>;
}

/** A transaction or statement that is open. */
export interface OpenClient {
  readonly kind: 'transaction' | 'statement';
  readonly connection: string;
  readonly lastSql: string;
}

/** A connection to the real server. */
export interface Server extends Outlet {
  readonly parameters: ReadonlyMap<string, string>;
  /** Asks the server to cancel what runs; done when the server has got it. */
  cancel(): Promise<void>;
  destroy(): void;
}

/** What the hub asks of the thread that it runs in. */
export interface Surroundings {
  readonly clock: Clock;
  readonly words: Int32Array;
  readonly patience: Patience;
  /** The user name by which the session is known; nobody else knows it. */
  readonly sessionUser: string;
  /** Statements to be run whenever the outer transaction begins, each alone. */
  readonly overrides: readonly string[];
  /** Whether the database ends with the run, so that what is overridden may stay so. */
  readonly ownDatabase: boolean;
  /** Connects anew; `connected` or `unreachable` follows. */
  connect(): void;
  /** Reads what the main thread has sent and was not noticed yet. */
  catchUp(): void;
  /** Calls back when the app's thread is able to do something. */
  readonly probe: (alive: () => void) => void;
  later(work: () => void): void;
  log(statements: readonly LoggedStatement[]): void;
  /** The session's wish for the turn is fulfilled, or not. */
  wished(error: Error | undefined): void;
}

/** How long a scope's end waits before it has the running statement cancelled, and before it gives the connection up. */
const CANCEL_AFTER = 100;
const GIVE_UP_AFTER = 1500;

/**
 * The one real connection and all who share it: whose turn it is, which scope is open, what has to
 * be sent before a client's message.
 *
 * Its life has two parts. Until the first `begin`, everything goes straight through, with real
 * transactions: that is how schema and seed come in. From then on everything runs inside one outer
 * transaction. Its doc in the SQLite engine tells of cut connections; they are the same here.
 */
export class Hub {
  /** Counts the settings that the server reported. */
  parametersVersion = 0;
  readonly parameters: Map<string, string> = new Map();
  /** The settings that the server reported at the start, before any client changed them. */
  defaults: ReadonlyMap<string, string> = new Map();
  /** The settings that are in force below the guard. */
  applied: ReadonlyMap<string, string> = new Map();
  /** Whose statement the server's unnamed one is. */
  unnamed: Client | undefined;
  real: RealConnection;
  readonly ground: Ground;

  readonly #surroundings: Surroundings;
  readonly #queue: Queue<Client>;
  readonly #layers = new Layers();
  readonly #clients = new Map<number, Client>();
  readonly #busy = new Set<Client>();
  readonly #written = new Set<Client>();
  readonly #words: Int32Array;
  #server: Server | undefined;
  #phase: 'setup' | 'scope' | 'rest' | 'closed' = 'setup';
  #guard: GuardState = 'none';
  #below: { readonly applied: ReadonlyMap<string, string>; readonly overridden: boolean }[] = [];
  #overridden = false;
  #closing: { kind: 'statement' | 'portal'; name: string }[] = [];
  #parked: { readonly client: Client; readonly sql: string }[] = [];
  #connecting = false;
  #lost: Error | undefined;
  #own: Client | undefined;
  #cancelling: Promise<void> | undefined;
  #listening = false;
  #whenIdle: (() => void)[] = [];
  #ddl = false;
  #locks = false;
  #flushing = false;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.#words = surroundings.words;
    this.#queue = new Queue(surroundings.patience, surroundings.clock, surroundings.probe, (waiting) =>
      Atomics.store(this.#words, Word.waiting, waiting),
    );
    this.real = this.#newConnection({ write: () => undefined });
    this.ground = this.#newGround();
  }

  get turns(): Turns<Client> {
    return this.#queue.turns;
  }

  /** Whether transactions are real still. */
  get settingUp(): boolean {
    return this.#phase === 'setup';
  }

  get observing(): boolean {
    return Atomics.load(this.#words, Word.observed) === 1;
  }

  /** How many clients are connected. */
  get size(): number {
    return this.#clients.size;
  }

  now(): number {
    return this.#surroundings.clock.now();
  }

  later(work: () => void): void {
    this.#surroundings.later(() => {
      work();
      this.flush();
    });
  }

  // ---- the server

  /** A connection to the server is there. */
  connected(server: Server): void {
    this.#connecting = false;
    this.#server = server;
    this.real = this.#newConnection(server);
    this.parameters.clear();
    this.defaults = new Map(server.parameters);
    for (const [name, value] of server.parameters) this.parameters.set(name, value);
    this.parametersVersion += 1;
    // Before schema and seed: defaults of columns keep the function that they were made with.
    if (this.#surroundings.ownDatabase) this.#try(this.#surroundings.overrides);
    this.#unpark();
    this.flush();
  }

  /** The server cannot be reached. */
  unreachable(error: Error): void {
    this.#connecting = false;
    const parked = this.#parked;
    this.#parked = [];
    const lost = connectionLost(error.message, this.#layers.current?.title, error);
    if (this.#phase === 'scope') this.#lost ??= lost;
    for (const { client } of parked) client.refused(lost);
    this.flush();
  }

  /** Bytes of the server. */
  receive(chunk: Buffer): void {
    this.real.receive(chunk);
    this.flush();
  }

  /** The connection to the server has ended. */
  disconnected(reason: string): void {
    const server = this.#server;
    if (server === undefined) return;

    this.#server = undefined;
    const words = this.real.lastWords === undefined ? reason : (readFields(this.real.lastWords)['M'] ?? reason);
    const open = this.#layers.real || this.turns.holder !== undefined;
    const error = connectionLost(words, this.#layers.current?.title, undefined);
    this.#layers.lost();
    this.#forgetServer();
    if (open && this.#phase === 'scope') this.#lost ??= error;

    const { holder } = this.turns;
    this.#queue.dismiss(() => error);
    if (holder !== undefined) {
      holder.lost(lockstepFailure(error));
      this.leave(holder);
    }
    this.#runWhenIdle();
    this.flush();
  }

  #runWhenIdle(): void {
    const work = this.#whenIdle;
    this.#whenIdle = [];
    for (const then of work) then();
  }

  #forgetServer(): void {
    this.ground.epoch += 1;
    this.real = this.#newConnection({ write: () => undefined });
    this.#guard = 'none';
    this.applied = new Map();
    this.#below = [];
    this.#overridden = false;
    this.#closing = [];
    this.unnamed = undefined;
    this.ground.deferred = undefined;
  }

  #newConnection(outlet: Outlet): RealConnection {
    const connection: RealConnection = new RealConnection(outlet, {
      notice: (bytes) => this.#noticed(bytes),
      notification: (channel, payload) => this.#notify([{ channel, payload }]),
      parameter: (name, value) => {
        this.parameters.set(name, value);
        this.parametersVersion += 1;
      },
      outOfStep: (reason) => {
        const server = this.#server;
        this.disconnected(`the relay was out of step: ${reason}`);
        server?.destroy();
      },
      idle: () => {
        if (connection === this.real) this.#idle();
      },
    });
    return connection;
  }

  #idle(): void {
    this.turns.holder?.idle();
    if (this.real.idle) this.#runWhenIdle();
  }

  // ---- clients

  /** A client has connected. */
  accept(line: Line, secretKey: number, id: number): Client {
    const client = new Client(this, line, id, secretKey);
    this.#clients.set(id, client);
    return client;
  }

  isOwn(parameters: ReadonlyMap<string, string>): boolean {
    return parameters.get('user') === this.#surroundings.sessionUser;
  }

  /** The client turned out to be the session. */
  ownCame(client: Client): void {
    client.name = 'session';
    this.#own = client;
  }

  /** The client has something to be sent. */
  wrote(client: Client): void {
    this.#written.add(client);
  }

  /** Notes of passed-on bytes become bytes, before others are put behind them. */
  settle(): void {
    this.real.settle();
  }

  /** Sends everything that was put together. */
  flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    try {
      this.real.flush();
      for (const client of this.#written) {
        this.#written.delete(client);
        client.flush();
      }
    } finally {
      this.#flushing = false;
    }
  }

  /** The client has disconnected. */
  gone(client: Client): void {
    this.#clients.delete(client.id);
    this.#written.delete(client);
    this.#queue.forget(client);
    this.#parked = this.#parked.filter((parked) => parked.client !== client);
    if (this.unnamed === client) this.unnamed = undefined;
    if (this.#own === client) this.#own = undefined;
    this.mark(client);
    if (this.turns.holder !== client) return;

    const release = (): void => {
      // The request could meet a statement of whoever is next.
      if (this.#cancelling !== undefined) void this.#cancelling.then(release);
      else if (client.realStatus !== 'I') this.real.ask('ROLLBACK', () => this.#releaseGone(client));
      else {
        client.emulation.undo();
        client.emulation.transaction.reset();
        this.#releaseGone(client);
      }
    };
    if (this.real.idle) return release();
    this.#whenIdle.push(release);
    this.#hurry(client);
  }

  /** Nobody waits for a statement that nobody reads the answer of. */
  #hurry(gone: Client): void {
    const { real } = this;
    this.#surroundings.clock.after(CANCEL_AFTER, () => {
      if (this.turns.holder !== gone || this.real !== real || real.idle) return;
      if (this.#queue.waiting.length > 0 && this.#cancelling === undefined) this.#cancelReal();
      this.#hurry(gone);
    });
  }

  #releaseGone(client: Client): void {
    client.realStatus = 'I';
    if (this.turns.holder === client) this.#release(client);
    this.flush();
  }

  forget(client: Client): void {
    this.#queue.forget(client);
    this.#parked = this.#parked.filter((parked) => parked.client !== client);
  }

  /** A cancel request, with the key that a client was given. */
  cancel(id: number, secretKey: number): void {
    const client = this.#clients.get(id);
    if (client === undefined || client.secretKey !== secretKey || !client.cancelled()) return;

    this.#cancelReal();
  }

  #cancelReal(): void {
    const cancelling = this.#server?.cancel().catch(() => undefined);
    if (cancelling === undefined) return;

    // Nobody gets the turn before the server has got the request: it would cancel a stranger's statement.
    this.#cancelling = cancelling;
    void cancelling.then(() => {
      this.#cancelling = undefined;
      const { holder } = this.turns;
      if (holder !== undefined && !holder.busy && this.#clients.has(holder.id)) this.leave(holder);
      if (this.#server !== undefined) this.#unpark();
      this.flush();
    });
  }

  /** Updates what the main thread sees of the client. */
  mark(client: Client): void {
    if (client.own) return;
    if (client.busy === this.#busy.has(client)) return;

    if (client.busy) this.#busy.add(client);
    else this.#busy.delete(client);
    Atomics.store(this.#words, Word.busy, this.#busy.size);
  }

  /** The client's unit is answered, and the client is about to learn of it. */
  finished(client: Client): void {
    if (client.own) Atomics.store(this.#words, Word.sessionOpen, client.inTransaction ? 1 : 0);
    else Atomics.add(this.#words, Word.activity, 1);
    this.mark(client);
  }

  log(statement: LoggedStatement): void {
    this.#surroundings.log([statement]);
  }

  /** Locks of the session outlive a rollback, so the scope's end has to undo them. */
  saw(sql: string): void {
    if (/advisory_lock/i.test(sql)) this.#locks = true;
  }

  // ---- turns

  /** Why the client must not run anything now. */
  admit(client: Client, effects: readonly Effect[]): Error | undefined {
    this.#surroundings.catchUp();
    const sql = client.lastSql ?? '';

    if (client.cutBy !== undefined) {
      const title = client.cutBy;
      const { transaction } = client.emulation;
      if (effects[0]?.kind !== 'begin') {
        for (const effect of effects) transaction.done(transaction.plan(effect));
        if (!transaction.open) client.cutBy = undefined;
        return stragglerError(client.name, sql, title);
      }
      client.emulation.reset();
      client.cutBy = undefined;
    }
    if (this.#phase === 'rest' || this.#phase === 'closed')
      return stragglerError(client.name, sql, this.#layers.lastEnded);
    return undefined;
  }

  /** Whether the client has the turn; if not, it will be granted or refused. */
  enter(client: Client, sql: string): boolean {
    if (this.turns.holder === client) return true;
    if (this.#server === undefined) {
      this.#park(client, sql);
      return false;
    }
    if (this.#cancelling !== undefined) {
      this.#parked.push({ client, sql });
      return false;
    }
    if (this.#takeTurn(client)) {
      client.since = client.idleSince = this.now();
      return true;
    }

    this.#queue.wait(
      client,
      sql,
      () => {
        Atomics.store(this.#words, Word.turn, client.own ? Turn.session : Turn.app);
        client.since = client.idleSince = this.now();
        client.granted();
      },
      (error) => client.refused(error),
    );
    this.#reconcile();
    return false;
  }

  #takeTurn(client: Client): boolean {
    if (this.turns.holder !== undefined) return false;

    const wanted = client.own ? Turn.session : Turn.app;
    const was = Atomics.compareExchange(this.#words, Word.turn, Turn.free, wanted);
    if (was === Turn.free || was === wanted) return this.turns.tryTake(client);

    // The main thread has taken it for the session, whose statement is about to come.
    if (this.#own !== undefined) {
      this.turns.tryTake(this.#own);
      this.#own.since = this.#own.idleSince = this.now();
      return false;
    }
    Atomics.store(this.#words, Word.turn, wanted);
    return this.turns.tryTake(client);
  }

  /** The session may have given the turn back before anybody waited. */
  #reconcile(): void {
    const { holder } = this.turns;
    if (holder !== undefined && holder === this.#own && Atomics.load(this.#words, Word.turn) === Turn.free)
      this.turns.release(holder);
  }

  /** The unit is over: gives the turn back, unless a transaction is open. */
  leave(client: Client): void {
    if (this.turns.holder !== client) return;

    client.idleSince = this.now();
    if (client.inTransaction || !this.real.idle) return;
    if (this.#cancelling !== undefined) return;
    this.#release(client);
  }

  #release(client: Client): void {
    client.since = 0;
    if (this.#queue.waiting.length === 0) Atomics.store(this.#words, Word.turn, Turn.free);
    this.turns.release(client);
  }

  /** What the client wanted to run will not be run; the session has taken the turn for it already. */
  declined(client: Client): void {
    if (!client.own || client.inTransaction) return;

    if (this.turns.holder === client) this.#release(client);
    else if (this.turns.holder === undefined) Atomics.compareExchange(this.#words, Word.turn, Turn.session, Turn.free);
  }

  /** The session wants the turn; `blocked` if its thread cannot do anything else meanwhile. */
  wish(sql: string, blocked: boolean): void {
    const own = this.#own;
    const { holder } = this.turns;
    if (own === undefined || holder === own) return this.#surroundings.wished(undefined);
    if (this.#takeTurn(own)) {
      own.since = own.idleSince = this.now();
      return this.#surroundings.wished(undefined);
    }

    // Only what the app has to end keeps the turn for good; who is gone, has ended all, or waits for the end of a cancel request gives it back by itself.
    const open =
      holder !== undefined &&
      (holder.inTransaction || (holder.busy && !holder.running && this.#cancelling === undefined));
    if (blocked && open && this.#clients.has(holder.id)) {
      const waiter = { connection: own.name, sql };
      this.#surroundings.wished(stallError(waiter, describeTurn(holder), this.now(), 'blocked'));
      return;
    }
    this.#queue.wait(
      own,
      sql,
      () => {
        Atomics.store(this.#words, Word.turn, Turn.session);
        own.since = own.idleSince = this.now();
        this.#surroundings.wished(undefined);
      },
      (error) => this.#surroundings.wished(error),
    );
  }

  /** The session does not want the turn any more. */
  unwish(): void {
    if (this.#own === undefined) return;
    this.#queue.forget(this.#own);
    if (this.turns.holder === this.#own && !this.#own.inTransaction) this.#release(this.#own);
    this.flush();
  }

  #park(client: Client, sql: string): void {
    this.#parked.push({ client, sql });
    if (this.#connecting) return;
    this.#connecting = true;
    this.#surroundings.connect();
  }

  #unpark(): void {
    const parked = this.#parked;
    this.#parked = [];
    for (const { client, sql } of parked) if (this.enter(client, sql)) client.granted();
  }

  // ---- the ground under a turn

  /** False if the outer transaction has ended, which it never should. */
  check(client: Client, status: number, sql: string): boolean {
    if (this.#phase === 'setup' || status !== 0x49) return true;

    const error = sandboxLostError(sql, client.name, this.#layers.current?.title);
    this.#layers.lost();
    this.ground.epoch += 1;
    this.#guard = 'none';
    this.applied = new Map();
    this.#below = [];
    this.#overridden = false;
    this.#lost ??= error;
    client.lost(lockstepFailure(error));
    this.leave(client);
    return false;
  }

  /** Brings the real connection to a client's settings, below the guard. */
  changeSettings(
    changes: readonly string[],
    settings: ReadonlyMap<string, string>,
    done: (error: Buffer | undefined) => void,
  ): void {
    const below = this.#phase === 'setup' ? '' : this.#uncover(this.#layers.touch());
    const point = 'lockstep_settings';
    const sql =
      this.#phase === 'setup'
        ? changes.join(';')
        : `${below}SAVEPOINT ${point};${changes.join(';')};RELEASE SAVEPOINT ${point}`;

    this.unnamed = undefined;
    this.real.ask(sql, ({ error }) => {
      if (error === undefined) {
        this.applied = settings;
        return done(undefined);
      }
      const kept = Buffer.from(error);
      if (this.#phase === 'setup') return done(kept);
      this.real.ask(`ROLLBACK TO SAVEPOINT ${point};RELEASE SAVEPOINT ${point}`, () => done(kept));
    });
  }

  /** Takes the guard away and begins the outer transaction or the scope's savepoint, if need be. */
  #uncover(touch: readonly string[]): string {
    const sql = disarming(this.#guard) + touch.map((statement) => `${statement};`).join('');
    this.#guard = 'none';
    if (touch.length === 0) return sql;

    this.#below.push({ applied: this.applied, overridden: this.#overridden });
    Atomics.store(this.#words, Word.touched, 1);
    return sql;
  }

  #prepare(): void {
    for (const target of this.#closing) this.real.send(front.close(target), { kind: 'close', to: undefined });
    this.#closing = [];

    const touch = this.#layers.touch();
    const overrides = this.#overridden || this.#overrides().length === 0;
    const below = touch.length === 0 && overrides ? '' : this.#uncover(touch);
    const sql = below + arming(this.#guard);
    this.#guard = 'armed';
    if (sql === '') return;

    this.unnamed = undefined;
    if (overrides) return this.#arm(sql);
    if (below !== '') this.#arm(below);
    this.#override();
    this.#arm(arming('none'));
  }

  #arm(sql: string): void {
    this.real.ask(sql, ({ error }) => {
      if (error === undefined) return;
      const server = this.#server;
      this.disconnected(`"${shortSql(sql)}" failed: ${readFields(error)['M'] ?? ''}`);
      server?.destroy();
    });
  }

  /** Functions that must act otherwise in a sandbox. Each is tried: only a superuser may replace them. */
  #override(): void {
    this.#try(this.#overrides());
    this.#overridden = true;
  }

  #overrides(): readonly string[] {
    const { overrides, ownDatabase } = this.#surroundings;
    return [...(ownDatabase ? [] : overrides), ...(this.#listening ? [PG_NOTIFY] : [])];
  }

  #try(overrides: readonly string[]): void {
    for (const sql of overrides) {
      const tried = `BEGIN EXECUTE ${quoteLiteral(sql)}; EXCEPTION WHEN OTHERS THEN NULL; END`;
      this.#arm(`DO LANGUAGE plpgsql ${quoteLiteral(tried)}`);
    }
  }

  #newGround(): Ground {
    return {
      epoch: 0,
      deferred: undefined,
      prepare: () => this.#prepare(),
      committed: (settings, ddl) => {
        this.#guard = 'dirty';
        this.applied = settings;
        if (ddl) this.#ddl = true;
      },
      undone: () => {
        this.#guard = 'failed';
      },
      notify: (notices) => this.#notify(notices),
      listening: () => {
        if (!this.#listening) this.#overridden = false;
        this.#listening = true;
      },
      closeLater: (kind, name) => {
        this.#closing.push({ kind, name });
      },
    };
  }

  #notify(notices: Parameters<Ground['notify']>[0]): void {
    if (notices.length === 0) return;

    const from = this.turns.holder?.id ?? 0;
    for (const client of this.#clients.values()) for (const notice of notices) client.notified(notice, from);
  }

  #noticed(bytes: Buffer): boolean {
    if (!bytes.includes(NOTIFIED)) return false;

    const { C, M = '', D = '' } = readFields(bytes);
    if (C !== NOTIFIED) return false;
    this.turns.holder?.emulation.notify(M, D);
    return true;
  }

  // ---- scopes

  begin(scope: ScopeName): void {
    const { holder } = this.turns;
    if (this.#phase === 'setup') {
      // What was begun before the first scope can have no part in it.
      if (holder?.inTransaction === true) {
        holder.realStatus = 'I';
        this.real.ask('ROLLBACK', () => undefined);
        this.leave(holder);
      }
      this.#phase = 'rest';
    } else if (holder?.inTransaction === true) this.#cut(holder, this.#layers.current?.title);

    this.#layers.begin(scope);
    this.#phase = 'scope';
    this.flush();
  }

  resume(): void {
    if (this.#phase === 'rest' && this.#layers.current !== undefined) this.#phase = 'scope';
  }

  /** Ends the innermost scope; `done` is called when its work is gone. */
  end(done: (lost: Error | undefined) => void): void {
    const title = this.#layers.current?.title;
    const parked = this.#parked;
    this.#phase = 'rest';
    this.#parked = [];
    for (const { client, sql } of parked) client.refused(stragglerError(client.name, sql, title));
    this.#queue.dismiss((client, sql) => stragglerError(client.name, sql, title));

    const { holder } = this.turns;
    if (holder?.busy === true && !(holder.inTransaction && this.real.idle))
      holder.abort(lockstepFailure(stragglerError(holder.name, holder.lastSql ?? '', title)));
    this.#afterAnswers(() => this.#rollBack(title, done));
    this.flush();
  }

  #rollBack(title: string | undefined, done: (lost: Error | undefined) => void): void {
    const { holder } = this.turns;
    if (holder !== undefined) this.#cut(holder, title);

    const { send } = this.#layers.end();
    const { real } = this;
    let over = false;
    const finish = (): void => {
      if (over) return;
      over = true;
      const lost = this.#lost;
      this.#lost = undefined;
      Atomics.store(this.#words, Word.touched, this.#below.length > 0 ? 1 : 0);
      done(lost);
      this.flush();
    };
    if (send.length === 0 || this.#server === undefined) return finish();

    this.#guard = 'none';
    this.ground.epoch += 1;
    this.unnamed = undefined;
    if (this.#ddl) this.ground.deferred = undefined;
    this.#ddl = false;
    const unlocks = this.#locks ? ['SELECT pg_catalog.pg_advisory_unlock_all()'] : [];
    this.#locks = false;
    const stop = this.#surroundings.clock.after(GIVE_UP_AFTER, () => {
      if (!over && this.real === real) this.#giveUp();
    });
    real.ask([...send, ...unlocks].join(';'), ({ error }) => {
      stop();
      const below = this.#below.pop();
      this.applied = below?.applied ?? new Map();
      this.#overridden = below?.overridden ?? false;
      if (error !== undefined) this.#giveUp(readFields(error)['M']);
      finish();
    });
    // The connection may end before it answers.
    this.#whenIdle.push(finish);
  }

  /** Goes on when the server has answered everything, if need be because it was told to stop. */
  #afterAnswers(then: () => void): void {
    if (this.real.idle) return then();

    const { clock } = this.#surroundings;
    const stops = [
      clock.after(CANCEL_AFTER, () => this.#cancelReal()),
      clock.after(GIVE_UP_AFTER, () => this.#giveUp()),
    ];
    this.#whenIdle.push(() => {
      for (const stop of stops) stop();
      then();
    });
  }

  #giveUp(reason = 'the server did not stop a statement in time'): void {
    const server = this.#server;
    this.disconnected(reason);
    server?.destroy();
  }

  /** Ends the transaction of whoever has the turn, and cuts that client off. */
  #cut(client: Client, title: string | undefined): void {
    const { emulation } = client;
    if (emulation.working) this.#guard = 'failed';
    emulation.leave();

    if (client.own) emulation.reset();
    else if (emulation.transaction.open) client.cutBy = title ?? this.#layers.lastEnded ?? 'the setup';
    if (!client.own) emulation.staged = emulation.state;
    if (client.own) Atomics.store(this.#words, Word.sessionOpen, 0);
    this.#release(client);
    this.mark(client);
  }

  leftovers(): OpenClient[] {
    return [...this.#busy].map((client) => ({
      kind: client.inTransaction ? 'transaction' : 'statement',
      connection: client.name,
      lastSql: client.lastSql ?? '',
    }));
  }

  describe(): string[] {
    const { holder } = this.turns;
    const now = this.now();
    const holding =
      holder?.inTransaction !== true
        ? []
        : [
            `${holder.name} has a transaction open, ${holder.running ? 'running' : `idle for ${Math.round(now - holder.idleSince)} ms after`} "${shortSql(holder.lastSql)}"`,
          ];
    const waiting = this.#queue.waiting.map(
      ({ owner, sql, since }) =>
        `${owner.name} has waited ${Math.round(now - since)} ms for its turn to run "${shortSql(sql)}"`,
    );
    return [...holding, ...waiting];
  }

  /** After `close`, for the next run: whoever is connected stays so. */
  open(): void {
    if (this.#phase === 'closed') this.#phase = 'setup';
  }

  close(): void {
    this.#phase = 'closed';
    this.#queue.dismiss((client, sql) => stragglerError(client.name, sql, this.#layers.lastEnded));
    this.flush();
  }
}

function connectionLost(reason: string, title: string | undefined, cause: unknown): SandboxLostError {
  return new SandboxLostError({
    what: `The connection to Postgres ended${title === undefined ? '' : ` during "${title}"`}: ${reason}`,
    why: 'The server was stopped, its process ended, or somebody terminated the connection. What was written in the open scopes is gone.',
    remedy: 'The next test connects anew. If this happens often, look into the log of the server.',
    cause,
  });
}
