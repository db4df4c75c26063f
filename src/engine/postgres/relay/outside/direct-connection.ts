import { Back, notification, readNotification, readParameter, type Status } from '../../wire/backend.js';
import { Front, parse, query, SYNC, TERMINATE } from '../../wire/frontend.js';
import { FrontendReader } from '../../wire/frontend-reader.js';
import type { BackendEnd, BackendEvents } from '../hosts/upstream.js';
import { type NamedStatement, Units, type Logged } from './units.js';

/** What a client has of its own when it comes. */
export interface Baggage {
  /** The statements that make its settings. */
  readonly settings: readonly string[];
  /** What it has prepared, by the names that it gave. */
  readonly statements: readonly (readonly [name: string, statement: NamedStatement])[];
}

/** Whoever has the connection. */
export interface DirectClient {
  /** Whether nobody hears its notices: those of the test's session. */
  readonly silent: boolean;
  /** Bytes for it; what they tell is known when they come. */
  write(bytes: Buffer): void;
  log(statement: Logged): void;
  /** A unit of it was answered. */
  answered(): void;
  /** Its transaction was rolled back without its knowing. */
  rolledBack(): void;
  /** What it was amid is over; it had sent this, which nobody has looked at. */
  interrupted(rest: Buffer): void;
  /** It says goodbye. */
  leaves(): void;
  /** The server has ended the connection. */
  ended(reason: string): void;
  /** By which number it knows the backend. */
  processIdOf(backend: number): number;
  now(): number;
}

/** A connection to the server whose bytes go on to `events`. */
export type Connect = (events: BackendEvents & { idle(): boolean }) => Promise<BackendEnd>;

/**
 * The backend of a client's own while it is outside the sandbox. Bytes pass both ways as they are; what they are
 * is noted, so that the client can be brought back to the sandbox with what it has prepared, and its end of a
 * test be made as in the sandbox.
 */
export class DirectConnection {
  /** Its transaction, as the server has told it last. */
  status: Status = 'I';
  readonly #client: DirectClient;
  readonly #units: Units;
  readonly #reader = new FrontendReader();
  /** Cuts the server's bytes too: after the start, messages of both sides are framed alike. */
  readonly #answers = new FrontendReader();
  readonly #before: Baggage;
  #end: BackendEnd | undefined;
  /** What is to be written when the connection is there, and no cancel request is on its way. */
  #unwritten: Buffer[] = [];
  #cancelling = 0;
  /** What the client is told in place of the next error, since its test is over. */
  #interruption: Buffer | undefined;
  /** What it is told in place of the error of the statement that runs. */
  #failure: Buffer | undefined;
  #closed = false;
  /** Settings that the server has reported: when the connection was ready, and since. */
  readonly #reported = new Map<string, { readonly first: string; readonly last: string }>();
  #ready = false;
  #cancelWanted = false;
  #settle: () => void = () => undefined;
  /** Resolves when the client's settings are made and it hears what it listens to, or the connection has ended. */
  readonly settled: Promise<void> = new Promise((resolve) => (this.#settle = resolve));

  constructor(client: DirectClient, before: Baggage) {
    this.#client = client;
    this.#before = before;
    this.#units = new Units(
      () => client.now(),
      (statement) => client.log(statement),
    );
    this.#reader.started();
    this.#answers.started();
    this.#setUp(before);
  }

  /** Connects, unless that was done ahead. */
  async open(connect: Connect): Promise<void> {
    try {
      const end = await connect(this.events);
      if (this.#closed) return end.destroy();
      this.attach(end);
    } catch (error) {
      if (!this.#closed) this.#ended(error instanceof Error ? error.message : String(error));
    }
  }

  /** What the bytes of the connection go to. */
  readonly events: BackendEvents & { idle(): boolean } = {
    received: (chunk) => this.#received(chunk),
    ended: (reason) => this.#ended(reason),
    idle: () => this.#units.idle,
  };

  attach(end: BackendEnd): void {
    this.#end = end;
    for (const [name, value] of end.parameters) this.#reported.set(name, { first: value, last: value });
    this.#flush();
  }

  /** Its end at the server, once there is one. */
  get end(): BackendEnd | undefined {
    return this.#end;
  }

  get lastSql(): string {
    return this.#units.lastSql ?? '';
  }

  get inTransaction(): boolean {
    return this.status !== 'I';
  }

  /** How many transactions there were. */
  get transactions(): number {
    return this.#units.transactions;
  }

  /** Whether something that the client has sent is still to be answered. */
  get underWay(): boolean {
    return this.#units.open || this.#reader.held > 0 || this.#interruption !== undefined;
  }

  #setUp({ settings, statements }: Baggage): void {
    // Each by itself: one that the server does not take here says nothing about the others.
    for (const sql of settings) this.#own(query(sql));
    for (const [name, { sql, rest }] of statements) {
      this.#units.knows(name, sql);
      this.#own(Buffer.concat([parse(name, sql, rest), SYNC]));
    }
    this.#own(query(''), () => {
      this.#ready = true;
      this.#settle();
      // Before, it would have cancelled the set-up.
      if (this.#cancelWanted) this.cancel();
    });
  }

  #own(bytes: Buffer, done: () => void = () => undefined): void {
    this.#units.own(done);
    this.#write(bytes);
  }

