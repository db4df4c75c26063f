import type { Effect } from '../../../sql/effect.js';
import {
  AUTHENTICATION_OK,
  CLEARTEXT_PASSWORD,
  SSL_REFUSED,
  BIND_COMPLETE,
  CLOSE_COMPLETE,
  commandComplete,
  errorResponse,
  keyData,
  NO_DATA,
  NO_PARAMETERS,
  notification,
  parameterStatus,
  PARSE_COMPLETE,
  readFields,
  readTag,
  readyForQuery,
  type Status,
} from '../wire/backend.js';
import * as front from '../wire/frontend.js';
import { Front } from '../wire/frontend.js';
import { type Frame, FrontendReader } from '../wire/frontend-reader.js';
import { MalformedMessage } from '../wire/malformed.js';
import { Emulation, type Work } from './emulation.js';
import type { End, Sink } from './expectations.js';
import { failure, lockstepFailure } from './failure.js';
import type { Hub } from './hub.js';
import type { RealConnection, Told } from './real.js';
import { changeSettings, configuring, type Notice, setting } from './session-state.js';
import { isControl, readScript, type Script, type Statement } from './statement.js';

/** The client's end of a stream. */
export interface Line {
  /** What the client has to know; undefined where nobody else can come. */
  readonly password: string | undefined;
  write(bytes: Buffer): void;
  /** Stops and resumes reading from the client. */
  pause(): void;
  resume(): void;
  /** Says goodbye: what was written is sent, then the stream ends. */
  end(): void;
  /** Ends the stream at once. */
  destroy(): void;
}

/** A prepared statement. Without `statement` its text is none that could be read. */
interface Prepared {
  readonly sql: string;
  readonly statement: Statement | undefined;
  /** Whether the relay answers it. */
  readonly local: boolean;
  /** Types of the parameters, as they were sent. */
  readonly rest: Buffer;
  /** The real connection that it was prepared on. */
  on: RealConnection | undefined;
}

const EMPTY: Effect = { kind: 'empty' };
const WRITE: Effect = { kind: 'write' };
/** What is kept of a client's bytes while it waits; then its stream is paused. */
const ENOUGH = 1 << 20;
const PROTOCOL_3 = 3;

/**
 * A virtual connection: what one client believes to be its own server process.
 *
 * Its messages come in units: one Query, or extended messages up to a Sync. A unit begins when the
 * client has the turn, and the next is not looked at before the unit has been answered. Inside a
 * unit everything is pipelined, except around statements that end, begin or mark transactions:
 * these wait until all before them has been answered, so nothing is ever planned on a guess.
 */
export class Client implements Sink {
  readonly id: number;
  name: string;
  /** Whether it is the test's own. */
  own = false;
  readonly secretKey: number;
  readonly emulation: Emulation;
  lastSql: string | undefined;
  /** When it took the turn, and when its transaction ran its last statement, in milliseconds of the clock. */
  since = 0;
  idleSince = 0;
  /** Title of the test at whose end it was cut, because it had a transaction open. */
  cutBy: string | undefined;
  /** Status of a transaction that is real, before the first scope. */
  realStatus: Status = 'I';

  readonly #hub: Hub;
  readonly #line: Line;
  readonly #reader = new FrontendReader();
  readonly #statements = new Map<string, Prepared>();
  readonly #portals = new Map<string, Prepared | undefined>();
  /** Portals of the relay's own that were executed: that can be done once. */
  readonly #ran = new Set<string>();
  readonly #told = new Map<string, string>();
  #toldVersion = -1;
  #phase: 'startup' | 'password' | 'ready' | 'simple' | 'extended' | 'skipping' | 'closed' = 'startup';
  /** Waits for the turn, or for answers; messages of the client have to wait as well. */
  #blocked = false;
  #paused = false;
  #pending: Frame | undefined;
  #failed = false;
  #copying = false;
  /** Whether the unit may have changed something that a commit has to look at. */
  #inert = true;
  #afterIdle: (() => void) | undefined;
  /** Counts the units: what was asked for in an earlier one is of no interest. */
  #unit = 0;
  #began = 0;
  #out: Buffer[] = [];

  constructor(hub: Hub, line: Line, id: number, secretKey: number) {
    this.#hub = hub;
    this.#line = line;
    this.id = id;
    this.secretKey = secretKey;
    this.name = `postgres connection ${id}`;
    this.emulation = new Emulation(this.name, `lockstep_${id}_`, hub.ground, (bytes) => this.send(bytes));
  }

