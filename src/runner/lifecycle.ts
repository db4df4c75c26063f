import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import {
  debug,
  describeWorkSince,
  forgetRejections,
  holdIntervals,
  isTimerPending,
  lateRejection,
  markWork,
  releaseIntervals,
  timersDue,
  workSince,
  type WorkMark,
} from '../bridge/index.js';
import { type ImportApp, loadApp, type ResolvedConfig, type ResolvedDatabase } from '../config/index.js';
import type { LoadedEngine, ScopeName } from '../engine/index.js';
import { ConfigError, type LockstepError, type NPlusOneError } from '../errors.js';
import { forgetAnswers } from '../http/failed-answers.js';
import type * as Http from '../http/index.js';
import type { Client, ClientHost } from '../http/index.js';
import { beginRequests, endRequests, requestFailure, requestsBusy, requestsUnsent } from '../http/supertest/ledger.js';
import { goneHint, nPlusOneError, QueryLog, type RequestQueries } from '../queries/index.js';
import { leakError, openWorkSentence } from '../sandbox/scope-errors.js';
import type { Session } from '../session/index.js';
import { Databases } from './databases.js';
import { drained, Patience, turn } from './drain.js';
import { findDatabase } from './find-database.js';
import { IdleWork } from './idle-work.js';
import type { LateWork } from './late-work.js';
import { unreachedHint, warnOfOthers } from './other-database.js';
import { sandboxHint } from './sandbox-hint.js';
import { stampOf } from './set-up/stamp.js';
import { phaseOver } from '../start-log.js';

/** Answers of the databases to what a test has left: what goes on for longer than that does not come to an end. */
const MOST_ANSWERS = 1000;

/** Where a lifecycle is between its making and its end. */
export type Phase = 'prepared' | 'starting' | 'open' | 'running' | 'stopped';

/** What tells how many milliseconds a test or hook has left. */
export interface Limit {
  remaining(): number;
  /** The time is over, for this reason. */
  usedUp(reason: Error): void;
}

/** A test whose function is over. */
export interface EndingTest {
  readonly title: string;
  /** What mends it if it has left something behind; undefined where that cannot be told. */
  readonly advice: string | undefined;
}

/**
 * The life of one test run, whatever the runner: prepare → start → begin/end … → stop.
 *
 * Making it puts the engine in the app's way, so it has to be made before any file of the app is
 * imported. It can be started again after it was stopped (watch mode, one worker for many files).
 */
export class Lifecycle {
  readonly #config: ResolvedConfig;
  /** What clients are made of; undefined where the config has no app. */
  readonly http: typeof Http | undefined;
  readonly #databases: Databases;
  readonly #importApp: ImportApp;
  #phase: Phase = 'prepared';
  #starting: Promise<void> | undefined;
  #failure: unknown;
  /** What the files of schema and seed were when they were brought in. */
  #stamp = '';
  #client: ClientHost | undefined;
  #limit: Limit | undefined;
  /** That of the test or hook that runs now. */
  #running: Limit | undefined;
  /** What Node had in progress when the test began. */
  #work: WorkMark | undefined;
  #testFiles: () => ReadonlySet<string> = () => new Set();
  /** What the app and the session have sent to the databases. */
  readonly queries: QueryLog;
  /** What went on after the end of the test that it belongs to. */
  readonly late: LateWork;
  readonly #request = (label: string): RequestQueries => this.queries.request(label);

  /**
   * @param engines those of the config's databases, in the same order
   * @param http loaded if the config has an app
   * @param late is told of what comes after the end of its test
   * @param importApp imports the file that the app is in
   * @throws SwapError when a driver cannot be replaced.
   */
  constructor(
    config: ResolvedConfig,
    engines: readonly LoadedEngine[],
    http: typeof Http | undefined,
    late: LateWork,
    importApp: ImportApp,
  ) {
    this.#config = config;
    this.http = http;
    this.late = late;
    this.#importApp = importApp;
    this.queries = new QueryLog(config.queries);
    this.#databases = new Databases(config, engines, { queries: this.queries, late: this.late });
  }

