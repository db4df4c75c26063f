import type { Socket } from 'node:net';
import { canWait, endedOwner, reportPending, runAsNobody, waitUntil, type PendingSource } from '../bridge/index.js';
import type { ResolvedConfig, ResolvedDatabase } from '../config/index.js';
import type { Host, LoadedEngine, OpenWork, Sandbox, ScopeName } from '../engine/index.js';
import { OutsideError } from '../errors.js';
import { runnerWords } from '../runner-words.js';
import type { QueryLog } from '../queries/index.js';
import { each } from '../each.js';
import { cutRemedy, cutSentence } from '../sandbox/scope-errors.js';
import { createSession, type Session } from '../session/index.js';
import { findDatabase } from './find-database.js';
import type { LateWork } from './late-work.js';
import { logStatements } from './log-statements.js';
import { makeFile, type MadeFile } from './set-up/made-file.js';
import { bringIn, withOwnKeys } from './set-up/set-up.js';
import { phaseOver } from '../start-log.js';

/** Milliseconds that the end of a test waits for the app, where the config has no database. */
const DRAIN = 100;

/** A database while a run is on. */
interface Opened {
  readonly database: ResolvedDatabase;
  readonly sandbox: Sandbox;
  readonly session: Session;
  readonly stopReporting: () => void;
  /** What the app reaches it by. */
  readonly url: string;
  /** Steps of the schema that were done before it was opened. */
  readonly stepsDone: number;
  /** The sandbox's `activity` when schema and seed were in: what came before was not the app's, but theirs. */
  setUpActivity: number;
}

/** The databases of one run: the scopes of all their sandboxes begin and end together. */
export class Databases {
  readonly #config: ResolvedConfig;
  readonly #engines: readonly LoadedEngine[];
  readonly #queries: QueryLog;
  readonly #host: Host;
  readonly #withdrawals: (() => void)[] = [];
  #opened: Opened[] = [];
  #leadHere: Sandbox['leadsHere'][] = [];
  #sandboxes: readonly Sandbox[] = [];
  /** For each open scope the sandboxes in which it was begun. */
  #scopes: (readonly Sandbox[])[] = [];
  /** Milliseconds that the end of a test waits for the app: what the most patient database asks for. */
  readonly drainLimit: number;