  /** Whether the client is amid something that a test's end would interrupt. */
  get busy(): boolean {
    if (this.#phase === 'closed' || this.#isComing()) return false;
    return this.#phase !== 'ready' || this.#blocked || this.inTransaction;
  }

  get inTransaction(): boolean {
    if (this.cutBy !== undefined) return false;
    return this.emulation.transaction.open || this.realStatus !== 'I';
  }

  /** Whether an answer of the server is outstanding. */
  get running(): boolean {
    return this.#hub.turns.holder === this && !this.#hub.real.idle;
  }

  /** Answers go out together, when all that has come was read. */
  send(bytes: Buffer): void {
    if (this.#phase === 'closed') return;

    this.#hub.settle();
    if (this.#out.length === 0) this.#hub.wrote(this);
    this.#out.push(bytes);
  }

  flush(): void {
    const out = this.#out;
    if (out.length === 0) return;

    this.#out = [];
    this.#line.write(out.length === 1 && out[0] !== undefined ? out[0] : Buffer.concat(out));
  }

  receive(chunk: Buffer): void {
    this.#reader.push(chunk);
    this.#pump();
    this.#hub.flush();
    if (this.#blocked && this.#reader.held > ENOUGH && !this.#paused) {
      this.#paused = true;
      this.#line.pause();
    }
  }

  /** The client has gone. */
  disconnected(): void {
    if (this.#phase === 'closed') return;

    this.#abandon();
    this.#phase = 'closed';
    this.#out = [];
    this.#hub.gone(this);
    for (const [name, { on }] of this.#statements)
      if (on === this.#hub.real && name !== '') this.#hub.ground.closeLater('statement', this.emulation.prefix + name);
    this.#hub.flush();
  }

  /** The turn has come. */
  granted(): void {
    const frame = this.#pending;
    this.#pending = undefined;
    this.#blocked = false;
    if (frame !== undefined) this.#guarded(() => this.#start(frame));
    this.#pump();
  }

  /** The turn will not come. */
  refused(error: Error): void {
    const frame = this.#pending;
    this.#pending = undefined;
    this.#blocked = false;
    if (frame !== undefined) this.#refuse(frame, lockstepFailure(error));
    this.#pump();
  }

  /** All answers have come. */
  idle(): void {
    const then = this.#afterIdle;
    if (then === undefined) return;

    this.#afterIdle = undefined;
    this.#blocked = false;
    if (this.#phase !== 'skipping') this.#guarded(then);
    this.#pump();
  }

  /** Ends what the client is amid, with an error. */
  abort(error: Buffer): void {
    if (this.#phase === 'ready' || this.#phase === 'closed' || this.#isComing()) return;
    if (this.#pending !== undefined) return;

    const simple = this.#phase === 'simple';
    const syncing = this.#phase === 'extended' && this.#blocked && this.#syncing;
    // An error cannot be told inside a row, so the connection ends as by an administrator's command.
    if (this.#hub.real.amid(this)) {
      this.disconnected();
      return this.#line.destroy();
    }
    this.#abandon();
    if (this.#phase === 'skipping') return;
    this.#failed = true;
    this.send(error);
    if (simple || syncing) {
      this.#phase = 'ready';
      this.send(readyForQuery(this.#status()));
    } else {
      this.#phase = 'skipping';
    }
    this.#hub.later(() => this.#pump());
  }

  /** Delivers what the client listens to. */
  notified({ channel, payload }: Notice, from: number): void {
    if (this.emulation.state.listens.has(channel)) this.send(notification(from, channel, payload));
  }

  /** The connection to the server is gone, with everything that was on it. */
  lost(error: Buffer): void {
    this.#portals.clear();
    this.emulation.reset();
    this.realStatus = 'I';
    this.abort(error);
  }

  /** A cancel request came for this client. True if it is running something. */
  cancelled(): boolean {
    if (this.#pending === undefined) return this.running;

    this.#hub.forget(this);
    const frame = this.#pending;
    this.#pending = undefined;
    this.#blocked = false;
    this.#refuse(frame, failure('57014', 'canceling statement due to user request'));
    this.#pump();
    this.#hub.flush();
    return false;
  }

  get #syncing(): boolean {
    return this.#syncSent;
  }
  #syncSent = false;

  #pump(): void {
    this.#guarded(() => {
      while (!this.#blocked && this.#phase !== 'closed') {
        const frame = this.#reader.next();
        if (frame === undefined) break;
        this.#handle(frame);
      }
    });
    if (this.#paused && this.#reader.held < ENOUGH) {
      this.#paused = false;
      this.#line.resume();
    }
    this.#hub.mark(this);
  }

  /** A client that sends nonsense is told so and cut off, as by the server. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof MalformedMessage) && !(error instanceof RangeError)) throw error;
      // Whoever does not even begin as a client is not answered, as by the server.
      if (this.#phase !== 'startup') this.#tellFatal('08P01', error.message);
      this.#hang();
    }
  }

  #tellFatal(code: string, message: string): void {
    this.send(errorResponse({ S: 'FATAL', V: 'FATAL', C: code, M: message }));
  }

  #hang(): void {
    this.flush();
    this.disconnected();
    this.#line.end();
  }

  #handle(frame: Frame): void {
    if (this.#phase === 'startup') return this.#open(frame);
    if (this.#phase === 'password') return this.#checkPassword(frame);
    if (frame.type === Front.terminate) return this.#hang();
    if (this.#copying) return this.#copy(frame);
    if (this.#phase === 'skipping') {
      if (frame.type === Front.sync) this.#sync();
      return;
    }
    if (this.#phase === 'extended') return this.#extended(frame);

    switch (frame.type) {
      case Front.sync:
        this.send(readyForQuery(this.#status()));
        return;
      case Front.flush:
      case Front.copyData:
      case Front.copyDone:
      case Front.copyFail:
        return;
      case Front.query:
      case Front.functionCall:
      case Front.parse:
      case Front.bind:
      case Front.describe:
      case Front.execute:
      case Front.close:
        return this.#begin(frame);
      default:
        throw new MalformedMessage(`invalid frontend message type ${frame.type}`);
    }
  }

  #open(frame: Frame): void {
    const opening = front.readOpening(frame);
    switch (opening.kind) {
      case 'ssl':
        this.send(SSL_REFUSED);
        return;
      case 'cancel':
        this.#hub.cancel(opening.processId, opening.secretKey);
        this.#hang();
        return;
      case 'startup':
        break;
    }
    if (opening.version >>> 16 !== PROTOCOL_3) {
      const version = `${opening.version >>> 16}.${opening.version & 0xffff}`;
      this.#tellFatal('0A000', `unsupported frontend protocol ${version}: server supports 3.0 to 3.0`);
      return this.#hang();
    }
    const replication = opening.parameters.get('replication') ?? 'false';
    if (!/^(?:false|off|no|0)$/i.test(replication)) {
      this.send(errorResponse({ S: 'FATAL', V: 'FATAL', C: '0A000', M: 'A sandbox has no replication.' }));
      return this.#hang();
    }

    this.#reader.started();
    this.#opening = opening.parameters;
    if (this.#line.password === undefined) return this.#welcome();
    this.#phase = 'password';
    this.send(CLEARTEXT_PASSWORD);
  }

  /** Whether the client has not been let in yet. */
  #isComing(): boolean {
    return this.#phase === 'startup' || this.#phase === 'password';
  }

  #checkPassword(frame: Frame): void {
    const given = frame.bytes.subarray(5, -1).toString();
    if (frame.type === Front.password && given === this.#line.password) return this.#welcome();

    const message = "The sandbox's password is in the URL that the config's database.env or swap hands out.";
    this.send(errorResponse({ S: 'FATAL', V: 'FATAL', C: '28P01', M: message }));
    this.#hang();
  }

  #welcome(): void {
    this.own = this.#hub.isOwn(this.#opening);
    if (this.own) this.#hub.ownCame(this);
    this.#adopt(this.#opening);
    this.#phase = 'ready';
    this.send(AUTHENTICATION_OK);
    for (const [name, value] of this.#hub.defaults) this.#tell(name, this.#startupValue(name) ?? value);
    this.send(keyData(this.id, this.secretKey));
    this.send(readyForQuery('I'));
  }

  #opening: ReadonlyMap<string, string> = new Map();
  #startup: ReadonlyMap<string, string> = new Map();

  #startupValue(name: string): string | undefined {
    return this.#startup.get(name.toLowerCase());
  }

  /** Settings that came with the startup message are the client's own, until it changes them. */
  #adopt(parameters: ReadonlyMap<string, string>): void {
    const settings = new Map<string, string>();
    for (const [name, value] of parameters) {
      if (name === 'options') for (const [option, set] of readOptions(value)) settings.set(option, set);
      else if (!NO_SETTING.has(name) && !name.startsWith('_pq_.')) settings.set(name.toLowerCase(), value);
    }

    const real = new Map([...this.#hub.defaults].map(([name, value]) => [name.toLowerCase(), value]));
    for (const [name, value] of settings) {
      if (name === 'client_encoding' && /^'?utf-?8'?$/i.test(value)) settings.delete(name);
      else if (real.get(name) === value) settings.delete(name);
      else this.emulation.state = setting(this.emulation.state, name, configuring(name, value));
    }
    this.emulation.staged = this.emulation.state;
    this.emulation.defaults = this.emulation.state.settings;
    this.#startup = settings;
  }

  #tell(name: string, value: string): void {
    this.#told.set(name, value);
    this.send(parameterStatus(name, value));
  }

  #begin(frame: Frame): void {
    const [sql, effects] = this.#about(frame);
    if (sql !== undefined) {
      this.lastSql = sql;
      this.#hub.saw(sql);
    }

    const refusal = this.#hub.admit(this, effects);
    if (refusal !== undefined) return this.#refuse(frame, lockstepFailure(refusal));
    if (this.#hub.enter(this, this.lastSql ?? '')) return this.#start(frame);
    // Not this frame's fault if it was granted and run meanwhile.
    this.#pending = frame;
    this.#blocked = true;
  }

  /** What a unit is about, as far as its first message tells. */
  #about(frame: Frame): readonly [sql: string | undefined, effects: readonly Effect[]] {
    let sql: string | undefined;
    switch (frame.type) {
      case Front.query:
        sql = front.readQuery(frame);
        break;
      case Front.parse:
        sql = front.readParse(frame).sql;
        break;
      case Front.bind:
        sql = this.#statements.get(front.readBind(frame).statement)?.sql;
        break;
    }
    return [sql, sql === undefined ? [WRITE] : effectsOf(readScript(sql))];
  }

  #refuse(frame: Frame, error: Buffer): void {
    this.#hub.declined(this);
    this.#logFailure(error);
    this.send(error);
    if (frame.type === Front.query || frame.type === Front.functionCall) this.send(readyForQuery(this.#status()));
    else {
      this.#failed = true;
      this.#phase = 'skipping';
    }
  }

  /** The client has the turn. */
  #start(frame: Frame): void {
    const { emulation } = this;
    this.#unit += 1;
    this.#failed = false;
    this.#inert = true;
    this.#syncSent = false;
    if (!this.inTransaction) emulation.staged = emulation.state;

    const changes = this.inTransaction ? [] : changeSettings(this.#hub.applied, emulation.state.settings);
    if (changes.length === 0) return this.#go(frame);

    this.#blocked = true;
    const unit = this.#unit;
    this.#phase = 'simple';
    this.#hub.changeSettings(changes, emulation.state.settings, (error) => {
      if (unit !== this.#unit) return;
      this.#blocked = false;
      this.#phase = 'ready';
      if (error === undefined) this.#guarded(() => this.#go(frame));
      else {
        // A setting that cannot be any more, e.g. a role that was rolled back.
        emulation.state = { ...emulation.state, settings: new Map() };
        this.#refuse(frame, error);
        this.#hub.leave(this);
      }
      this.#pump();
    });
  }

  #go(frame: Frame): void {
    if (frame.type === Front.query) this.#query(frame);
    else if (frame.type === Front.functionCall) this.#call(frame);
    else {
      this.#phase = 'extended';
      this.#extended(frame);
    }
  }

  #query(frame: Frame): void {
    const sql = front.readQuery(frame);
    const script = readScript(sql);
    this.#phase = 'simple';
    this.#statements.delete('');
    this.#began = this.#hub.now();

    if (this.#hub.settingUp) return this.#forwardQuery(frame, script, sql);
    if (!script.plain) return this.#run(this.#script(script.statements, sql), () => this.#finish());

    if (script.ddl) this.emulation.schemaChanged();
    this.emulation.enter();
    this.#forwardQuery(frame, script, sql);
  }

  #forwardQuery(frame: Frame, script: Script, sql: string): void {
    const unit = this.#unit;
    const hold = !this.inTransaction && !this.#hub.settingUp && this.emulation.commitMatters(script.inert);
    let tag: string | undefined;

    this.#blocked = true;
    this.#hub.unnamed = undefined;
    this.#hub.real.send(frame.bytes, {
      kind: 'query',
      to: this,
      hold,
      tag: (bytes) => (tag = this.#hub.observing ? readTag(bytes) : undefined),
      failed: (error) => {
        if (unit === this.#unit) this.#fail(error);
      },
      copyIn: () => {
        if (unit === this.#unit) this.#copyIn();
      },
      done: (end) => {
        if (unit !== this.#unit || !this.#alive(end.status, sql)) return;
        if (!this.#failed) this.#log(sql, tag);
        if (this.#hub.settingUp) this.#trackSetup(script);
        this.#concludeQuery(end, hold);
      },
    });
  }

  #concludeQuery({ held }: End, hold: boolean): void {
    if (!hold || this.#failed) {
      if (held !== undefined) this.send(held);
      this.#finish();
      return this.#pump();
    }
    this.#run(this.#commitImplicit(held), () => this.#finish());
  }

  *#commitImplicit(held: Buffer | undefined): Work {
    const error = yield* this.emulation.commit();
    if (error === undefined) {
      if (held !== undefined) this.send(held);
    } else {
      this.#failed = true;
      this.#logFailure(error);
      this.send(error);
    }
  }

  #call(frame: Frame): void {
    const unit = this.#unit;
    this.#phase = 'simple';
    if (!this.#hub.settingUp) this.emulation.enter();
    this.#blocked = true;
    this.#hub.real.send(frame.bytes, {
      kind: 'call',
      to: this,
      failed: (error) => {
        if (unit === this.#unit) this.#fail(error);
      },
      done: ({ status }) => {
        if (unit !== this.#unit || !this.#alive(status, 'a function call')) return;
        this.#finish();
        this.#pump();
      },
    });
  }

  /** A text of which some statement cannot be forwarded as it is: one after the other. */
  *#script(statements: readonly Statement[], sql: string): Work {
    const { emulation } = this;

    for (const [index, statement] of statements.entries()) {
      const alone = statements.length === 1;
      const last = index === statements.length - 1;
      const done = yield* this.#statement(statement, sql, alone, last);
      if (!done) {
        this.#failed = true;
        return;
      }
    }
    if (emulation.transaction.open || !emulation.commitMatters(false)) return;
    yield* this.#commitImplicit(this.#heldTag);
    this.#heldTag = undefined;
  }

  #heldTag: Buffer | undefined;

  *#statement(statement: Statement, sql: string, alone: boolean, last: boolean): Work<boolean> {
    const { emulation } = this;
    const { effect, special } = statement;
    const began = this.#hub.now();

    let done = true;
    let tag: string | undefined;
    if (effect.kind === 'refused') done = yield* emulation.refuse(effect);
    else if (isControl(effect)) {
      done = yield* emulation.control(effect);
      if (effect.kind === 'commit' || effect.kind === 'rollback') this.#closePortals();
    } else if (special !== undefined && emulation.isLocal(statement, alone)) done = yield* emulation.local(special);
    else if (special?.kind === 'discard') done = yield* this.#discard();
    else if (special?.kind === 'deallocateAll') done = yield* this.#deallocateAll();
    else {
      if (effect.kind === 'ddl') emulation.schemaChanged();
      emulation.enter();
      // Blank space keeps the place that an error message points to.
      const text = ' '.repeat(statement.start) + emulation.renamed(statement.sql, special);
      const hold = last && !emulation.transaction.open && emulation.commitMatters(false);
      const told = yield { sql: text, pass: true, hold };
      done = told.error === undefined;
      this.#heldTag = told.held;
      tag = this.#lastTag;
      if (done && special !== undefined) yield* emulation.track(special);
    }
    if (done && this.#hub.observing)
      this.#hub.log({
        connection: this.name,
        sql: alone ? sql : statement.sql,
        duration: this.#hub.now() - began,
        rows: countOf(tag),
      });
    return done;
  }

  #lastTag: string | undefined;

  *#discard(): Work<boolean> {
    const { emulation } = this;
    if (emulation.transaction.open)
      return yield* emulation.reject('25001', 'DISCARD ALL cannot run inside a transaction block');

    yield* emulation.track({ kind: 'unlisten', channel: undefined });
    emulation.staged = { ...emulation.staged, listens: new Set() };
    emulation.enter();
    yield { sql: 'RESET ALL' };
    yield* emulation.track({ kind: 'reset', name: undefined });
    yield* this.#forgetStatements();
    this.send(commandComplete('DISCARD ALL'));
    return true;
  }

  *#deallocateAll(): Work<boolean> {
    yield* this.#forgetStatements();
    this.send(commandComplete('DEALLOCATE ALL'));
    return true;
  }

  *#forgetStatements(): Work {
    this.emulation.enter();
    const { rows } = yield { sql: 'SELECT pg_catalog.quote_ident(name), name FROM pg_catalog.pg_prepared_statements' };
    for (const [quoted, name] of rows)
      if (name?.startsWith(this.emulation.prefix) === true) yield { sql: `DEALLOCATE ${quoted ?? ''}` };
    this.#statements.clear();
  }

