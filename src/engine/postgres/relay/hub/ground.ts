import { shortSql } from '../../../../sandbox/short-sql.js';
import { readFields } from '../../wire/backend.js';
import * as front from '../../wire/frontend.js';
import type { Ground } from '../emulation.js';
import { STATEMENT_TIMEOUTS } from '../ending-timeouts.js';
import {
  arming,
  disarming,
  GUARD,
  GUARD_MESSAGES,
  GUARD_PARSES,
  guardSql,
  type GuardState,
  type GuardStep,
  READ_ONLY,
} from '../guard.js';
import { asLoginUser, hasIdentity, RESET_IDENTITY } from '../identity.js';
import { PG_NOTIFY, SIGNALS } from '../overrides.js';
import { quoteLiteral } from '../quote.js';
import type { Expectation } from '../expectations.js';
import type { RealConnection, Told } from '../real.js';
import { readSchemaFacts, SCHEMA_FACTS, type SchemaFacts } from '../schema-facts.js';
import type { SessionState } from '../session-state.js';
import { type Belonging, Belongings, type Change, NOTHING_APPLIED } from './belongings.js';
import type { Hub } from './hub.js';
import type { Question } from './identities.js';
import type { Surroundings } from './surroundings.js';

const POINT = 'lockstep_settings';
/** Status of a transaction that has failed. */
const FAILED = 0x45;
const DISCARD_PLANS = 'DISCARD PLANS';

/**
 * A function's body is compiled to be checked, and the server keeps that until the connection ends: 7 kB
 * for each scope.
 */
function unchecked(sql: string): string {
  const [name, local] = [quoteLiteral('check_function_bodies'), 'true'];

  return (
    `DECLARE kept text := current_setting(${name}); BEGIN PERFORM set_config(${name}, 'off', ${local}); ` +
    `EXECUTE ${quoteLiteral(sql)}; PERFORM set_config(${name}, kept, ${local}); EXCEPTION WHEN OTHERS THEN NULL; END`
  );
}

/**
 * What lies under a turn: the outer transaction and the scope's savepoint, the settings of whoever
 * has the turn, the guard on top. Nothing of it is sent before somebody needs it.
 */
export class SharedGround implements Ground {
  epoch = 0;
  facts: SchemaFacts | undefined;
  readonly belongings: Belongings = new Belongings();
  /** Whose statement the server's unnamed one is. */
  unnamed: object | undefined;