  /**
   * Puts each engine in the app's way.
   *
   * @param engines one for each of the config's databases, in the same order
   * @param told `queries` is told what to log, `late` what comes after the end of its test
   * @throws SwapError when a driver cannot be replaced; what was put in the way before is taken away.
   */
  constructor(
    config: ResolvedConfig,
    engines: readonly LoadedEngine[],
    { queries, late }: { readonly queries: QueryLog; readonly late: LateWork },
  ) {
    this.#config = config;
    this.#queries = queries;
    this.#engines = engines;
    this.#host = {
      canWait,
      waitUntil: waitForTurn,
      endedOwner,
      asNobody: runAsNobody,
      refused: (statement) => late.refused(statement),
    };
    this.drainLimit = config.databases.length === 0 ? DRAIN : Math.max(...config.databases.map(({ drain }) => drain));
    try {
      for (const engine of engines) this.#withdrawals.push(engine.prepare());
    } catch (error) {
      this.withdraw();
      throw error;
    }
  }

  /**
   * Opens all of them, then brings in their schema and seed, one database after the other.
   *
   * @throws EngineMissingError, UnsafeDatabaseError, and whatever schema or seed throw.
   */
  async open(): Promise<void> {
    this.#leadHere = [];
    for (const [index, engine] of this.#engines.entries()) {
      const database = this.#config.databases[index];
      if (database === undefined) continue;
      const made = await makeFile(database);
      try {
        await this.#add(database, engine, made);
        phaseOver?.(`${database.name} was opened`);
      } finally {
        made?.remove();
      }
    }
    this.#sandboxes = this.#opened.map(({ sandbox }) => sandbox);
    this.#queries.watch(this.#opened.map(({ database, sandbox }) => ({ dialect: database.engine, log: sandbox.log })));
    for (const { database, sandbox, session, url, stepsDone } of this.#opened) {
      const unsafely = (work: () => void): void => sandbox.unsafely(work);
      await bringIn(database, { session, url, unsafely, done: stepsDone, stepDone: () => sandbox.session.renew?.() });
      phaseOver?.(`schema and seed of ${database.name} are in`);
    }
    for (const opened of this.#opened) opened.setUpActivity = opened.sandbox.activity;
  }

  async #add(database: ResolvedDatabase, engine: LoadedEngine, made: MadeFile | undefined): Promise<void> {
    const sandbox = await withOwnKeys(database.key, () => engine.open(this.#host, made?.path));

    logStatements(sandbox);
    this.#leadHere.push(sandbox.leadsHere.bind(sandbox));
    this.#opened.push({
      database,
      sandbox,
      session: createSession(sandbox.session, {
        queries: () => this.#queries.read(database.name),
        of: (name) => this.session(findDatabase(this.#config, name)),
      }),
      stopReporting: reportPending(pendingOf(sandbox)),
      url: engine.url,
      stepsDone: made?.steps ?? 0,
      setUpActivity: 0,
    });
  }

  /** @throws Error when it is not open. */
  session({ name }: ResolvedDatabase): Session {
    const opened = this.#opened.find(({ database }) => database.name === name);
    if (opened === undefined) throw new Error(`Databases: ${name} is not open.`);
    return opened.session;
  }

  /** Keeps what they are before the first scope, for `goOutside`. */
  async keepForOutside(): Promise<void> {
    for (const sandbox of this.#sandboxes) await sandbox.keepForOutside();
  }

  /**
   * Leads app and session to real databases of their own, in all of them or in none.
   *
   * @throws OutsideError when there can be none.
   */
  async goOutside(): Promise<void> {
    const gone: Sandbox[] = [];
    try {
      for (const sandbox of this.#sandboxes) {
        await sandbox.goOutside();
        gone.push(sandbox);
      }
    } catch (error) {
      await comeBack(gone);
      throw error;
    }
  }

  /** Leads them back. */
  async comeBack(): Promise<void> {
    await comeBack(this.#sandboxes);
  }

  /** Begins a scope in all of them, and throws the first error of doing so. */
  begin(scope: ScopeName): void {
    this.#scopes.push(this.#sandboxes);
    each(this.#sandboxes, (sandbox) => this.#beginIn(sandbox, scope));
  }

  #beginIn(sandbox: Sandbox, scope: ScopeName): void {
    try {
      sandbox.begin(scope);
    } catch (error) {
      const begun = this.#scopes.pop() ?? [];
      this.#scopes.push(begun.filter((other) => other !== sandbox));
      throw error;
    }
  }

  /** Opens all of them again for the innermost scope. */
  resume(): void {
    each(this.#scopes.at(-1) ?? [], (sandbox) => sandbox.resume());
  }

  /**
   * Ends the innermost scope in all of them, whatever becomes of the others.
   *
   * @throws SandboxLostError when one had lost its transaction; when several had, an AggregateError of theirs.
   */
  end(): void {
    each(this.#scopes.pop() ?? [], (sandbox) => sandbox.end());
  }

  /** The function of a test begins, behind hooks of it. */
  functionBegins(): void {
    for (const sandbox of this.#scopes.at(-1) ?? []) sandbox.functionBegins();
  }

  /** The function of a test is over, and hooks of it are to come. */
  functionOver(failed: boolean): void {
    for (const sandbox of this.#scopes.at(-1) ?? []) sandbox.functionOver(failed);
  }

  /** What the app has open. */
  leftovers(): readonly OpenWork[] {
    const [first] = this.#sandboxes;
    // Asked at the end of every test.
    if (first !== undefined && this.#sandboxes.length === 1) return first.leftovers();
    return this.#sandboxes.flatMap((sandbox) => sandbox.leftovers());
  }

  /** Counts what the app was answered. */
  get activity(): number {
    return this.#sandboxes.reduce((sum, { activity }) => sum + activity, 0);
  }

  /** Whether the app may have sent something that no sandbox knows of yet. */
  get inTransit(): boolean {
    return this.#sandboxes.some(({ inTransit }) => inTransit);
  }

  /** Whether the thread of the tests serves one of them to others. */
  get servedHere(): boolean {
    return this.#opened.some(({ sandbox }) => sandbox.servedHere);
  }

  /** Numbers of the processes, this one apart, that run statements for them. */
  get processes(): readonly number[] {
    return this.#sandboxes.flatMap(({ processes }) => processes);
  }

  /** Connections to servers that are being made anew; undefined for none. */
  get recovering(): Promise<unknown> | undefined {
    let all: Promise<void>[] | undefined;
    // Asked before every test and hook.
    for (const { recovering } of this.#sandboxes) if (recovering !== undefined) (all ??= []).push(recovering);
    return all && Promise.all(all);
  }

  /** Whether a socket may be one of the app's to a sandbox, also after `close`. */
  leadsHere(socket: Socket): boolean {
    return this.#leadHere.some((leadsHere) => leadsHere(socket));
  }

  /** Servers' databases that the app has sent nothing to since schema and seed. Who opens another file is told by SQLite's engine itself. */
  unreached(): readonly ResolvedDatabase[] {
    const missed = this.#opened.filter(
      ({ database, sandbox: { reached, activity }, setUpActivity }) =>
        database.engine !== 'sqlite' && (!reached || activity === setUpActivity),
    );
    return missed.map(({ database }) => database);
  }

  /** Addresses of servers that the process has connected to, and that are no sandbox. */
  get otherServers(): readonly string[] {
    return [...new Set(this.#engines.flatMap(({ otherServers }) => otherServers))];
  }

  /** Closes all of them, whatever becomes of the others. */
  async close(): Promise<void> {
    const opened = this.#opened;

    this.#opened = [];
    this.#sandboxes = [];
    this.#scopes = [];
    for (const { stopReporting } of opened) stopReporting();
    const outcomes = await Promise.allSettled(opened.map(async ({ sandbox }) => await sandbox.close()));
    each(outcomes, (outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason;
    });
  }

  /** Takes environment variables and module hooks away again: what came last is on top. */
  withdraw(): void {
    each(this.#withdrawals.splice(0).reverse(), (withdraw) => withdraw());
  }
}

/** Whatever test comes next, it is not to blame for a database that stays. */
async function comeBack(sandboxes: readonly Sandbox[]): Promise<void> {
  for (const sandbox of sandboxes) {
    try {
      await sandbox.comeBack();
    } catch (error) {
      const { outsideCall } = runnerWords();
      const { code, message } = new OutsideError({
        what: `A database that ${outsideCall} had made could not be dropped.`,
        why: error instanceof Error ? error.message : String(error),
        remedy: `The next run that uses ${outsideCall} drops it, or do so by hand.`,
      });
      process.emitWarning(message, { code });
    }
  }
}

/** What a failed wait may have waited for in a sandbox. */
function pendingOf(sandbox: Sandbox): PendingSource {
  return {
    sentences: () => [...sandbox.describe(), ...sandbox.cutConnections().map(cutSentence)],
    remedy() {
      const [first] = sandbox.cutConnections();
      return first && cutRemedy(first);
    },
  };
}

function waitForTurn(done: () => boolean, timeout: number): boolean {
  return waitUntil('a query', done, timeout);
}