  /** Carries out work of several steps; the client's next messages wait. */
  #run(work: Work, then: () => void): void {
    const unit = this.#unit;
    const { real } = this.#hub;
    this.#blocked = true;

    const step = (told?: Told): void => {
      if (unit !== this.#unit) return;
      if (told !== undefined && !this.#alive(told.status, this.lastSql ?? '')) return;

      const { value, done } = told === undefined ? work.next() : work.next(told);
      if (done === true) {
        this.#blocked = false;
        then();
        this.#pump();
        return;
      }
      this.#hub.unnamed = undefined;
      if (value.pass === true) this.#askAs(value.sql, value.hold === true, step);
      else real.ask(value.sql, step);
    };
    step();
  }

  /** A statement of the client's own, whose answer it gets, all but the end. */
  #askAs(sql: string, hold: boolean, done: (told: Told) => void): void {
    const unit = this.#unit;
    let error: Buffer | undefined;
    this.#lastTag = undefined;

    this.#hub.real.send(front.query(sql), {
      kind: 'query',
      to: this,
      hold,
      tag: (bytes) => (this.#lastTag = readTag(bytes)),
      failed: (bytes) => {
        error = Buffer.from(bytes);
        if (unit === this.#unit) this.#fail(bytes);
      },
      copyIn: () => {
        if (unit === this.#unit) this.#copyIn();
      },
      done: ({ status, held }) => done({ error, rows: [], status, held }),
    });
  }

  #extended(frame: Frame): void {
    switch (frame.type) {
      case Front.parse:
        return this.#parse(frame);
      case Front.bind:
        return this.#bind(frame);
      case Front.describe:
        return this.#describe(frame);
      case Front.execute:
        return this.#execute(frame);
      case Front.close:
        return this.#close(frame);
      case Front.flush:
        if (!this.#hub.real.idle) this.#hub.real.raw(front.FLUSH);
        return;
      case Front.sync:
        return this.#sync();
      case Front.query:
      case Front.functionCall:
        // Nobody mixes the two without a Sync; whoever does gets one.
        return this.#afterAnswers(() => this.#finishBatch(() => this.#begin(frame)));
      case Front.copyData:
      case Front.copyDone:
      case Front.copyFail:
        return;
      default:
        throw new MalformedMessage(`invalid frontend message type ${frame.type}`);
    }
  }

  #parse(frame: Frame): void {
    const { name, sql, rest } = front.readParse(frame);
    const { statements } = readScript(sql);
    const statement = statements.length === 1 ? statements[0] : undefined;
    const { emulation } = this;
    this.lastSql = sql;
    this.#hub.saw(sql);

    const own = statement !== undefined && !this.#hub.settingUp && this.#answersItself(statement);
    if (!own) return this.#prepare(frame, name, { sql, statement, local: false, rest, on: undefined });

    if (statement.effect.kind === 'refused') {
      const { effect } = statement;
      return this.#afterAnswers(() => this.#runExtended(emulation.refuse(effect)));
    }
    if (emulation.transaction.failed && !ends(statement)) return this.#rejectAborted();
    if (name !== '' && this.#statements.has(name))
      return this.#rejectExtended('42P05', `prepared statement "${name}" already exists`);

    const restore = undoing(this.#statements, name);
    this.#statements.set(name, { sql, statement, local: true, rest, on: undefined });
    this.#hub.real.local(PARSE_COMPLETE, this, restore);
  }

  /** Whether the relay carries the statement out. */
  #answersItself(statement: Statement): boolean {
    const { effect, special } = statement;
    if (effect.kind === 'refused' || isControl(effect)) return true;
    if (special?.kind === 'discard' || special?.kind === 'deallocateAll') return true;
    return this.emulation.isLocal(statement, true);
  }

  #prepare(frame: Frame, name: string, prepared: Prepared): void {
    const { sql, statement, rest } = prepared;
    const before = this.#statements.get(name);
    this.#enterReal();

    const text =
      statement === undefined
        ? sql
        : this.emulation.renamed(statement.sql === sql.trim() ? sql : statement.sql, statement.special);
    const bytes = name === '' && text === sql ? frame.bytes : front.parse(this.#realName(name), text, rest);
    const restore = undoing(this.#statements, name);
    if (name !== '' && before?.local === true) {
      // Its own errors come first, so the server has a look at it.
      const { real } = this.#hub;
      this.#forward(bytes, 'parse', undefined, true);
      real.send(front.close({ kind: 'statement', name: this.#realName(name) }), { kind: 'close', to: undefined });
      return this.#rejectExtended('42P05', `prepared statement "${name}" already exists`);
    }
    prepared.on = this.#hub.real;
    this.#statements.set(name, prepared);
    if (name === '') this.#hub.unnamed = this;
    this.#forward(bytes, 'parse', restore);
  }

  #bind(frame: Frame): void {
    const { portal, statement, rest } = front.readBind(frame);
    const prepared = this.#statements.get(statement);

    if (prepared === undefined && statement === '')
      return this.#rejectExtended('26000', 'unnamed prepared statement does not exist');
    const holds = portal === '' ? undefined : this.#portals.get(portal);
    if (prepared?.local === true && this.emulation.transaction.failed && !ends(prepared.statement))
      return this.#rejectAborted();
    if (holds !== undefined && (prepared?.local === true || holds.local))
      return this.#rejectExtended('42P03', `cursor "${portal}" already exists`);
    if (prepared?.local === true) {
      this.lastSql = prepared.sql;
      const restore = undoing(this.#portals, portal);
      this.#portals.set(portal, prepared);
      this.#ran.delete(portal);
      return this.#hub.real.local(BIND_COMPLETE, this, restore);
    }

    this.#enterReal();
    if (prepared !== undefined) {
      this.lastSql = prepared.sql;
      this.#replay(statement, prepared);
    }
    const restore = undoing(this.#portals, portal);
    this.#portals.set(portal, prepared);
    const bytes = statement === '' ? frame.bytes : front.bind(portal, this.#realName(statement), rest);
    this.#forward(bytes, 'bind', restore);
  }

  #describe(frame: Frame): void {
    const target = front.readTarget(frame);
    const { kind, name } = target;
    const prepared = kind === 'statement' ? this.#statements.get(name) : this.#portals.get(name);

    if (prepared?.local === true) {
      if (kind === 'statement') this.#hub.real.local(NO_PARAMETERS, this);
      return this.#hub.real.local(NO_DATA, this);
    }
    if (name === '' && prepared === undefined) {
      if (kind === 'statement') return this.#rejectExtended('26000', 'unnamed prepared statement does not exist');
      if (!this.#portals.has('')) return this.#rejectExtended('34000', 'portal "" does not exist');
    }

    this.#enterReal();
    if (kind === 'statement' && prepared !== undefined) this.#replay(name, prepared);
    const bytes = kind === 'portal' || name === '' ? frame.bytes : front.describe({ kind, name: this.#realName(name) });
    this.#forward(bytes, kind);
  }

  #execute(frame: Frame): void {
    const { portal } = front.readExecute(frame);
    const prepared = this.#portals.get(portal);
    // In a failed transaction the server has a word for that, too.
    if (portal === '' && !this.#portals.has('') && !this.emulation.transaction.failed)
      return this.#rejectExtended('34000', 'portal "" does not exist');

    const statement = prepared?.statement;
    if (prepared?.local === true && statement !== undefined) {
      if (this.#ran.has(portal)) return this.#rejectExtended('55000', `portal "${portal}" cannot be run`);
      this.#ran.add(portal);
      return this.#afterAnswers(() => {
        const began = this.#hub.now();
        this.#runExtended(this.#local(statement, prepared.sql, began));
      });
    }

    this.#enterReal();
    if (statement?.inert !== true) this.#inert = false;
    if (statement?.effect.kind === 'ddl') this.emulation.schemaChanged();
    const unit = this.#unit;
    const began = this.#hub.now();
    const sql = prepared?.sql ?? this.lastSql ?? '';
    const special = statement?.special;
    this.#hub.real.send(frame.bytes, {
      kind: 'execute',
      to: this,
      tag: (bytes) => {
        if (unit !== this.#unit) return;
        if (this.#hub.observing)
          this.#hub.log({
            connection: this.name,
            sql,
            duration: this.#hub.now() - began,
            rows: countOf(readTag(bytes)),
          });
      },
      failed: (error) => {
        if (unit === this.#unit) this.#failExtended(error);
      },
      copyIn: () => {
        if (unit === this.#unit) this.#copyIn();
      },
    });
    if (special !== undefined) this.#executeSpecial(statement);
  }

  /** What the execution means for the session is known when it has succeeded. */
  #executeSpecial(statement: Statement | undefined): void {
    const special = statement?.special;
    if (special === undefined) return;

    this.#afterAnswers(() => {
      if (!this.#hub.settingUp) this.#runExtended(this.#tracking(statement));
      else this.emulation.staged = setupState(this.emulation.staged, special);
    });
  }

  *#tracking(statement: Statement | undefined): Work<boolean> {
    if (statement?.special !== undefined) yield* this.emulation.track(statement.special);
    return true;
  }

  *#local(statement: Statement, sql: string, began: number): Work<boolean> {
    const { effect, special } = statement;
    let done = true;
    if (isControl(effect)) done = yield* this.emulation.control(effect);
    else if (special?.kind === 'discard') done = yield* this.#discard();
    else if (special?.kind === 'deallocateAll') done = yield* this.#deallocateAll();
    else if (special !== undefined) done = yield* this.emulation.local(special);
    if (!this.emulation.transaction.open || effect.kind === 'commit' || effect.kind === 'rollback')
      this.#closePortals();
    if (done && this.#hub.observing)
      this.#hub.log({ connection: this.name, sql, duration: this.#hub.now() - began, rows: 0 });
    return done;
  }

  #close(frame: Frame): void {
    const target = front.readTarget(frame);
    const { kind, name } = target;
    const map: Map<string, Prepared | undefined> = kind === 'statement' ? this.#statements : this.#portals;
    const prepared = map.get(name);
    const restore = undoing(map, name);
    map.delete(name);

    if (prepared?.local === true || (name === '' && prepared === undefined))
      return this.#hub.real.local(CLOSE_COMPLETE, this, restore);
    const bytes = kind === 'portal' || name === '' ? frame.bytes : front.close({ kind, name: this.#realName(name) });
    this.#forward(bytes, 'close', restore);
  }

  #forward(
    bytes: Buffer,
    kind: 'parse' | 'bind' | 'statement' | 'portal' | 'close',
    undo?: (failed?: boolean) => void,
    unseen = false,
  ): void {
    const unit = this.#unit;
    this.#hub.real.send(bytes, {
      kind,
      to: unseen ? undefined : this,
      failed: (error) => {
        undo?.(true);
        if (unit === this.#unit) this.#failExtended(error);
      },
      dropped: () => undo?.(),
    });
  }

  /** A statement that the real connection has lost, or that another client's has replaced, is prepared again. */
  #replay(name: string, prepared: Prepared): void {
    const { real } = this.#hub;
    const there = prepared.on === real && (name !== '' || this.#hub.unnamed === this);
    if (there) return;

    const unit = this.#unit;
    prepared.on = real;
    if (name === '') this.#hub.unnamed = this;
    const text =
      prepared.statement === undefined
        ? prepared.sql
        : this.emulation.renamed(prepared.statement.sql, prepared.statement.special);
    real.send(front.parse(this.#realName(name), text, prepared.rest), {
      kind: 'parse',
      to: undefined,
      failed: (error) => {
        prepared.on = undefined;
        if (unit === this.#unit) this.#failExtended(error);
      },
      dropped: () => (prepared.on = undefined),
    });
  }

  #realName(name: string): string {
    return name === '' ? '' : this.emulation.prefix + name;
  }

  #enterReal(): void {
    if (!this.#hub.settingUp) this.emulation.enter();
  }

  #runExtended(work: Work<boolean>): void {
    const wrapped = function* (finish: (done: boolean) => void): Work {
      finish(yield* work);
    };
    this.#run(
      wrapped((done) => {
        if (done) return;
        this.#failed = true;
        this.#phase = 'skipping';
      }),
      () => undefined,
    );
  }

  /** What a failed transaction says to everything but its end. */
  #rejectAborted(): void {
    const begin: Effect = { kind: 'begin', mode: undefined, tag: 'BEGIN' };
    this.#afterAnswers(() => this.#runExtended(this.emulation.control(begin)));
  }

  #rejectExtended(code: string, message: string): void {
    this.#afterAnswers(() => this.#runExtended(this.emulation.reject(code, message)));
  }

