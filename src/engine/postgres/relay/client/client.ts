import type { LockstepError } from '../../../../errors.js';
import { connectionName } from '../../../../sandbox/connection-names.js';
import { HOLDS_TURN } from '../../../../sandbox/holding.js';
import type { EndedOwner } from '../../../../sandbox/vocabulary.js';
import type { VirtualTransaction } from '../../../../sandbox/virtual-transaction.js';
import { Back, errorResponse, type Fields, notification, type Status } from '../../wire/backend.js';
import { Front } from '../../wire/frontend.js';
import { type Frame, FrontendReader } from '../../wire/frontend-reader.js';
import { LostPlace, MalformedMessage } from '../../wire/malformed.js';
import { Emulation, type SessionSettings } from '../emulation.js';
import type { Sink } from '../expectations.js';
import { failure, lockstepFailure } from '../failure.js';
import type { Hub } from '../hub/hub.js';
import type { Notice } from '../session-state.js';
import { FIRST_PROCESS_ID } from '../overrides.js';
import { Admission } from './admission.js';
import { Batch } from './batch.js';
import { CarriedSession } from './carried-session.js';
import { CopyIn } from './copy-in.js';
import { Dialogue } from './dialogue.js';
import { Execution } from './execution.js';
import { ExtendedQuery } from './extended-query.js';
import { Greeting } from './greeting.js';
import type { Line } from './line.js';
import { Opening } from './opening.js';
import { OwnStatements } from './own-statements.js';
import { ReportedSettings } from './reported-settings.js';
import { ScriptRun } from './script-run.js';
import { SimpleQuery } from './simple-query.js';

