import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { debug, forgetRejections, isTimerPending, lateRejection, openSockets, timersDue } from '../bridge/index.js';
import { loadApp, type ResolvedConfig, type ResolvedDatabase } from '../config/index.js';
import type { LoadedEngine, Scope } from '../engine/index.js';
import { ConfigError, type LockstepError, type NPlusOneError } from '../errors.js';
import { createClient, type Client, type ClientHost } from '../http/index.js';
import { beginRequests, endRequests, requestFailure, requestsBusy, requestsUnsent } from '../http/index.js';
import { nPlusOneError, QueryLog, type RequestQueries } from '../queries/index.js';
import { leakError } from '../sandbox/scope-errors.js';
import type { Session } from '../session/index.js';
import { Databases } from './databases.js';
import { drained, turn } from './drain.js';
import { findDatabase } from './find-database.js';
import { unreachedHint, warnOfOthers } from './other-database.js';
import { sandboxHint } from './sandbox-hint.js';

/** Where a lifecycle is between its making and its end. */
export type Phase = 'prepared' | 'starting' | 'running' | 'stopped';

/** What tells how many milliseconds a test or hook has left. */
export interface Limit {
  remaining(): number;
}

/**
 * The life of one test run, whatever the runner: prepare → start → begin/end … → stop.
 *
 * Making it puts the engine in the app's way, so it has to be made before any file of the app is
 * imported. It can be started again after it was stopped (watch mode, one worker for many files).
 */
export class Lifecycle {
  readonly #config: ResolvedConfig;
  readonly #databases: Databases;
  #phase: Phase = 'prepared';
  #starting: Promise<void> | undefined;
  #client: ClientHost | undefined;
  #limit: Limit | undefined;
  #testFiles: () => ReadonlySet<string> = () => new Set();
  /** What the app and the session have sent to the databases. */
  readonly queries: QueryLog;
  readonly #request = (label: string): RequestQueries => this.queries.request(label);

  /**
   * @param engines those of the config's databases, in the same order
   * @throws SwapError when a driver cannot be replaced.
   */
  constructor(config: ResolvedConfig, engines: readonly LoadedEngine[]) {
    this.#config = config;
    this.queries = new QueryLog(config.queries);
    this.#databases = new Databases(config, engines, this.queries);
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
    if (this.#client && mentionsClient(this.#testFiles())) await this.#client.start().catch(() => undefined);
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

  async #start(): Promise<void> {
    const { app, client } = this.#config;

    this.#phase = 'starting';
    await this.#databases.open();
    if (app) {
      this.#client = createClient({
        ...client,
        app: () => loadApp(this.#config, this.#testFiles()),
        queries: this.#request,
        leftovers: () => this.#leftovers(),
        remaining: () => this.#limit?.remaining(),
      });
    }
    this.#phase = 'running';
  }

  /** Whether a socket may be one of the app's to the sandbox, also after `stop`. */
  leadsToSandbox(socket: Socket): boolean {
    return this.#databases.leadsHere(socket);
  }