  /** Goes on when everything that was forwarded is answered. */
  #afterAnswers(then: () => void): void {
    const { real } = this.#hub;
    if (real.idle) return then();

    real.raw(front.FLUSH);
    this.#blocked = true;
    this.#afterIdle = then;
  }

  #sync(): void {
    this.#syncSent = true;
    if (this.#hub.turns.holder !== this) {
      // It was refused, and nothing has reached the server.
      this.#phase = 'ready';
      this.send(readyForQuery(this.#status()));
      return;
    }
    const { emulation } = this;
    const commits =
      !this.#failed && !this.inTransaction && !this.#hub.settingUp && emulation.commitMatters(this.#inert);
    if (!commits) return this.#finishBatch(() => this.#finish());

    this.#afterAnswers(() => {
      // A batch that failed has nothing to commit, and the server hears nothing before its Sync.
      if (this.#failed) return this.#finishBatch(() => this.#finish());
      this.#run(this.#commitImplicit(undefined), () => this.#finishBatch(() => this.#finish()));
    });
  }

  /** Sends the Sync if the server needs one. */
  #finishBatch(then: () => void): void {
    const { real } = this.#hub;
    if (!real.unsynced && real.idle) return then();

    const unit = this.#unit;
    this.#blocked = true;
    real.send(front.SYNC, {
      kind: 'sync',
      to: this,
      failed: (error) => {
        if (unit === this.#unit) this.#fail(error);
      },
      done: ({ status }) => {
        if (unit !== this.#unit || !this.#alive(status, this.lastSql ?? '')) return;
        this.#blocked = false;
        then();
        this.#pump();
      },
    });
  }

  #copyIn(): void {
    this.#copying = true;
    this.#blocked = false;
    this.#hub.later(() => this.#pump());
  }

  #copy(frame: Frame): void {
    switch (frame.type) {
      case Front.copyData:
        this.#hub.real.raw(frame.bytes);
        return;
      case Front.copyDone:
      case Front.copyFail:
        this.#hub.real.raw(frame.bytes);
        this.#endCopy();
        return;
      case Front.flush:
      case Front.sync:
        return;
      default:
        this.#hub.real.raw(
          front.copyFail(`unexpected message type 0x${frame.type.toString(16)} during COPY from stdin`),
        );
        this.#endCopy();
    }
  }

  #endCopy(): void {
    this.#copying = false;
    this.#blocked = this.#phase === 'simple' || this.#afterIdle !== undefined;
    if (this.#afterIdle !== undefined) this.#hub.real.raw(front.FLUSH);
  }

  #fail(error: Buffer): void {
    this.#failed = true;
    if (this.#copying) this.#blocked = true;
    this.#copying = false;
    this.emulation.fail();
    this.#logFailure(error);
    this.send(this.#withOwnNames(error));
  }

  #failExtended(error: Buffer): void {
    this.#fail(error);
    this.#blocked = this.#syncSent;
    if (!this.#syncSent) {
      this.#phase = 'skipping';
      this.#afterIdle = undefined;
      this.#hub.later(() => this.#pump());
    }
  }

  /** The server speaks of prepared statements by the names that the relay gave them. */
  #withOwnNames(error: Buffer): Buffer {
    const { prefix } = this.emulation;
    if (!error.includes(prefix)) return error;

    const fields = readFields(error);
    for (const [letter, text] of Object.entries(fields)) fields[letter] = text.replaceAll(prefix, '');
    return errorResponse(fields);
  }

  /** False if the outer transaction has ended, which fails the unit. */
  #alive(status: number, sql: string): boolean {
    return this.#hub.check(this, status, sql);
  }

  /** The unit is over. */
  #finish(): void {
    const { emulation } = this;

    if (this.#hub.settingUp) {
      this.realStatus = String.fromCharCode(this.#hub.real.status) as Status;
      if (this.realStatus === 'I') {
        emulation.state = emulation.staged;
        this.#hub.applied = emulation.state.settings;
      }
    } else if (!emulation.transaction.open) {
      if (this.#failed) emulation.undo();
      else emulation.settle();
    }
    if (!this.inTransaction) this.#closePortals();
    this.#phase = 'ready';
    this.#blocked = false;
    this.#syncSent = false;
    this.#tellParameters();
    this.#hub.finished(this);
    this.send(readyForQuery(this.#status()));
    this.#hub.leave(this);
  }

  #closePortals(): void {
    for (const [name, prepared] of this.#portals)
      if (name !== '' && prepared?.local !== true) this.#hub.ground.closeLater('portal', name);
    this.#portals.clear();
  }

  #status(): Status {
    if (this.realStatus !== 'I') return this.realStatus;
    const { open, failed } = this.emulation.transaction;
    return open ? (failed || this.cutBy !== undefined ? 'E' : 'T') : 'I';
  }

  /** Settings that the server reports, as far as they differ from what the client was told last. */
  #tellParameters(): void {
    if (this.#toldVersion === this.#hub.parametersVersion) return;

    this.#toldVersion = this.#hub.parametersVersion;
    for (const [name, value] of this.#hub.parameters) if (this.#told.get(name) !== value) this.#tell(name, value);
  }

  /** Leaves whatever it is amid; answers that are still to come are dropped. */
  #abandon(): void {
    const { real, turns } = this.#hub;
    this.#unit += 1;
    this.#afterIdle = undefined;
    this.#pending = undefined;
    this.#blocked = false;
    if (turns.holder !== this) return;

    real.forget(this);
    if (this.#copying) real.raw(front.copyFail('the client is gone'));
    this.#copying = false;
    if (real.unsynced) real.send(front.SYNC, { kind: 'sync', to: undefined });
    this.#failed = true;
  }

  #trackSetup({ statements }: Script): void {
    if (this.#failed) return;
    for (const { special } of statements)
      if (special !== undefined) this.emulation.staged = setupState(this.emulation.staged, special);
  }

  #log(sql: string, tag: string | undefined): void {
    if (this.#hub.observing)
      this.#hub.log({ connection: this.name, sql, duration: this.#hub.now() - this.#began, rows: countOf(tag) });
  }

  #logFailure(error: Buffer): void {
    if (!this.#hub.observing) return;
    this.#hub.log({
      connection: this.name,
      sql: this.lastSql ?? '',
      duration: this.#began === 0 ? 0 : this.#hub.now() - this.#began,
      rows: 0,
      error: readFields(error),
    });
  }
}