  get phase(): Phase {
    return this.#phase;
  }

  get config(): ResolvedConfig {
    return this.#config;
  }

  /**
   * The session of a database of the config, which is open.
   *
   * @throws ConfigError when the config has none.
   */
  session(database: ResolvedDatabase = this.defaultDatabase): Session {
    return this.#databases.session(database);
  }

  /** @throws ConfigError when the config has no database. */
  get defaultDatabase(): ResolvedDatabase {
    return this.databaseFor('session');
  }

  /**
   * The default database, which `what` needs.
   *
   * @throws ConfigError when the config has none.
   */
  databaseFor(what: string): ResolvedDatabase {
    const { database } = this.#config;
    if (database !== undefined) return database;
    throw missing(this.#config, what, 'database', `{ engine: 'sqlite', file: ':memory:' }`);
  }

  /**
   * A database of the config by its name; a replica's name leads to its primary. It need not be open.
   *
   * @throws ConfigError when the config has none, SessionUsageError when none is called so.
   */
  database(name: string): ResolvedDatabase {
    return this.#config.database === undefined ? this.defaultDatabase : findDatabase(this.#config, name);
  }

  /** @throws ConfigError when the config has no app. */
  get client(): Client {
    if (this.#client) return this.#client.client;
    throw missing(this.#config, 'client', 'app', `'./src/app.js'`);
  }

  /** Tells which files the tests are in: absolute paths, asked for when the app is loaded. */
  tests(files: () => ReadonlySet<string>): void {
    this.#testFiles = files;
  }

  /**
   * Starts before the first test does, so that no test pays for it. The app too, if the tests look
   * as if they used it: what it writes while it starts is then there for all tests, and a slow
   * start does not run into the first test's timeout. Errors are kept for `start` and the first request.
   */
  async warmUp(): Promise<void> {
    await this.start().catch(() => undefined);
    if (!this.#client || !mentionsClient(this.#testFiles())) return;
    await this.#client.start().catch(() => undefined);
    phaseOver?.('the app has started');
  }

  /**
   * Opens the database and brings in schema and seed; does nothing when that is done. The app
   * starts with its first request at the latest.
   *
   * @throws EngineMissingError, UnsafeDatabaseError, and whatever schema or seed throw.
   */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /**
   * Opens for the next run of this process, ahead of its files. Until its tests begin, the app's own
   * intervals rest: what they wrote would be there for all of them.
   */
  async startAhead(): Promise<void> {
    await this.start().catch(() => undefined);
    holdIntervals(() => true);
  }

  /** Opens anew what was opened ahead, if that has failed or its files have changed since. */
  async refresh(): Promise<void> {
    if (this.#failure === undefined && this.#stamp === stampOf(this.#config.databases)) return;
    await this.stop();
  }

  /** Why it could not be started. */
  get failure(): unknown {
    return this.#failure;
  }

  async #start(): Promise<void> {
    const { app, client } = this.#config;

    this.#phase = 'starting';
    this.#failure = undefined;
    this.#stamp = stampOf(this.#config.databases);
    try {
      await this.#databases.open();
    } catch (error) {
      this.#failure = error;
      throw error;
    }
    if (app && this.http) {
      this.#client = this.http.createClient({
        ...client,
        app: () => loadApp(this.#config, this.#testFiles(), this.#importApp),
        queries: this.#request,
        leftovers: () => this.#leftovers(),
        remaining: () => this.#limit?.remaining(),
      });
    }
    this.#phase = 'open';
  }

  /**
   * Begins the tests: what the app has sent while its files were loaded is finished first, as nothing
   * of it is a test's own.
   *
   * @param use `outside`: whether any of them goes outside of the sandbox
   * @throws whatever `start` throws
   */
  async run({ outside = false }: { readonly outside?: boolean } = {}): Promise<void> {
    await this.start();
    await this.#quiet(this.#databases.drainLimit, false);
    if (outside) await this.#databases.keepForOutside();
    releaseIntervals();
    this.#phase = 'running';
    phaseOver?.('the first test may begin');
  }

  /**
   * Leads app and session to real databases of their own.
   *
   * @throws OutsideError when there can be none.
   */
  async goOutside(): Promise<void> {
    await this.#databases.goOutside();
  }

  /** Leads them back to the sandboxes. */
  async comeBack(): Promise<void> {
    await this.#databases.comeBack();
  }

  /** A sentence for each thing that the app has open in the databases. */
  waitsFor(): readonly string[] {
    return this.#phase === 'starting' ? ['the databases are being opened'] : this.#leftovers();
  }

  /** Whether a socket may be one of the app's to the sandbox, also after `stop`. */
  leadsToSandbox(socket: Socket): boolean {
    return this.#databases.leadsHere(socket);
  }

  /** What a failed test's report adds: that the app does not reach the config's database, what the sandbox has to do with an error, or with rows that were not found. */
  hint(errors: readonly unknown[]): string | undefined {
    return (
      unreachedHint(errors, this.#databases.unreached(), this.#databases.otherServers) ??
      sandboxHint(
        errors,
        this.queries.read().flatMap(({ error }) => error ?? []),
      ) ??
      goneHint(this.queries)
    );
  }

  /** Why the app could not be started; undefined where it was, or nobody has tried yet. */
  get startFailure(): Error | undefined {
    return this.#client?.startFailure;
  }

  /** What a test has to wait for before it begins: a server that was lost and is connected to anew. */
  get recovering(): Promise<unknown> | undefined {
    return this.#databases.recovering;
  }

  /** Begins a test, or the fixtures of a `describe`, inside the current scope. */
  begin(scope: ScopeName): void {
    debug?.(`savepoint for ${scope.kind} "${scope.title}"`);
    forgetRejections();
    releaseIntervals();
    this.#work = scope.kind === 'test' ? markWork() : undefined;
    this.queries.begin(scope);
    this.#databases.begin(scope);
    this.#client?.beginScope();
    beginRequests(this.#config.client.raiseServerErrors, this.#request);
  }

  /**
   * A test begins inside a scope that others share with it: what is said of it is its own, what it writes is theirs.
   *
   * @param test names it in the log of statements
   */
  join(test: ScopeName): void {
    forgetRejections();
    this.#work = markWork();
    this.queries.begin(test, false);
    beginRequests(this.#config.client.raiseServerErrors, this.#request);
  }

  /** A test that shares its scope is over: what it has left open is rolled back, and nothing else of it. */
  part(): void {
    if (this.#client?.busy) void this.#client.endTest();
    if (requestsBusy()) endRequests();
    this.#databases.functionOver(true);
  }

  /** Tells how many milliseconds the test or hook that is about to run has left, for waits that it awaits. */
  limit(limit: Limit): void {
    this.#limit = limit;
    this.#running = limit;
  }

  /** A test or hook is over; what it has left behind keeps its limit. */
  over(limit: Limit): void {
    if (this.#running === limit) this.#running = undefined;
  }

  /** Milliseconds left to the test or hook that runs; undefined while none does. */
  remaining(): number | undefined {
    return this.#running?.remaining();
  }

  /** Tells why the time of what runs is over. */
  usedUp(reason: Error): void {
    this.#running?.usedUp(reason);
  }

  /** Whether a database's sandbox is served by the thread of the tests. */
  get servedHere(): boolean {
    return this.#databases.servedHere;
  }

  /** Lets a later hook of the innermost scope use the database again. */
  resume(scope: ScopeName): void {
    releaseIntervals();
    this.queries.begin(scope);
    forgetAnswers();
    this.#databases.resume();
  }

  /** The function of a test begins, and hooks before it may have begun transactions that are theirs. */
  functionBegins(): void {
    this.#databases.functionBegins();
  }

  /**
   * The function of a test is over, and hooks of it are to come: lets the app finish what needs no
   * help, for up to `drain` milliseconds. What it has open then, a hook may be about to end.
   *
   * @returns a promise where there is something to wait for; of the error that the test should fail with, if any
   */
  functionOver(test: EndingTest, failed: boolean): undefined | Promise<unknown> {
    const finish = (): unknown => {
      this.#databases.functionOver(failed);
      return failed ? undefined : (this.#lateRejection(test) ?? this.unsent(test.title) ?? this.#repeated());
    };
    if (this.#stillNow() && !this.#databases.inTransit) {
      const rejection = finish();
      return rejection === undefined ? undefined : Promise.resolve(rejection);
    }
    return this.#quiet(this.#databases.drainLimit, false, () => this.#stillNow()).then(() => {
      releaseIntervals();
      return finish();
    });
  }

  /** Whether all that is open waits for the app: it would have to begin something to end it. */
  #stillNow(): boolean {
    if (this.#client?.busy || requestsBusy() || this.#workGoesOn) return false;
    return this.#databases.leftovers().every(({ idle }) => idle);
  }

  /**
   * Whether the app has finished what the test started. A promise when it has not yet: it waits
   * for up to `drain` milliseconds and gives the error that the test should fail with, if any.
   */
  settle(test: EndingTest): undefined | Promise<unknown> {
    const closing = this.#client?.closeSessions() === true;
    const timers = timersDue(this.#databases.drainLimit);
    const quiet = this.#settled() && !this.#workGoesOn && !this.#databases.inTransit;
    if (!quiet || closing || requestsUnsent() || timers.size > 0) return this.#drain(test, timers, closing);

    const failure = this.#lateRejection(test) ?? this.#repeated();
    return failure === undefined ? undefined : Promise.resolve(failure);
  }

  /** What a test has to fail with, whose end nobody waits for, for supertest requests that it never sent. */
  unsent(title: string): LockstepError | undefined {
    return requestsUnsent() ? requestFailure(title) : undefined;
  }

  /** With `nPlusOne: 'error'`, what a test fails with whose requests sent the same statement again and again. */
  #repeated(): NPlusOneError | undefined {
    return this.queries.rules.nPlusOne === 'error' ? nPlusOneError(this.queries) : undefined;
  }

  /** A sentence for each thing that the app has open. */
  #leftovers(): string[] {
    return this.#databases.leftovers().map(openWorkSentence);
  }

  /** Whether neither requests nor databases have anything open. */
  #settled(): boolean {
    return !this.#client?.busy && !requestsBusy() && this.#databases.leftovers().length === 0;
  }

  /** Whether Node has something in progress that has come up in this scope, e.g. a file that is being read. */
  get #workGoesOn(): boolean {
    return this.#work !== undefined && workSince(this.#work);
  }

  /**
   * A rejection that nobody handled, of an app that was asked for something. Where it was not, runners are silent about
   * it, so the test that has forgotten to wait stays green and is named at the end of the run.
   */
  #lateRejection({ title, advice }: EndingTest): unknown {
    const rejection = lateRejection();
    if (rejection === undefined || this.queries.requested) return rejection;

    this.late.failed(title, rejection, advice);
    forgetRejections();
    return undefined;
  }

  /** Timers are waited for; one that is not due within the limit is no leak. */
  async #drain(test: EndingTest, timers: ReadonlySet<object>, closing: boolean): Promise<unknown> {
    const { title } = test;
    const limit = this.#databases.drainLimit;
    if (timers.size > 0) await drained(() => ![...timers].some(isTimerPending), limit);
    const quiet = await this.#quiet(limit, closing);
    releaseIntervals();
    if (quiet) return this.#lateRejection(test) ?? requestFailure(title) ?? this.#repeated();

    const requests = [...((await this.#client?.endTest()) ?? []), ...endRequests()];
    const work = this.#work === undefined ? [] : describeWorkSince(this.#work);
    return leakError(title, this.#databases.leftovers(), limit, [...requests, ...work.map(inProgress)], test.advice);
  }

  /**
   * What the app does not await goes on with the turns of the loop: waits until over a whole turn nothing was
   * left, and nothing had come of it. Whether that is so.
   *
   * @param closing whether connections of the app to its clients have just been closed, of which it has to hear
   * @param done whether nothing is left
   */
  async #quiet(
    limit: number,
    closing: boolean,
    done = (): boolean => this.#settled() && !this.#workGoesOn,
  ): Promise<boolean> {
    // Counted as turns too: on a machine that is busy, a deadline alone would be over before the app had one.
    const waiting = new Patience(limit, () => this.#databases.processes);
    const idle = new IdleWork(limit / 2);
    // Whether nobody has to do anything for what is left: statements will be answered, and transactions go on.
    const goesOn = (): boolean => !this.#client?.busy && !requestsBusy() && !idle.stuck;
    holdIntervals(goesOn);
    const last = this.#databases.activity + MOST_ANSWERS;

    for (;;) {
      const { activity } = this.#databases;
      for (let seen = activity; !done();) {
        if (!(await waiting.turn())) return false;
        const now = this.#databases.activity;
        idle.look(this.#databases.leftovers(), waiting.spent);
        // A pool's queue is worked off, however long it is: the limit is one for each answer.
        if (now !== seen && now < last && goesOn()) waiting.renew();
        seen = now;
      }
      // What comes by a socket of the system takes a turn to arrive, one to be read, one to be answered.
      const turns = closing || this.#databases.inTransit ? 3 : 1;
      for (let count = 0; count < turns; count += 1) await turn();
      if (done() && this.#databases.activity === activity) return true;
      if (waiting.over) return done();
    }
  }

  /**
   * Ends the innermost scope: what was written since its begin is gone.
   *
   * @throws SandboxLostError when a statement ended the outer transaction; AggregateError of these when that happened
   * to several databases.
   */
  end(scope: ScopeName): void {
    debug?.(`rollback of ${scope.kind} "${scope.title}"`);
    if (scope.kind === 'test') holdIntervals(() => true);
    // Left here only by a test that failed in its hooks: nobody is left to be told.
    if (scope.kind === 'test' && this.#client?.busy) void this.#client.endTest();
    if (scope.kind === 'test' && requestsBusy()) endRequests();
    this.#client?.endScope();
    this.#databases.end();
  }

  /** Stops the app, closes the database. What was open is closed even when a step fails. */
  async stop(): Promise<void> {
    const client = this.#client;

    phaseOver?.('the tests are over');
    releaseIntervals();
    warnOfOthers(this.#databases.unreached(), this.#databases.otherServers);
    this.#phase = 'stopped';
    // What the last test had left is not what the app may take to stop.
    this.#limit = undefined;
    this.#starting = undefined;
    this.#client = undefined;
    try {
      await client?.stop();
    } finally {
      await this.#databases.close();
      phaseOver?.('app and databases have stopped');
    }
  }

  /** Takes environment variables and module hooks away again. */
  withdraw(): void {
    this.#databases.withdraw();
  }
}

/** Only a hint: an app that was not started ahead starts with its first request. */
function mentionsClient(files: Iterable<string>): boolean {
  return [...files].some((file) => {
    try {
      return /\b(client|supertest|request)\b/.test(readFileSync(file, 'utf8'));
    } catch {
      // Not a file, e.g. a test made by a program.
      return false;
    }
  });
}

function inProgress(work: string): string {
  return `${work} is in progress`;
}

function missing(config: ResolvedConfig, used: string, key: string, example: string): ConfigError {
  return new ConfigError({
    what: `${used} was used, but ${config.source} has no "${key}".`,
    why: `Lockstep learns from it what ${used} speaks to.`,
    remedy: `Add e.g. ${key}: ${example}.`,
  });
}