  readonly #hub: Hub;
  readonly #surroundings: Surroundings;
  #guard: GuardState = 'none';
  /** What was in force when each of the real scopes began. */
  #below: {
    readonly belongings: Belonging;
    readonly overridden: boolean;
    readonly ddl: boolean;
    readonly time: boolean;
  }[] = [];
  #overridden = false;
  /** Whether the time stands still now, and whether it did when the guard was set. */
  #timeStands = false;
  #timeStood = false;
  #listening = false;
  #signalling = false;
  /** Whether locks are left of clients that have gone. */
  #locked = false;
  #closing: { kind: 'statement' | 'portal'; name: string }[] = [];
  #ddl = false;
  /** The connection on which the guard's steps are prepared. */
  #guarding: RealConnection | undefined;
  /** Each step is answered alike, and none is anybody's. */
  readonly #step: Expectation = {
    kind: 'step',
    to: undefined,
    failed: (error) => this.#hub.link.giveUp(`the guard failed: ${readFields(error)['M'] ?? ''}`),
  };

  constructor(hub: Hub, surroundings: Surroundings) {
    this.#hub = hub;
    this.#surroundings = surroundings;
  }

  get version(): number {
    return Number.parseInt(this.#hub.link.defaults.get('server_version') ?? '', 10);
  }

  get settingUp(): boolean {
    return this.#hub.scopes.settingUp;
  }

  loginsChanged(): void {
    this.#hub.logins.changed = true;
  }

  get endangered(): boolean {
    return this.#hub.link.inheritance.timeouts.size > 0;
  }

  // ---- a turn

  prepare(): void {
    const { layers } = this.#hub.scopes;
    this.closeNow();
    this.tidy();

    const touch = layers.touch();
    if (this.#guard === 'none' || this.#guard === 'dirty' || touch.length > 0) this.#timeStood = this.#timeStands;
    if (!this.#overridden && this.#overrides) this.#prepareOverridden(touch);
    else if (touch.length > 0) this.#arm(this.#uncover(touch) + guardSql(arming('none')));
    else for (const step of arming(this.#guard)) this.#take(step);
    this.#guard = 'armed';
    this.#prepareSteps();
    this.#hub.identities.working(this.#below.length);
    if (this.facts === undefined) this.#askFacts();
    const question = this.#hub.identities.takeQuestion();
    if (question !== undefined) this.#askQuestion(question);
  }

  restrict(amid: boolean): void {
    if (amid) this.#hub.real.askQuietly([READ_ONLY], ({ error }) => this.#armed(READ_ONLY, error));
    else this.#take('restrict');
    // Whoever comes next needs a guard of its own: what runs above this one stays restricted.
    this.#guard = 'dirty';
  }

  time(stands: boolean): void {
    if (this.#surroundings.overrides.length === 0) return;

    if (stands) this.#take('timeStands');
    else if (this.#timeStands) this.#take('timeMoves');
    this.#timeStands = stands;
  }

  fail(): void {
    this.#hub.real.askSyntax('lockstep_refused', () => undefined);
  }

  #prepareOverridden(touch: readonly string[]): void {
    this.#arm(this.#uncover(touch));
    const { overrides, ownDatabase } = this.#surroundings;
    if (!ownDatabase) this.override(overrides);
    this.#overrideAnew([...(this.#listening ? [PG_NOTIFY] : []), ...(this.#signalling ? SIGNALS : [])]);
    this.#overridden = true;
    this.#arm(guardSql(arming('none')));
  }

  /** Does one thing to the guard. The server answers together with the client's own message. */
  #take(step: GuardStep): void {
    this.#prepareSteps();
    this.#hub.real.send(GUARD_MESSAGES[step], this.#step);
  }

  /** In good time: a transaction that has failed takes no Parse. */
  #prepareSteps(): void {
    const { real } = this.#hub;
    if (this.#guarding === real) return;

    this.#guarding = real;
    for (const bytes of GUARD_PARSES) real.send(bytes, { ...this.#step, kind: 'parse' });
  }

  /**
   * Statements of the relay's own, free of the timeouts of whoever spoke last: they may take longer than a client has
   * allowed for its own, and nobody would undo what they leave half done. Those that begin or end a transaction are
   * over at once, and settings that are made between them would be lost.
   */
  #unlimited(sql: string): string {
    const limits = STATEMENT_TIMEOUTS.filter((name) => this.belongings.applied.has(name));
    if (limits.length === 0 || sql === '') return sql;

    const back = limits.map((name) => this.belongings.applied.get(name));
    return [...limits.map((name) => `SET ${name}=0`), sql, ...back].join(';');
  }

  /** Asks for something while nobody has the turn. */
  look(sql: string, done: (told: Told) => void): void {
    const back = this.#guard === 'failed' ? guardSql(arming('failed')) : '';
    if (this.#guard === 'failed') this.#guard = 'armed';
    this.unnamed = undefined;
    this.#hub.real.ask(back + this.#unlimited(sql), done);
  }

  #askQuestion({ sql, heard }: Question): void {
    this.unnamed = undefined;
    this.#hub.real.ask(sql, ({ error, rows }) => {
      if (error === undefined) heard(rows[0]?.[0]);
    });
  }

  #askFacts(): void {
    this.unnamed = undefined;
    this.#hub.real.ask(this.#unlimited(SCHEMA_FACTS), ({ error, rows }) => {
      if (error === undefined) this.facts = readSchemaFacts(rows);
    });
  }

  committed(settings: SessionState['settings'], ddl: boolean, changed: boolean): void {
    this.belongings.applied = settings;
    if (ddl) {
      this.#ddl = true;
      this.belongings.rolesChanged();
    }
    if (changed || this.facts?.hiddenWrites !== false) this.#guard = 'dirty';
  }

  undone(): void {
    this.#guard = 'failed';
    this.#timeStands = this.#timeStood;
  }

  listening(within: boolean): void {
    if (this.#listening) return;

    this.#listening = true;
    this.#overridden = false;
    if (within) this.#overrideAnew([PG_NOTIFY]);
  }

  /** Statements that were prepared before, and those of functions, have kept the old ones: they are planned anew. */
  #overrideAnew(overrides: readonly string[]): void {
    if (overrides.length === 0) return;
    this.override(overrides);
    this.#arm(DISCARD_PLANS);
  }

  /** Somebody is about to cancel or end a backend; `within` if that is amid a transaction. */
  signalling(within: boolean): void {
    if (this.#signalling) return;

    this.#signalling = true;
    this.#overridden = false;
    if (within) this.#overrideAnew(SIGNALS);
  }

  /** What the client leaves behind ends when nobody has the turn, at the latest before the next turn. */
  leftBehind({ holds }: SessionState, locks: boolean): void {
    for (const name of holds) this.closeLater('portal', name);
    if (locks) this.#locked = true;
  }

  /** Ends what clients have left behind. */
  tidy(): void {
    if (!this.#locked) return;

    this.#locked = false;
    this.unnamed = undefined;
    this.#arm(`${this.#hub.scopes.settingUp ? '' : this.#uncover([])}SELECT pg_catalog.pg_advisory_unlock_all()`);
  }

  closeLater(kind: 'statement' | 'portal', name: string): void {
    this.#closing.push({ kind, name });
  }

  closeNow(): void {
    for (const target of this.#closing) this.#hub.real.send(front.close(target), { kind: 'close', to: undefined });
    this.#closing = [];
  }

  /** Takes the guard away and begins the outer transaction or the scope's savepoint, if need be. */
  #uncover(touch: readonly string[]): string {
    // Whoever spoke last may have had default_transaction_read_only set, which is not for all.
    const begun = touch.map((statement) => (statement === 'BEGIN' ? 'BEGIN READ WRITE;' : `${statement};`));
    const sql = guardSql(disarming(this.#guard)) + begun.join('');
    this.#guard = 'none';
    if (touch.length === 0) return sql;

    this.#below.push({
      belongings: this.belongings.all,
      overridden: this.#overridden,
      ddl: this.#ddl,
      time: this.#timeStands,
    });
    this.#ddl = false;
    this.#hub.noticeboard.held(true);
    const values = this.#hub.identities.touched(this.#below.length);
    return values.length === 0 ? sql : `${sql}${this.#aside(values)};`;
  }

  /** Statements that leave nothing behind but what no rollback takes: run by the login user, free of timeouts. */
  #aside(statements: readonly string[]): string {
    const point = `SAVEPOINT ${POINT}`;
    return [point, ...this.#unbound(statements), `ROLLBACK TO ${point}`, `RELEASE ${point}`].join(';');
  }

  #unbound(statements: readonly string[]): readonly string[] {
    const { applied } = this.belongings;
    const limits = STATEMENT_TIMEOUTS.filter((name) => applied.has(name)).map((name) => `SET ${name}=0`);
    return [...(hasIdentity(applied) ? RESET_IDENTITY : []), ...limits, ...statements];
  }

  #arm(sql: string): void {
    if (sql === '') return;

    this.unnamed = undefined;
    this.#hub.real.ask(sql, ({ error }) => this.#armed(sql, error));
  }

  #armed(sql: string, error: Buffer | undefined): void {
    if (error !== undefined) this.#hub.link.giveUp(`"${shortSql(sql)}" failed: ${readFields(error)['M'] ?? ''}`);
  }

  /** Brings the belongings below the guard, if nobody has to wait to learn whether the server takes them. */
  changeAtOnce(change: Change): boolean {
    const { scopes } = this.#hub;
    if (!change.sure || scopes.settingUp) return false;

    this.#arm(this.#uncover(scopes.layers.touch()) + change.statements.join(';'));
    change.made();
    return true;
  }

  /** Brings them below the guard, or leaves all as it was. */
  change(change: Change, done: (error: Buffer | undefined) => void): void {
    const { real, scopes } = this.#hub;
    const changes = change.statements.join(';');
    const sql = scopes.settingUp
      ? changes
      : `${this.#uncover(scopes.layers.touch())}SAVEPOINT ${POINT};${changes};RELEASE SAVEPOINT ${POINT}`;

    this.unnamed = undefined;
    real.ask(sql, ({ error }) => {
      if (error === undefined) {
        change.made();
        // Roles may be made and dropped still without a word to the relay.
        if (scopes.settingUp) this.belongings.rolesChanged();
        return done(undefined);
      }
      const kept = Buffer.from(error);
      if (scopes.settingUp) return done(kept);
      this.#hub.real.ask(`ROLLBACK TO SAVEPOINT ${POINT};RELEASE SAVEPOINT ${POINT}`, () => done(kept));
    });
  }

  // ---- functions that must act otherwise in a sandbox

  /** Each is tried: only a superuser may replace them. */
  override(overrides: readonly string[]): void {
    const { applied } = this.belongings;
    const doing = overrides.map((sql) => `DO LANGUAGE plpgsql ${quoteLiteral(unchecked(sql))}`);
    const statements = hasIdentity(applied) ? asLoginUser(doing, applied) : doing;
    if (doing.length > 0) this.#arm(this.#unlimited(statements.join(';')));
  }

  get #overrides(): boolean {
    const { overrides, ownDatabase } = this.#surroundings;
    return this.#listening || this.#signalling || (!ownDatabase && overrides.length > 0);
  }

  // ---- what it rests on

  /** Work that is to go lies above the guard, and nobody will say so any more. */
  abandoned(): void {
    this.undone();
  }

  /** How many of the scopes are real. */
  get depth(): number {
    return this.#below.length;
  }

  /**
   * The statements that end a scope, however long that takes.
   *
   * @param before what is to be run above the scope's work
   */
  ending(statements: readonly string[], before: readonly string[]): readonly string[] {
    if (before.length > 0 && (this.#guard !== 'none' || this.#hub.real.status !== FAILED)) {
      const sql = guardSql(disarming(this.#guard))
        .split(';')
        .filter((step) => step !== '');
      return [...sql, ...this.#unbound(before), ...statements];
    }
    // Without a guard nothing has been done since the scope's beginning, or nothing can be done but this.
    if (this.#guard === 'none') return statements;
    const limits = STATEMENT_TIMEOUTS.filter((name) => this.belongings.applied.has(name));
    if (limits.length === 0) return statements;
    return [`ROLLBACK TO SAVEPOINT ${GUARD}`, ...limits.map((name) => `SET ${name}=0`), ...statements];
  }

  /** What is to be run behind the rollback of a scope, when that is told of. */
  behind(statements: readonly string[]): readonly string[] {
    if (statements.length === 0) return [];
    if (this.#below.length > 0) return [this.#aside(statements)];
    return ['BEGIN READ WRITE', ...this.#unbound(statements), 'ROLLBACK'];
  }

  /** The innermost scope that is real is rolled back: what was in force when it began is so again. */
  rollingBack(): void {
    const below = this.#below.pop();
    this.#hub.noticeboard.held(this.#below.length > 0);
    this.belongings.restore(below?.belongings ?? NOTHING_APPLIED);
    this.#overridden = below?.overridden ?? false;
    this.#timeStands = below?.time ?? false;
    this.#guard = 'none';
    this.epoch += 1;
    this.unnamed = undefined;
    if (this.#ddl) {
      this.facts = undefined;
      this.belongings.rolesChanged();
    }
    this.#ddl = below?.ddl ?? false;
  }

  /** The outer transaction is gone. */
  lost(): void {
    this.epoch += 1;
    this.#guard = 'none';
    this.belongings.restore(NOTHING_APPLIED);
    this.#hub.identities.lost();
    this.facts = undefined;
    this.#ddl = false;
    this.#below = [];
    this.#hub.noticeboard.held(false);
    this.#overridden = false;
    this.#timeStands = false;
  }

  /** The connection to the server is gone. */
  forget(): void {
    this.lost();
    this.#hub.identities.forget();
    this.#hub.locks.forget();
    this.#closing = [];
    this.#locked = false;
    this.unnamed = undefined;
  }
}