/** What puts an entry back. An unnamed one is gone as well if its successor was tried and failed. */
function undoing<Value>(map: Map<string, Value>, name: string): (failed?: boolean) => void {
  const before = map.get(name);
  const had = map.has(name);
  return (failed = false) => {
    if (had && !(failed && name === '')) map.set(name, before as Value);
    else map.delete(name);
  };
}

function ends(statement: Statement | undefined): boolean {
  return statement !== undefined && ENDINGS.has(statement.effect.kind);
}

const ENDINGS: ReadonlySet<Effect['kind']> = new Set<Effect['kind']>(['commit', 'rollback', 'rollbackTo']);
const NO_SETTING: ReadonlySet<string> = new Set(['user', 'database', 'replication', 'options', 'host']);

function effectsOf({ statements }: Script): readonly Effect[] {
  return statements.length === 0 ? [EMPTY] : statements.map(({ effect }) => effect);
}

function setupState(staged: Emulation['staged'], special: NonNullable<Statement['special']>): Emulation['staged'] {
  if (special.kind === 'set' && !special.local) return setting(staged, special.name, special.replay);
  if (special.kind === 'reset')
    return special.name === undefined ? { ...staged, settings: new Map() } : setting(staged, special.name, undefined);
  return staged;
}

/** Rows that a command tag tells of: `INSERT 0 3`, `SELECT 5`. */
function countOf(tag: string | undefined): number {
  const count = tag === undefined ? undefined : /\d+$/.exec(tag)?.[0];
  return count === undefined ? 0 : Number(count);
}

/** The settings of the startup option `options`: `-c name=value --name=value`, a backslash before spaces. */
function readOptions(text: string): [name: string, value: string][] {
  const words = (text.match(/(?:\\.|[^\s\\])+/g) ?? []).map((word) => word.replace(/\\(.)/g, '$1'));
  const settings: [string, string][] = [];

  for (let at = 0; at < words.length; at += 1) {
    let word = words[at] ?? '';
    if (word === '-c') word = words[(at += 1)] ?? '';
    else if (word.startsWith('--')) word = word.slice(2).replaceAll('-', '_');
    else if (word.startsWith('-c')) word = word.slice(2);
    else continue;
    const equals = word.indexOf('=');
    if (equals > 0) settings.push([word.slice(0, equals).toLowerCase(), word.slice(equals + 1)]);
  }
  return settings;
}
