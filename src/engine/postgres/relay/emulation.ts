import { RefusedStatementError } from '../../../errors.js';
import { VirtualTransaction, type Plan } from '../../../sandbox/virtual-transaction.js';
import type { Effect } from '../../../sql/effect.js';
import { commandComplete, readFields } from '../wire/backend.js';
import {
  CLEARING,
  type EndingTimeout,
  type EndingTimeouts,
  isEndingTimeout,
  NO_TIMEOUTS,
  showDuration,
  takingOver,
} from './ending-timeouts.js';
import { GUARD, READ_ONLY } from './guard.js';
import { failure, lockstepFailure, warning } from './failure.js';
import { asLoginUser, hasIdentity, IDENTITY } from './identity.js';
import { type Inheritance, NO_INHERITANCE } from './inheritance.js';
import { quoteLiteral, quoteName } from './quote.js';
import {
  added,
  afterCommit,
  afterScope,
  commitHasWork,
  configuring,
  FRESH,
  isSameSession,
  removed,
  resetting,
  type Notice,
  type SessionState,
  setting,
  withTimeout,
} from './session-state.js';
import { type Configured, configured, type ValueOf } from './set-config.js';
import { checkingConstraints, readSchemaFacts, SCHEMA_FACTS, type SchemaFacts } from './schema-facts.js';
import { type Shown, showing, type Special } from './special.js';
import type { Place, Statement } from './statement.js';
import { committing, numberOf } from './temporaries.js';
import { readsOnly, tracked, withSetting } from './tracked.js';
import type { Work } from './work.js';

/** What the emulation needs of the connection that all share. */
export interface Ground {
  /** Counts how often the guard has gone with what lay below it. */
  epoch: number;
  /** Arms the guard and whatever must lie under it, pipelined before the next message. */
  prepare(): void;
  /** What runs above the guard must not write. `amid`: the client may have an unnamed portal, which is to stay. */
  restrict(amid: boolean): void;
  /** What now() gives above the guard: the moment of now for as long as it is there, or that of each statement. */
  time(stands: boolean): void;
  /** Makes it fail, so that it refuses what production would refuse. */
  fail(): void;
  /** The turn's work is to stay; `changed` if there may be any. */
  committed(settings: ReadonlyMap<string, string>, ddl: boolean, changed: boolean): void;
  /** The turn's work is to go. */
  undone(): void;
  /** Undefined while they are not known. */
  facts: SchemaFacts | undefined;
  /** The server's major version. */
  readonly version: number;
  /** Whether transactions are real still, and need nothing below them. */
  readonly settingUp: boolean;
  /** Whether RESET ALL brings timeouts back that would end the connection of all. */
  readonly endangered: boolean;
  /** Somebody listens from now on; `within` if that is amid a transaction. */
  listening(within: boolean): void;
  /** What new connections begin with has changed. */
  loginsChanged(): void;
  /** Something of the client ends with its transaction, at the latest before the next one. */
  closeLater(kind: 'statement' | 'portal', name: string): void;
  /** What was to be closed later is closed. */
  closeNow(): void;
}

/** What a session has set, and whom it listens to. */
export type SessionSettings = Pick<SessionState, 'settings' | 'timeouts' | 'listens'>;

/** What a transaction was begun with; undefined for what the session's defaults say. */
type TransactionModes = Pick<SessionState, 'readOnly' | 'isolation'>;

const NO_MODES: TransactionModes = { readOnly: undefined, isolation: undefined };

/** A plan of statements to send. */
type Steps = Extract<Plan, { readonly send: readonly string[] }>;

/** The levels at which each statement sees what was committed before it; the empty one is the server's default. */
const ISOLATIONS: ReadonlySet<string> = new Set(['', 'read committed', 'read uncommitted']);