/** What is kept of a client's bytes while it waits; then its stream is paused. */
const ENOUGH = 1 << 20;
const NOTHING = Buffer.alloc(0);

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
  readonly opening: Opening = new Opening();
  /** Its session on its way to a connection of its own and back. */
  readonly carried: CarriedSession;
  lastSql: string | undefined;
  /** When it took the turn, and when its transaction ran its last statement, in milliseconds of the clock. */
  since = 0;
  idleSince = 0;
  /** The last error that the relay has answered in the server's place. */
  rejected: Buffer = NOTHING;
  /** Whether it may have taken locks that outlive its transaction. */
  locks = false;
  /** Status of a transaction that is real, before the first scope. */
  realStatus: Status = 'I';

  readonly #hub: Hub;
  readonly #line: Line;
  readonly #reader = new FrontendReader();
  readonly #dialogue: Dialogue;
  readonly #greeting: Greeting;
  readonly #admission: Admission;
  readonly #simple: SimpleQuery;
  readonly #extended: ExtendedQuery;
  readonly #batch: Batch;
  readonly #copy: CopyIn;
  /** What the client has not heard yet, because it was amid a unit or a transaction. */
  #notified: (Notice & { readonly from: number })[] = [];
  #paused = false;
  #keepsTurn = false;
  #out: Buffer[] = [];
  /** Whose work the unit is that begins with what has just come. */
  #owner: EndedOwner | undefined;

  constructor(hub: Hub, line: Line, id: number, secretKey: number) {
    this.#hub = hub;
    this.#line = line;
    this.id = id;
    this.secretKey = secretKey;
    this.name = connectionName(`postgres connection ${id}`, hub.label);
    this.emulation = new Emulation(
      this.name,
      `lockstep_${id}_`,
      hub.ground,
      (bytes) => {
        if (bytes[0] === Back.error) this.reject(bytes);
        else if (bytes[0] === Back.notice) this.warn(bytes);
        else this.send(bytes);
      },
      (notices) => hub.notify(notices, this.processId),
    );

    const reported = new ReportedSettings(this);
    const dialogue = new Dialogue(this, hub, this.emulation, reported);
    const own = new OwnStatements(dialogue);
    const batch = new Batch(dialogue);
    this.#dialogue = dialogue;
    this.#batch = batch;
    this.carried = new CarriedSession(dialogue, own);
    this.#greeting = new Greeting(dialogue, reported, line.password);
    this.#admission = new Admission(dialogue, own, (frame) => this.#go(frame));
    this.#simple = new SimpleQuery(dialogue, new ScriptRun(dialogue, own));
    this.#extended = new ExtendedQuery(dialogue, batch, new Execution(dialogue, batch, own), own, (frame) =>
      this.#admission.begin(frame),
    );
    this.#copy = new CopyIn(dialogue);
  }

  /** Whether the client is amid something that a test's end would interrupt. */
  get busy(): boolean {
    const { blocked, coming, phase } = this.#dialogue;
    if (phase === 'closed' || coming) return false;
    if (phase !== 'ready' || blocked || this.#reader.held > 0) return true;
    return this.inTransaction && !this.#hub.scopes.gate.isForgiven(this);
  }

  /** Whether something that it has sent is still to be answered; a statement of which only a part has come is on its way. */
  get underWay(): boolean {
    return this.amid || this.#reader.held > 0;
  }

  /** What it believes to be the number of its backend. */
  get processId(): number {
    return FIRST_PROCESS_ID + this.id;
  }

  /** What has come and was not looked at yet. */
  get unread(): Buffer {
    return this.#reader.rest;
  }

  /** As many messages of it were looked at by somebody else. */
  skip(messages: number): void {
    for (let left = messages; left > 0; left -= 1) this.#reader.next();
  }

  get transaction(): VirtualTransaction {
    return this.emulation.transaction;
  }

  /** Somebody else uses the connection from now on: whatever was begun is over. */
  reset(): void {
    this.emulation.reset();
  }

  get inTransaction(): boolean {
    if (this.#hub.scopes.gate.isCut(this)) return false;
    return this.emulation.transaction.open || this.realStatus !== 'I';
  }

  /** Whether it is amid a unit. */
  get amid(): boolean {
    const { blocked, phase } = this.#dialogue;
    return blocked || phase !== 'ready';
  }

  /** Whether its transaction has come to the server, or is to be alone, so that nobody else may use the connection. */
  get holding(): boolean {
    return this.inTransaction && (this.realStatus !== 'I' || this.emulation.working || this.#keepsTurn);
  }

  /** Whether others may use the connection amid its transaction, which is idle. */
  get givesWay(): boolean {
    const { emulation } = this;
    if (this.own || this.#keepsTurn || this.underWay || !this.holding || !emulation.interruptible) return false;
    return emulation.transaction.failed || this.#dialogue.portals.over;
  }

  /** The session begins something: whether its transaction has the turn from then on. */
  begins(sql: string): void {
    if (!this.own) return;
    this.#keepsTurn = (this.#keepsTurn && this.inTransaction) || sql.endsWith(HOLDS_TURN);
  }

  /** Whether something of the server is outstanding: an answer, or that it has got a cancel request. */
  get running(): boolean {
    return this.#unanswered || (this.#hub.turns.holder === this && this.#hub.link.cancelling);
  }

  get #unanswered(): boolean {
    return this.#hub.turns.holder === this && !this.#hub.real.idle;
  }

  // ---- its bytes

  /** Answers go out together, when all that has come was read. */
  send(bytes: Buffer): void {
    if (this.#dialogue.phase === 'closed') return;

    this.#hub.real.settle();
    if (this.#out.length === 0) this.#hub.wrote(this);
    this.#out.push(bytes);
  }

  /** Sends an error that the relay has answered in the server's place. */
  reject(error: Buffer): void {
    this.rejected = error;
    this.send(error);
  }

  /** Sends a notice: nobody hears those of the test's session, and libpq would print them. */
  warn(notice: Buffer): void {
    if (!this.own) this.send(notice);
  }

  /** Whose work the unit is that begins, if the scope is over; asked once. */
  takeOwner(): EndedOwner | undefined {
    const owner = this.#owner;
    this.#owner = undefined;
    return owner;
  }

  flush(): void {
    const out = this.#out;
    if (out.length === 0) return;

    this.#out = [];
    this.#line.write(out.length === 1 && out[0] !== undefined ? out[0] : Buffer.concat(out));
  }

  /** @param owner the scope that is over and whose work wrote this; undefined where nobody can tell */
  receive(chunk: Buffer, owner?: EndedOwner): void {
    // Only for the unit that begins with it: what waits is another's, and so may be what follows in the same chunk.
    this.#owner = this.amid || this.#reader.held > 0 ? undefined : owner;
    this.#reader.push(chunk);
    this.pump();
    this.#owner = undefined;
    this.#hub.flush();
    if (this.#dialogue.blocked && this.#reader.held > ENOUGH && !this.#paused) {
      this.#paused = true;
      this.#line.pause();
    }
  }

  /** From here on its messages have a type. */
  started(): void {
    this.#reader.started();
  }

  /** Reads the messages that have come, as far as they can be served now. */
  pump(): void {
    const dialogue = this.#dialogue;
    this.guarded(() => {
      while (!dialogue.blocked && dialogue.phase !== 'closed') {
        const frame = this.#reader.next();
        if (frame === undefined) break;
        this.#handle(frame);
      }
    });
    if (this.#paused && this.#reader.held < ENOUGH) {
      this.#paused = false;
      this.#line.resume();
    }
    this.#hub.noticeboard.mark(this);
  }

  #handle(frame: Frame): void {
    const dialogue = this.#dialogue;
    dialogue.deadlines.stirs();
    if (dialogue.phase === 'startup') return this.#greeting.open(frame);
    if (dialogue.phase === 'password') return this.#greeting.checkPassword(frame);
    if (frame.type === Front.terminate) return this.hang();
    if (dialogue.copying) return this.#copy.take(frame);
    if (dialogue.phase === 'skipping') {
      if (frame.type === Front.sync) this.#batch.sync();
      return;
    }
    if (dialogue.phase === 'extended') return this.#extended.take(frame);

    switch (frame.type) {
      case Front.sync:
        dialogue.ready();
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
        return this.#admission.begin(frame);
      default:
        throw new MalformedMessage(`invalid frontend message type ${frame.type}`);
    }
  }

  #go(frame: Frame): void {
    if (frame.type === Front.query) this.#simple.run(frame);
    else if (frame.type === Front.functionCall) this.#simple.call(frame);
    else {
      this.#dialogue.phase = 'extended';
      this.#extended.take(frame);
    }
  }

  /** A client that sends nonsense is told so and cut off, as by the server. */
  guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof MalformedMessage) && !(error instanceof RangeError)) throw error;
      // Whoever does not even begin as a client is not answered, as by the server.
      if (this.#dialogue.phase !== 'startup' && !(error instanceof LostPlace)) this.tellFatal('08P01', error.message);
      this.hang();
    }
  }

  tellFatal(code: string, message: string, more: Fields = {}): void {
    this.send(errorResponse({ S: 'FATAL', V: 'FATAL', C: code, M: message, ...more }));
  }

  /** Says goodbye. */
  hang(): void {
    this.flush();
    this.disconnected();
    this.#line.end();
  }

  /** Somebody has ended its backend. */
  terminated(): void {
    this.end('57P01', 'terminating connection due to administrator command');
  }

  /** Its connection ends with these words, whatever it is amid. */
  end(code: string, message: string): void {
    const { link, real } = this.#hub;
    if (this.#unanswered) link.cancel();
    // Nothing can be told inside a row.
    if (real.amid(this)) {
      this.disconnected();
      return this.#line.destroy();
    }
    this.tellFatal(code, message);
    this.hang();
  }

  // ---- what happens to it

  /** A scope begins: what the client has set until now outlives it. */
  settled(): SessionSettings {
    this.opening.end();
    return this.emulation.settings;
  }

  /**
   * A scope has ended, and what the client has set in it goes with it.
   *
   * @param before what it had set when the scope began; undefined if it was not there yet
   */
  scopeEnded(before: SessionSettings = this.opening.settings ?? this.emulation.defaultSettings): void {
    this.opening.end();
    this.emulation.scopeEnded(this.own ? this.#admission.withoutBorrowed(before) : before);
  }

  /** The client has gone. */
  disconnected(): void {
    const dialogue = this.#dialogue;
    if (dialogue.phase === 'closed') return;

    this.#abandon();
    dialogue.deadlines.gone();
    dialogue.phase = 'closed';
    this.#out = [];
    this.#hub.gone(this);
    dialogue.statements.closeLater();
    this.#hub.flush();
  }

  #abandon(): void {
    this.#admission.withdraw();
    this.#dialogue.abandon();
  }

  /** The turn has come. */
  granted(): void {
    this.#admission.granted();
  }

  /** The turn will not come. */
  refused(error: Error): void {
    this.#admission.refused(lockstepFailure(error));
  }

  /** All answers have come. */
  idle(): void {
    const dialogue = this.#dialogue;
    const then = dialogue.takeExpected();
    if (then === undefined) return;

    dialogue.blocked = false;
    if (dialogue.phase !== 'skipping') this.guarded(then);
    this.pump();
  }

  /**
   * Ends what the client is amid, with an error.
   *
   * @param again also where it knows that its unit has failed: drivers take a second error for one of the connection
   */
  abort(error: Buffer, again = false): void {
    const dialogue = this.#dialogue;
    if (dialogue.phase === 'ready' || dialogue.phase === 'closed' || dialogue.coming) return;
    if (this.#admission.waiting) return;

    const told = dialogue.failed && !again;
    const over = dialogue.phase === 'simple' || (dialogue.phase === 'extended' && dialogue.blocked && dialogue.synced);
    // An error cannot be told inside a row, so the connection ends as by an administrator's command.
    if (this.#hub.real.amid(this)) {
      this.disconnected();
      return this.#line.destroy();
    }
    this.#abandon();
    // The compiler believes that nothing has changed the phase since it was looked at.
    if ((dialogue.phase as string) === 'skipping') return;
    if (!told) this.send(error);
    dialogue.failed = true;
    if (over) {
      dialogue.phase = 'ready';
      dialogue.ready();
    } else {
      dialogue.phase = 'skipping';
    }
    this.#hub.later(() => this.pump());
  }

  /** Delivers what the client listens to, at once if it is idle and outside of a transaction. */
  notified(notice: Notice, from: number): void {
    if (this.emulation.state.listens.size === 0) return;

    this.#notified.push({ ...notice, from });
    if (!this.amid && !this.inTransaction) this.hear();
  }

  /** Delivers what has come meanwhile, on the channels that are listened to now. */
  hear(): void {
    for (const { channel, payload, from } of this.#notified.splice(0))
      if (this.emulation.state.listens.has(channel)) this.send(notification(from, channel, payload));
  }

  /** The connection to the server is gone, with everything that was on it. */
  lost(error: LockstepError): void {
    // Whoever is idle in a transaction learns of it with its next statement: it must not go on without it.
    const untold = this.emulation.transaction.open && this.#dialogue.phase === 'ready' && !this.own;
    this.#dialogue.portals.forget();
    if (untold) {
      this.emulation.leave();
      this.emulation.staged = this.emulation.state;
      this.#hub.scopes.gate.cut(this, error);
    } else this.emulation.reset();
    this.realStatus = 'I';
    this.abort(lockstepFailure(error), true);
  }

  /** A cancel request came for this client. True if it is running something. */
  cancelled(): boolean {
    if (!this.#admission.waiting) return this.#unanswered;

    this.#hub.turns.forget(this);
    this.#admission.refused(failure('57014', 'canceling statement due to user request', { R: 'ProcessInterrupts' }));
    this.#hub.flush();
    return false;
  }
}