  /** What a failed test's report adds to an error: that a server cannot be reached, or what the sandbox has to do with it. */
  hint(error: unknown): string | undefined {
    return unreachedHint(error, this.#databases.unreached()) ?? sandboxHint(error);
  }

  /** Begins a test, or the fixtures of a `describe`, inside the current scope. */
  begin(scope: Scope): void {
    debug?.(`savepoint for ${scope.kind} "${scope.title}"`);
    forgetRejections();
    this.queries.begin(scope);
    this.#databases.begin(scope);
    this.#client?.beginScope();
    beginRequests(this.#config.client.raiseServerErrors, this.#request);
  }

  /** Tells how many milliseconds the test or hook that is about to run has left, for waits that it awaits. */
  limit(limit: Limit): void {
    this.#limit = limit;
  }

  /** Lets a later hook of the innermost scope use the database again. */
  resume(scope: Scope): void {
    this.queries.begin(scope);
    this.#databases.resume();
  }

  /**
   * Whether the app has finished what the test started. A promise when it has not yet: it waits
   * for up to `drain` milliseconds and gives the error that the test should fail with, if any.
   */
  settle(test: { readonly title: string }): undefined | Promise<unknown> {
    this.#client?.closeSessions();
    const timers = timersDue(this.#databases.drainLimit);
    const asked = this.queries.requested;
    if (asked || !this.#settled() || requestsUnsent() || timers.size > 0) return this.#drain(test.title, timers, asked);

    const repeated = this.#repeated();
    return repeated && Promise.resolve(repeated);
  }

  /** What a test has to fail with, whose end nobody waits for, for supertest requests that it never sent. */
  unsent(test: { fullTitle(): string }): LockstepError | undefined {
    return requestsUnsent() ? requestFailure(test.fullTitle()) : undefined;
  }

  /** With `nPlusOne: 'error'`, what a test fails with whose requests sent the same statement again and again. */
  #repeated(): NPlusOneError | undefined {
    return this.queries.rules.nPlusOne === 'error' ? nPlusOneError(this.queries) : undefined;
  }

  /** A sentence for each thing that the app has open. */
  #leftovers(): string[] {
    const leftovers = this.#databases.leftovers();
    return leftovers.map(({ kind, connection, lastSql }) => `${kind} of ${connection} open, last SQL "${lastSql}"`);
  }

  #settled(): boolean {
    return !this.#client?.busy && !requestsBusy() && this.#databases.leftovers(this.queries.requested).length === 0;
  }

  /**
   * Timers are waited for; one that is not due within the limit is no leak.
   *
   * @param asked whether the app was asked for anything: what it has not awaited may fail still
   */
  async #drain(title: string, timers: ReadonlySet<object>, asked: boolean): Promise<unknown> {
    const limit = this.#databases.drainLimit;
    if (timers.size > 0) await drained(() => ![...timers].some(isTimerPending), limit);
    const settled = asked ? await this.#quiet(limit) : await drained(() => this.#settled(), limit);
    if (settled) return (asked ? lateRejection() : undefined) ?? requestFailure(title) ?? this.#repeated();

    const requests = [...((await this.#client?.endTest()) ?? []), ...endRequests()];
    return leakError(title, this.#databases.leftovers(), limit, requests);
  }

  /**
   * What the app does not await goes on with the turns of the loop: waits for one that brings it no answer.
   * Whether nothing is open then.
   */
  async #quiet(limit: number): Promise<boolean> {
    const deadline = performance.now() + limit;

    while (performance.now() < deadline) {
      const { activity } = this.#databases;
      await turn();
      if (!(await drained(() => this.#settled(), limit))) return false;
      if (this.#databases.activity === activity) return true;
    }
    return this.#settled();
  }

  /**
   * Ends the innermost scope: what was written since its begin is gone.
   *
   * @throws SandboxLostError when a statement ended the outer transaction; AggregateError of these when that happened
   * to several databases.
   */
  end(scope: Scope): void {
    debug?.(`rollback of ${scope.kind} "${scope.title}"`);
    // Left here only by a test that failed in its hooks: nobody is left to be told.
    if (scope.kind === 'test' && this.#client?.busy) void this.#client.endTest();
    if (scope.kind === 'test' && requestsBusy()) endRequests();
    this.#client?.endScope();
    this.#databases.end();
  }

  /** Stops the app, closes the database. What was open is closed even when a step fails. */
  async stop(): Promise<void> {
    const client = this.#client;

    this.#warnOfOthers();
    this.#phase = 'stopped';
    // What the last test had left is not what the app may take to stop.
    this.#limit = undefined;
    this.#starting = undefined;
    this.#client = undefined;
    try {
      await client?.stop();
    } finally {
      this.#databases.close();
    }
  }

  #warnOfOthers(): void {
    const unreached = this.#databases.unreached();
    if (unreached.length === 0) return;

    const others = openSockets().filter((socket) => !this.leadsToSandbox(socket));
    warnOfOthers(unreached, others, process.env);
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

function missing(config: ResolvedConfig, used: string, key: string, example: string): ConfigError {
  return new ConfigError({
    what: `${used} was used, but ${config.source} has no "${key}".`,
    why: `Lockstep learns from it what ${used} speaks to.`,
    remedy: `Add e.g. ${key}: ${example}.`,
  });
}