const ABORTED = 'current transaction is aborted, commands ignored until end of transaction block';
/**
 * One client's transaction and session, on a connection that it shares: carries out BEGIN, COMMIT
 * and all else that would have effects beyond the client's own turn.
 *
 * The guard is the savepoint of the transaction itself. So BEGIN needs no message, and neither does
 * a COMMIT that has nothing to check: the next turn releases the guard.
 */
export class Emulation {
  readonly transaction: VirtualTransaction;
  /** As of the last commit. */
  state: SessionState = FRESH;
  /** As the running transaction has it. */
  staged: SessionState = FRESH;
  /** Whether no transaction of the client may write, as on a read replica. */
  reader = false;
  /** Settings that came with the startup message, or with the login: what RESET goes back to. */
  defaults: SessionState['settings'] = new Map();
  defaultTimeouts: EndingTimeouts = NO_TIMEOUTS;
  /** Prepended to the names of the client's prepared statements. */
  readonly prefix: string;
  readonly #ground: Ground;
  readonly #emit: (bytes: Buffer) => void;
  readonly #deliver: (notices: readonly Notice[]) => void;
  /** The stages at the client's savepoints. */
  #marks: SessionState[] = [];
  /** What the transaction, which has changed the schema, has found out about it. */
  #facts: SchemaFacts | undefined;
  #holds = false;
  #held: Buffer | undefined;
  #inherited: Inheritance = NO_INHERITANCE;
  #role: string | undefined;
  #superuser = true;
  /** The ground's epoch in which the guard was armed for this transaction. */
  #armed: number | undefined;
  /** Whether something was run since that may have changed anything. */
  #changed = false;

  /** @param deliver gets what the client has notified others of, with each commit. */
  constructor(
    name: string,
    prefix: string,
    ground: Ground,
    emit: (bytes: Buffer) => void,
    deliver: (notices: readonly Notice[]) => void,
  ) {
    this.transaction = new VirtualTransaction(name, 'postgres');
    this.prefix = prefix;
    this.#ground = ground;
    this.#emit = emit;
    this.#deliver = deliver;
  }

  /** Whether the guard is armed for this transaction, so that there may be something to undo. */
  get working(): boolean {
    return this.#armed === this.#ground.epoch;
  }