  // ---- the client's bytes

  receive(chunk: Buffer): void {
    this.#reader.push(chunk);
    this.#pump();
  }

  #pump(): void {
    const out: Buffer[] = [];

    // Amid a batch the server has to hear its Sync.
    while (this.#interruption === undefined || this.#units.unsynced) {
      const frame = this.#reader.next();
      if (frame === undefined) break;
      if (frame.type === Front.terminate) {
        this.close();
        return this.#client.leaves();
      }
      this.#units.sent(frame);
      out.push(frame.bytes);
    }
    if (out.length > 0) this.#write(out.length === 1 && out[0] !== undefined ? out[0] : Buffer.concat(out));
  }

  #write(bytes: Buffer): void {
    if (this.#closed) return;
    if (this.#end === undefined || this.#cancelling > 0) this.#unwritten.push(bytes);
    else this.#end.write(bytes);
  }

  #flush(): void {
    if (this.#end === undefined || this.#cancelling > 0) return;
    for (const bytes of this.#unwritten.splice(0)) this.#end.write(bytes);
  }

  // ---- the server's

  #received(chunk: Buffer): void {
    if (this.#closed) return;
    const passed: Buffer[] = [];
    let answered = false;

    this.#answers.push(chunk);
    for (let frame = this.#answers.next(); frame !== undefined; frame = this.#answers.next()) {
      const { type, bytes } = frame;
      const own = this.#units.isOwn;
      const passes = this.#passed(type, bytes, own);
      if (passes !== undefined) passed.push(passes);
      this.#units.received(type, bytes);
      if (type !== Back.ready) continue;
      this.status = String.fromCharCode(bytes[5] ?? 0) as Status;
      answered ||= !own;
      if (!own) this.#failure = undefined;
    }
    if (answered) this.#client.answered();
    if (passed.length > 0) this.#client.write(Buffer.concat(passed));
    this.#finishInterruption();
  }

  /** What the client gets of a message. */
  #passed(type: number, frame: Buffer, own: boolean): Buffer | undefined {
    switch (type) {
      case Back.notification:
        return notification(this.#client.processIdOf(frame.readInt32BE(5)), ...readNotification(frame));
      case Back.parameterStatus: {
        const [name, value] = readParameter(frame);
        const first = this.#ready ? (this.#reported.get(name)?.first ?? value) : value;
        this.#reported.set(name, { first, last: value });
        return own ? undefined : frame;
      }
      case Back.notice:
        return own || this.#client.silent ? undefined : frame;
      case Back.error: {
        const instead = this.#interruption ?? this.#failure;
        if (own || instead === undefined) return own ? undefined : frame;
        return instead;
      }
      default:
        return own ? undefined : frame;
    }
  }

  #ended(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#settle();
    this.#client.ended(reason);
  }

  // ---- what happens to it

  /** Asks the server to cancel what runs; nothing is sent before it has got that. */
  cancel(): void {
    if (!this.#units.awaiting) return;
    this.#cancelWanted = !this.#ready;
    if (this.#end === undefined || this.#cancelWanted) return;

    this.#cancelling += 1;
    this.#end.cancel(() => {
      this.#cancelling -= 1;
      this.#flush();
    });
  }

  /** The statement that runs is not to wait any longer: it fails with that, unless it has just been done. */
  fail(error: Buffer): void {
    this.#failure = error;
    this.cancel();
  }

  /**
   * The test is over: what the client is amid ends, and its transaction with it.
   *
   * @param error what a statement of it that runs fails with
   */
  interrupt(error: Buffer): void {
    if (this.#interruption !== undefined) return;
    if (!this.underWay) return this.rollBack();

    this.#interruption = error;
    this.cancel();
    this.#finishInterruption();
  }

  #finishInterruption(): void {
    if (this.#interruption === undefined || this.#units.open) return;

    this.#interruption = undefined;
    this.rollBack();
    const { rest } = this.#reader;
    while (this.#reader.next() !== undefined);
    this.#client.interrupted(rest);
  }

  /** Ends the transaction that is open, if there is one, without the client's knowing. */
  rollBack(then: () => void = () => this.#client.rolledBack()): void {
    if (this.status === 'I') return;

    this.status = 'I';
    this.#own(query('ROLLBACK'));
    then();
  }

  /** Gives the backend up. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#settle();
    this.#end?.write(TERMINATE);
    this.#end?.destroy();
  }

  // ---- what the client takes back

  /** What it has prepared here, and whether what it had before is gone. */
  get prepared(): { readonly named: ReadonlyMap<string, NamedStatement>; readonly gone: readonly string[] } {
    const { cleared, named, closed } = this.#units;
    const gone = this.#before.statements.map(([name]) => name).filter((name) => cleared || closed.has(name));
    return { named, gone };
  }

  /** Settings whose values the client has been told, and that are others where it came from. */
  get changedSettings(): readonly (readonly [name: string, value: string])[] {
    return [...this.#reported].flatMap(([name, { first, last }]) => (first === last ? [] : [[name, first] as const]));
  }

  /** What has come and was not looked at. */
  get unread(): Buffer {
    return this.#reader.rest;
  }
}