  /** Whether the transaction must not write. */
  get #restricted(): boolean {
    return this.reader || this.#readsOnly(this.staged);
  }

  /** Milliseconds of a timeout as it is now; 0 if it is not set. */
  timeout(name: EndingTimeout): number {
    const { timeouts, localTimeouts } = this.staged;
    return localTimeouts.get(name) ?? timeouts.get(name) ?? 0;
  }

  /** The statement before a SHOW of what only the relay knows. */
  showing(name: Shown): string {
    if (name !== 'transaction_isolation') return showing(quoteLiteral(showDuration(this.timeout(name))));

    const { isolation } = this.staged;
    const byDefault = "pg_catalog.current_setting('default_transaction_isolation')";
    return showing(isolation === undefined ? byDefault : quoteLiteral(isolation));
  }

  /** The client is let in as that role; undefined for that of the real connection. */
  logIn(role: string | undefined, superuser: boolean, inheritance: Inheritance): void {
    this.#role = role;
    this.#superuser = superuser;
    this.inherit(inheritance);
  }

  /** What a login brings from the server, as far as the client has nothing of its own. */
  inherit(inheritance: Inheritance): void {
    if (inheritance === this.#inherited) return;

    this.#inherited = inheritance;
    const { settings, timeouts } = inheritance;
    this.defaults = new Map([...settings, ...this.defaults]);
    this.defaultTimeouts = new Map([...timeouts, ...this.defaultTimeouts]);
    this.state = this.staged = {
      ...this.state,
      settings: new Map([...settings, ...this.state.settings]),
      timeouts: new Map([...timeouts, ...this.state.timeouts]),
    };
  }

  /** The guard is somebody else's from now on. */
  leave(): void {
    this.#armed = undefined;
    this.#changed = false;
  }

  /**
   * Whether nobody can tell that others use the connection amid the transaction: it has only read so far, and each
   * statement what was committed then; or it has failed as a whole, so that all of it is undone already.
   */
  get interruptible(): boolean {
    if (!this.working || this.#ground.settingUp || this.#marks.length > 0) return false;
    if (this.transaction.failed) return true;
    if (this.#changed || this.#ground.facts?.hiddenWrites !== false) return false;

    const { isolation = '', settings } = this.staged;
    const byDefault = settings.has('default_transaction_isolation') || settings.has('session characteristics');
    if (!ISOLATIONS.has(isolation) || (isolation === '' && byDefault)) return false;
    return isSameSession(this.staged, this.state);
  }

  /** Others use the connection: the guard is set anew with the transaction's next statement. */
  interrupt(): void {
    if (this.transaction.failed) this.#ground.undone();
    this.leave();
  }

  /** To be called before a message is forwarded. `inert`: it changes nothing for sure. */
  enter(inert = false): void {
    if (this.#ground.settingUp) return;
    if (!inert) this.#changed = true;
    if (this.working) return;

    this.#ground.prepare();
    this.#armed = this.#ground.epoch;
    this.#ground.time(this.transaction.open);
    if (this.#restricted) this.#ground.restrict(false);
    if (this.transaction.failed) this.#ground.fail();
  }

  /** Whether the transaction's end has something to check or to do. */
  commitMatters(inert: boolean): boolean {
    if (commitHasWork(this.staged)) return true;
    return !inert && this.working && this.#ground.facts?.deferred !== false;
  }

  /** A statement of the client failed on the server. */
  fail(): void {
    this.transaction.fail();
  }

  /** The implicit transaction of a text or a batch has failed: what it did is to go. */
  undo(): void {
    if (this.working) this.#ground.undone();
    this.#end(this.state);
  }

  /** The transaction is gone, and with it what the client believed of it. */
  reset(): void {
    this.transaction.reset();
    this.#end(this.state);
  }

  /** Ends a transaction that has nothing to check. */
  settle(): void {
    if (this.working) this.#ground.committed(this.staged.settings, this.staged.ddl, this.#changed);
    if (this.#facts !== undefined) this.#ground.facts = this.#facts;
    const { notices } = this.staged;
    this.#end(afterCommit(this.staged));
    if (notices.length > 0) this.#deliver(notices);
  }

  /** BEGIN, COMMIT and their like. False if it failed. */
  *control(effect: Effect): Work<boolean> {
    const plan = this.transaction.plan(effect);

    switch (plan.kind) {
      case 'reject':
        return yield* this.#reject(plan.code, plan.message, plan);
      case 'notice':
        this.#emit(warning(effect.kind === 'begin' ? '25001' : '25P01', plan.message));
        if (effect.kind === 'commit') return yield* this.#commitImplicit(plan.tag);
        if (effect.kind === 'rollback') this.undo();
        if (effect.kind === 'begin' && effect.readOnly === true) this.#permit(false);
        this.#emit(commandComplete(plan.tag));
        return true;
      case 'open':
        this.transaction.done(plan);
        this.#marks = [];
        if (effect.kind === 'begin' && effect.readOnly !== undefined) this.#permit(!effect.readOnly);
        if (effect.kind === 'begin') this.#isolate(effect.isolation);
        this.#emit(commandComplete(plan.tag));
        return true;
      case 'close':
        return yield* this.#close(plan);
      case 'inner':
        return yield* this.#inner(plan);
      case 'forward':
        return true;
    }
  }

  /** A statement that is refused. */
  *refuse({ what, why, remedy }: Extract<Effect, { kind: 'refused' }>): Work<boolean> {
    const error = lockstepFailure(new RefusedStatementError({ what, why, remedy }));
    if (!this.transaction.open || !what.startsWith('PREPARE TRANSACTION')) return yield* this.rejectWith(error);

    // One that fails has ended the transaction, and nobody sends a ROLLBACK behind it.
    this.undo();
    this.reset();
    this.#emit(error);
    return false;
  }

  /** Fails as the server would, without a statement that does. */
  *reject(code: string, message: string): Work<boolean> {
    return yield* this.rejectWith(failure(code, message));
  }

  /** What a failed transaction says to everything but its end. */
  *rejectAborted(): Work<boolean> {
    return yield* this.reject('25P02', ABORTED);
  }

  /** What a server runs only where nothing else belongs to the transaction. */
  *rejectInside(what: string, place: Place): Work<boolean> {
    const pipelined = place === 'pipeline' && !this.transaction.open;
    const why = pipelined ? 'cannot be executed within a pipeline' : 'cannot run inside a transaction block';
    const readOnly = this.#restricted ? /^(?:(?:CREATE|DROP) INDEX|ALTER TABLE)/.exec(what)?.[0] : undefined;
    if (this.transaction.failed) return yield* this.rejectAborted();

    if (readOnly !== undefined)
      return yield* this.reject('25006', `cannot execute ${readOnly} in a read-only transaction`);
    return yield* this.reject('25001', `${what} ${why}`);
  }

  /** A statement that is answered without the server. */
  *local(statement: Statement, special: Special, place: Place): Work<boolean> {
    if (this.transaction.failed) return yield* this.rejectAborted();
    if (setsTimeout(special)) return yield* this.#setTimeout(statement, special, place);
    if (special.kind === 'set' && this.forbids(special)) return yield* this.#authorize(statement, special);

    switch (special.kind) {
      case 'listen':
        this.listen(special.channel);
        return this.answer('LISTEN');
      case 'unlisten':
        this.unlisten(special.channel);
        return this.answer('UNLISTEN');
      case 'notify':
        this.notify(special.channel, special.payload);
        return this.answer('NOTIFY');
      case 'modes':
        if (!this.transaction.open && place !== 'text')
          this.#emit(warning('25P01', 'SET TRANSACTION can only be used in transaction blocks'));
        if (this.transaction.open) this.#isolate(special.isolation);
        if (special.readOnly === true) {
          if (!this.transaction.open) this.enter();
          this.#permit(false);
        }
        if (special.readOnly === false && this.#restricted) return yield* this.#permitLate();
        return this.answer('SET');
      case 'set':
        this.#emit(warning('25P01', 'SET LOCAL can only be used in transaction blocks'));
        return yield* this.pass(statement);
      case 'constraints':
        this.#emit(warning('25P01', 'SET CONSTRAINTS can only be used in transaction blocks'));
        return yield* this.pass(statement);
      case 'nothing':
        if (this.transaction.open || place !== 'alone') return yield* this.rejectInside(special.tag, place);
        return this.answer(special.tag);
      case 'outside':
        return yield* this.rejectInside(special.what, place);
      case 'cursor':
        return yield* this.reject('25P01', 'DECLARE CURSOR can only be used in transaction blocks');
      case 'inside':
        return yield* this.reject('25P01', `${special.what} can only be used in transaction blocks`);
      default:
        return this.answer('DISCARD ALL');
    }
  }

  /** The server only says whether it takes it, and what it means: it is 0 there when the server is idle again. */
  *#setTimeout({ sql, start }: Statement, special: SetsTimeout, place: Place): Work<boolean> {
    const { name } = special;
    const local = special.kind === 'set' && special.local;
    const nowhere = local && !this.transaction.open && place !== 'text';
    if (nowhere) this.#emit(warning('25P01', 'SET LOCAL can only be used in transaction blocks'));

    this.enter();
    const { error, rows } = yield { kind: 'own', statements: [' '.repeat(start) + sql, ...takingOver(name)] };
    if (error !== undefined) {
      this.transaction.fail();
      this.#emit(error);
      return false;
    }
    const byDefault = special.kind === 'reset' || /\b(?:to|=)\s*default\b/i.test(sql);
    const value = (byDefault ? this.defaultTimeouts.get(name) : undefined) ?? Number(rows[0]?.[0]);
    if (!nowhere) this.staged = withTimeout(this.staged, name, value, local);
    return this.answer(special.kind === 'set' ? 'SET' : 'RESET');
  }

  /** The server has taken it already, as before the first scope. */
  *#trackTimeout(special: SetsTimeout): Work {
    const { name } = special;
    yield* this.#takeOver(takingOver(name).join(';'), special.kind === 'set' && special.local, name);
    const value = this.defaultTimeouts.get(name);
    if (special.kind === 'reset' && value !== undefined) this.staged = withTimeout(this.staged, name, value, false);
  }

  /** Whether only a superuser may do that, which the client is not, but the real connection is. */
  forbids(special: Special | undefined): boolean {
    if (special?.kind !== 'set' || special.name !== 'session_authorization') return false;
    return this.#role !== undefined && !this.#superuser && special.role !== this.#role;
  }

  /** As check_session_authorization does it in variable.c. */
  *#authorize(statement: Statement, { role, local }: Extract<Special, { kind: 'set' }>): Work<boolean> {
    const own = this.defaults.get('session_authorization');
    if (role === undefined) {
      if (local || own === undefined) return this.answer('SET');
      this.enter();
      yield { kind: 'own', statements: [own] };
      this.staged = withSetting(this.staged, 'session_authorization', own);
      return this.answer('SET');
    }

    this.enter();
    const { rows } = yield {
      kind: 'own',
      statements: [`SELECT FROM pg_catalog.pg_roles WHERE rolname=${quoteLiteral(role)}`],
    };
    if (rows.length === 0) return yield* this.pass(statement);
    const whom = this.#ground.version >= 16 ? ` "${role}"` : '';
    return yield* this.reject('42501', `permission denied to set session authorization${whom}`);
  }

  /** A statement may have set timeouts: they are the client's own, and not the server's. */
  *#takeOver(asking: string, local: boolean, name?: EndingTimeout): Work {
    const { rows } = yield { kind: 'own', statements: asking.split(';') };
    for (const row of rows) {
      const [found, value] = name === undefined ? row : [name, row[0]];
      if (typeof found === 'string' && isEndingTimeout(found))
        this.staged = withTimeout(this.staged, found, Number(value), local);
    }
  }

  /** A statement that the server runs, though not by a message of the client's. */
  *pass({ sql, special }: Statement): Work<boolean> {
    this.enter();
    const { error } = yield { kind: 'pass', sql: this.renamed(sql, special) };
    if (error === undefined && special !== undefined) yield* this.track(special);
    return error === undefined;
  }

  /** A statement behind which the implicit transaction of its text ends: its command tag is held back. */
  *localLast(work: Work<boolean>): Work<{ done: boolean; held: Buffer | undefined }> {
    this.#holds = true;
    this.#held = undefined;
    const done = yield* work;
    this.#holds = false;
    return { done, held: this.#held };
  }

  /** Whether `local` answers it. */
  isLocal({ effect, special }: Statement, place: Place): boolean {
    if (special === undefined || effect.kind === 'refused') return false;
    if (LOCAL.has(special.kind) || setsTimeout(special) || this.forbids(special)) return true;
    if (special.kind === 'outside') return this.transaction.open || place !== 'alone';
    if (this.transaction.open || place === 'text') return false;
    return (
      special.kind === 'inside' ||
      (special.kind === 'constraints' && special.all) ||
      (special.kind === 'cursor' && !special.hold) ||
      (special.kind === 'set' && special.local)
    );
  }

  /** Remembers what a statement that has succeeded means for the session. */
  *track(special: Special, valueOf: ValueOf = () => undefined): Work {
    if (setsTimeout(special)) return yield* this.#trackTimeout(special);
    this.staged = tracked(this.staged, special, this.defaults);
    if (special.kind === 'reset') {
      const replays = [...this.defaults].filter(([name]) =>
        special.name === undefined ? !IDENTITY.includes(name) : special.name === name,
      );
      const statements = replays.map(([, replay]) => replay);
      if (special.name === undefined) {
        this.staged = { ...this.staged, timeouts: this.defaultTimeouts, localTimeouts: NO_TIMEOUTS };
        if (this.#ground.endangered) statements.push(CLEARING);
      }
      if (statements.length > 0) yield { kind: 'own', statements };
      return;
    }
    if (special.kind === 'logins') return this.#ground.loginsChanged();
    if (special.kind === 'timeouts') return yield* this.#takeOver(CLEARING, special.local);
    if (special.kind === 'temporary') {
      const { rows } = yield { kind: 'own', statements: [numberOf(special.name)] };
      const number = rows[0]?.[0];
      // One that was there already, IF NOT EXISTS, stays as it was made.
      if (typeof number === 'string' && !this.staged.temporary.has(number))
        this.staged = { ...this.staged, temporary: new Map([...this.staged.temporary, [number, special.onCommit]]) };
      return;
    }
    if (special.kind === 'config') yield* this.#trackConfig(configured(special.calls, valueOf));
  }

  /** The server tells what has become of a value. */
  *#trackConfig(all: readonly Configured[]): Work {
    for (const { name, local } of all)
      if (isEndingTimeout(name)) yield* this.#takeOver(takingOver(name).join(';'), local, name);

    const others = all.filter(({ name }) => !isEndingTimeout(name));
    for (const { name, local } of others)
      if (local) this.staged = { ...this.staged, local: added(this.staged.local, name) };
    const names = others.filter(({ local }) => !local).map(({ name }) => name);
    if (names.length === 0) return;

    const values = names.map((name) => `pg_catalog.current_setting(${quoteLiteral(name)},true)`);
    const { rows } = yield { kind: 'own', statements: [`SELECT ${values.join(',')}`] };
    for (const [index, name] of names.entries()) {
      const value = rows[0]?.[index];
      if (typeof value === 'string') this.staged = setting(this.staged, name, configuring(name, value));
    }
  }

  listen(channel: string): void {
    this.staged = { ...this.staged, listens: added(this.staged.listens, channel) };
    this.#ground.listening(this.working && this.transaction.open);
  }

  /** @param channel undefined for all */
  unlisten(channel: string | undefined): void {
    this.staged = { ...this.staged, listens: removed(this.staged.listens, channel) };
  }

  notify(channel: string, payload: string): void {
    const { notices } = this.staged;
    if (notices.some((notice) => notice.channel === channel && notice.payload === payload)) return;
    this.staged = { ...this.staged, notices: [...notices, { channel, payload }] };
  }

  schemaChanged(): void {
    if (!this.staged.ddl) this.staged = { ...this.staged, ddl: true };
  }

  /** A unit was committed for real, before the first scope. */
  committed(): void {
    this.state = this.staged = afterCommit(this.staged);
  }

  /** What the session has set, as of the last commit. */
  get settings(): SessionSettings {
    const { settings, timeouts, listens } = this.state;
    return { settings, timeouts, listens };
  }

  get defaultSettings(): SessionSettings {
    return { settings: this.defaults, timeouts: this.defaultTimeouts, listens: FRESH.listens };
  }

  /** A scope was rolled back; what it has set goes with it. */
  scopeEnded(before: SessionSettings): void {
    this.state = { ...afterScope(this.state), ...before };
    this.staged = { ...afterScope(this.staged), ...before, localTimeouts: NO_TIMEOUTS };
  }

  /** A statement's text with the client's own names for prepared statements. */
  renamed(sql: string, special: Special | undefined): string {
    if (special?.kind !== 'prepare' && special?.kind !== 'execute' && special?.kind !== 'deallocate') return sql;
    return sql.slice(0, special.from) + quoteName(this.prefix + special.name) + sql.slice(special.to);
  }

  /**
   * What a commit does in production: checks deferred constraints, ends what lives as long as the
   * transaction, delivers notifications. Gives the error that the commit fails with.
   *
   * @param succeeds is called before the notifications.
   */
  *commit(succeeds: () => void = () => undefined): Work<Buffer | undefined> {
    if (this.working) {
      for (const name of this.staged.cursors) this.#ground.closeLater('portal', name);
      const error = (yield* this.#check()) ?? (yield* this.#cleanUp());
      if (error !== undefined) {
        this.undo();
        return error;
      }
    }

    succeeds();
    this.settle();
    return undefined;
  }

  /** Ends what a real commit would have ended. */
  *#cleanUp(): Work<Buffer | undefined> {
    const { local, temporary, settings } = this.staged;
    const ended = this.asLoginUser(committing(temporary));
    const statements = [...ended, ...[...local].map((name) => settings.get(name) ?? resetting(name))];
    if (statements.length === 0) return undefined;

    // A table is neither emptied nor dropped while a portal reads it.
    this.#ground.closeNow();
    // What may only be read by the transaction may be dropped by its end.
    const { error } = yield { kind: 'own', statements: this.unrestricted(statements), ends: true };
    return error === undefined ? undefined : Buffer.from(error);
  }

  /** Statements that may need more than the role in force, if there is one; see identity.ts. */
  asLoginUser(statements: readonly string[]): readonly string[] {
    const { local, settings } = this.staged;
    const other = hasIdentity(settings) || hasIdentity(local);
    return statements.length > 0 && other ? asLoginUser(statements, settings) : statements;
  }

  /** Statements that may write where the client's transaction may not. What it has done before stays. */
  unrestricted(statements: readonly string[]): readonly string[] {
    if (!this.#restricted) return statements;
    if (this.#ground.settingUp) return ['SET TRANSACTION READ WRITE', ...statements];
    return [`RELEASE SAVEPOINT ${GUARD}`, `SAVEPOINT ${GUARD}`, ...statements, READ_ONLY];
  }

  *#check(): Work<Buffer | undefined> {
    const { constraints, ddl } = this.staged;
    let { facts } = this.#ground;
    if (facts === undefined || ddl) {
      const { error, rows } = yield { kind: 'own', statements: [SCHEMA_FACTS] };
      if (error !== undefined) return Buffer.from(error);
      this.#facts = facts = readSchemaFacts(rows);
    }
    // An earlier commit has left them deferred.
    const made = ddl && facts.immediate.length > 0;
    if (!facts.deferred && !constraints && !made) return undefined;

    const { error } = yield { kind: 'own', statements: checkingConstraints(facts) };
    return error === undefined ? undefined : Buffer.from(error);
  }

  *#close(plan: Steps): Work<boolean> {
    const chained = this.#chained(plan);
    const modes = { readOnly: this.#readsOnly(chained), isolation: chained.isolation };
    if (plan.commits) {
      const error = yield* this.commit(() => this.#emit(commandComplete(plan.tag)));
      if (error !== undefined) {
        this.reset();
        this.#emit(error);
        return false;
      }
    } else {
      this.undo();
      this.#emit(commandComplete(plan.tag));
    }

    this.transaction.done(plan);
    this.#begin(this.transaction.open ? modes : NO_MODES);
    return true;
  }

  /** What a chain keeps of the characteristics: what a failure or a rollback has not brought back before. */
  #chained(plan: Steps): SessionState {
    if (plan.commits) return this.staged;
    return this.#marks[0] ?? (this.transaction.failed ? this.state : this.staged);
  }

  #begin({ readOnly, isolation }: TransactionModes): void {
    if (this.state.readOnly === readOnly && this.state.isolation === isolation) return;
    this.state = this.staged = { ...this.state, readOnly, isolation };
  }

  *#inner(plan: Steps): Work<boolean> {
    this.enter();
    const { error } = yield { kind: 'own', statements: plan.send };
    if (error !== undefined) {
      this.transaction.fail();
      this.#emit(error);
      return false;
    }

    const depth = plan.next.marks.length;
    if (depth > this.#marks.length) this.#marks.push(this.staged);
    else {
      // Both bring back whether the transaction may write; a rollback brings back all.
      if (plan.tag === 'ROLLBACK') this.staged = this.#marks[depth - 1] ?? this.staged;
      else this.staged = { ...this.staged, readOnly: this.#marks[depth]?.readOnly };
      this.#marks = this.#marks.slice(0, depth);
    }
    this.transaction.done(plan);
    this.#emit(commandComplete(plan.tag));
    return true;
  }

  /** COMMIT without BEGIN ends the implicit transaction of the text they are in. */
  *#commitImplicit(tag: string): Work<boolean> {
    const error = yield* this.commit(() => this.#emit(commandComplete(tag)));
    if (error !== undefined) this.#emit(error);
    return error === undefined;
  }

  /** Whether the transaction may write. The server hears of it when it hears of the transaction. */
  #permit(writes: boolean): void {
    this.staged = { ...this.staged, readOnly: !writes };
    if (!writes && this.working) this.#ground.restrict(true);
  }

  /** The level is accepted, and told to whoever asks. */
  #isolate(isolation: string | undefined): void {
    if (isolation !== undefined) this.staged = { ...this.staged, isolation };
  }

  /** SET TRANSACTION READ WRITE where only reading is allowed; as check_XactReadOnly does it in variable.c. */
  *#permitLate(): Work<boolean> {
    if (this.#marks.length > 0)
      return yield* this.reject('25001', 'cannot set transaction read-write mode inside a read-only transaction');
    if (this.working) return yield* this.reject('25001', 'transaction read-write mode must be set before any query');
    if (this.reader) return yield* this.reject('0A000', 'cannot set transaction read-write mode during recovery');
    this.#permit(true);
    return this.answer('SET');
  }

  #readsOnly({ readOnly }: SessionState): boolean {
    return readOnly ?? readsOnly(this.state);
  }

  *#reject(code: string, message: string, plan: Plan): Work<boolean> {
    yield* this.#abort();
    this.transaction.done(plan);
    this.#emit(failure(code, message));
    return false;
  }

  /** Fails with that error, without a statement that does. */
  *rejectWith(error: Buffer): Work<boolean> {
    yield* this.#abort();
    this.transaction.fail();
    this.#emit(error);
    return false;
  }

  /** Makes the real transaction fail as well, so that it refuses what production would refuse. */
  *#abort(): Work {
    if (this.transaction.failed || !this.transaction.open) return;

    this.enter();
    yield { kind: 'refuse' };
  }

  /** A command tag; held back where the implicit transaction ends behind it. */
  answer(tag: string): boolean {
    if (this.#holds) this.#held = commandComplete(tag);
    else this.#emit(commandComplete(tag));
    return true;
  }

  #end(state: SessionState): void {
    this.#armed = undefined;
    this.#changed = false;
    this.#facts = undefined;
    this.state = state;
    this.staged = state;
    this.#marks = [];
    if (!this.transaction.open) this.#begin(NO_MODES);
  }
}

/** SET and RESET of a timeout that would end the connection of all. */
type SetsTimeout = Extract<Special, { kind: 'set' | 'reset' }> & { readonly name: EndingTimeout };

function setsTimeout(special: Special): special is SetsTimeout {
  return (special.kind === 'set' || special.kind === 'reset') && isEndingTimeout(special.name);
}

const LOCAL: ReadonlySet<Special['kind']> = new Set<Special['kind']>([
  'listen',
  'unlisten',
  'notify',
  'modes',
  'nothing',
]);

/** Whether an error is the server's answer to a connection that ends. */
export function isFatal(error: Buffer): boolean {
  return readFields(error)['V'] === 'FATAL';
}
