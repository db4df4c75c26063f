import { Back, readFields, readNotification, readParameter, readRow } from '../wire/backend.js';
import { close, parse, query, SYNC } from '../wire/frontend.js';
import {
  belongs,
  completes,
  hasSync,
  isOwn,
  needsSync,
  type End,
  type Expectation,
  type Sink,
} from './expectations.js';
import { quietly } from './quiet.js';

/** Where the real connection's bytes go. */
export interface Outlet {
  write(bytes: Buffer): void;
}

/** What the real connection tells beside its answers. */
export interface RealEvents {
  /** A NoticeResponse; true if it is not for the client's eyes. */
  notice(bytes: Buffer): boolean;
  notification(channel: string, payload: string): void;
  parameter(name: string, value: string): void;
  /** The server sent what nobody had asked for. */
  outOfStep(reason: string): void;
  /** Every answer has come. */
  idle(): void;
}

/** What a query of the relay's own was answered. */
export interface Told {
  readonly error: Buffer | undefined;
  readonly rows: readonly (readonly (string | null)[])[];
  readonly status: number;
  readonly held: Buffer | undefined;
  /** The last command tag of a statement whose answer the client got. */
  readonly tag?: string | undefined;
}

const NOTHING = Buffer.alloc(0);
const NO_TYPES = Buffer.alloc(2);
const SYNTAX = 'lockstep_syntax';

/**
 * The real connection: forwards messages and knows, for every byte that comes back, whose it is.
 *
 * Each message that was forwarded has one expectation in a queue. The answer's bytes are passed on
 * as they are, also pieces of a message that is not complete; only short messages are looked at.
 */
export class RealConnection {
  /** Set by the last ReadyForQuery. */
  status: number = 0x49;
  /** Whether extended messages were forwarded since the last Sync or query: the server answers them when it likes. */
  unsynced = false;
  /** The last error that the server sent without being asked, e.g. before it closes the connection. */
  lastWords: Buffer | undefined;
  readonly #outlet: Outlet;
  readonly #events: RealEvents;
  #queue: Expectation[] = [];
  #out: Buffer[] = [];
  #partial: Buffer = NOTHING;
  // Bytes to come of a long message that is passed on piece by piece.
  #remaining = 0;
  #remainingTo: Sink | undefined;
  // Bytes that are to be passed on and were not yet: a run of messages for the same client.
  #run: { readonly to: Sink; readonly chunk: Buffer; start: number; end: number } | undefined;

  constructor(outlet: Outlet, events: RealEvents) {
    this.#outlet = outlet;
    this.#events = events;
  }

  /** Whether no answer is outstanding. */
  get idle(): boolean {
    return this.#queue.length === 0;
  }

  /** Forwards a message. Nothing leaves before `flush`. */
  send(bytes: Buffer, expectation: Expectation): void {
    this.#out.push(bytes);
    this.#queue.push(expectation);
    this.unsynced = needsSync(expectation.kind);
  }

  /** Forwards bytes that have no answer of their own: CopyData, Flush. */
  raw(bytes: Buffer): void {
    this.#out.push(bytes);
  }

  /**
   * An answer of the relay's own, behind those of the messages before it; `dropped` is called when
   * one of them fails.
   */
  local(bytes: Buffer, to: Sink, dropped: () => void = () => undefined): void {
    if (this.#queue.length === 0) to.send(bytes);
    else this.#queue.push({ kind: 'local', to, bytes, dropped });
  }

  /** Runs a query of the relay's own. With a sink, all of its answer but the end goes there. */
  ask(sql: string, done: (told: Told) => void, to?: Sink, hold = false): void {
    const rows: (string | null)[][] = [];
    let error: Buffer | undefined;

    this.send(query(sql), {
      kind: to === undefined ? 'ask' : 'query',
      to,
      hold,
      row: (bytes) => rows.push(readRow(bytes)),
      failed: (bytes) => (error = bytes),
      done: ({ status, held }) => done({ error, rows, status, held }),
    });
  }

  /**
   * Asks whether the server can read a text of several statements, as it does before it runs the first. It never
   * prepares more than one, but has read them all when it says so (exec_parse_message in postgres.c).
   */
  askSyntax(sql: string, done: (error: Buffer | undefined, status: number) => void): void {
    let error: Buffer | undefined;

    this.send(parse(SYNTAX, sql, NO_TYPES), {
      kind: 'parse',
      to: undefined,
      failed: (bytes) => (error = readFields(bytes)['R'] === 'exec_parse_message' ? undefined : Buffer.from(bytes)),
    });
    this.send(close({ kind: 'statement', name: SYNTAX }), { kind: 'close', to: undefined });
    this.send(SYNC, { kind: 'sync', to: undefined, done: ({ status }) => done(error, status) });
  }

  /** Runs statements of the relay's own one after the other, and leaves the unnamed statement and portal alone. */
  askQuietly(statements: readonly string[], done: (told: Told) => void): void {
    const rows: (string | null)[][] = [];
    let error: Buffer | undefined;

    this.send(quietly(statements), {
      kind: 'quiet',
      to: undefined,
      row: (bytes) => rows.push(readRow(bytes)),
      failed: (bytes) => (error = Buffer.from(bytes)),
      done: ({ status }) => done({ error, rows, status, held: undefined }),
    });
  }

  flush(): void {
    if (this.#out.length === 0) return;

    const out = this.#out;
    this.#out = [];
    this.#outlet.write(out.length === 1 && out[0] !== undefined ? out[0] : Buffer.concat(out));
  }

  /** Whether the client has got a part of a message whose rest is still to come. */
  amid(sink: Sink): boolean {
    return this.#remaining > 0 && this.#remainingTo === sink;
  }

  /** Nobody reads the client's answers any more. */
  forget(sink: Sink): void {
    for (const expectation of this.#queue) if (expectation.to === sink) expectation.to = undefined;
    if (this.#remainingTo === sink) this.#remainingTo = undefined;
    if (this.#run?.to === sink) this.#run = undefined;
  }

  /** Hands over what was only noted, before anything else is sent to a client. */
  settle(): void {
    const run = this.#run;
    if (run === undefined) return;

    this.#run = undefined;
    run.to.send(run.chunk.subarray(run.start, run.end));
  }

  receive(chunk: Buffer): void {
    const bytes = this.#partial.length === 0 ? chunk : Buffer.concat([this.#partial, chunk]);
    this.#partial = NOTHING;

    let at = 0;
    if (this.#remaining > 0) {
      at = Math.min(this.#remaining, bytes.length);
      this.#remainingTo?.send(bytes.subarray(0, at));
      this.#remaining -= at;
    }
    at = this.#readMessages(bytes, at);
    this.settle();
    if (at < bytes.length) this.#partial = bytes.subarray(at);
  }

  /** Returns the position of the message that is not complete. */
  #readMessages(bytes: Buffer, from: number): number {
    let at = from;

    while (bytes.length - at >= 5) {
      const type = bytes[at] ?? 0;
      const total = bytes.readInt32BE(at + 1) + 1;
      const head = this.#queue[0];

      if (total < 5) {
        this.#events.outOfStep('a message without a length');
        return bytes.length;
      }
      // Most bytes of all are rows. Nothing about them is of interest.
      if ((type === Back.dataRow || type === Back.copyData) && head !== undefined && !isOwn(head.kind)) {
        const end = Math.min(at + total, bytes.length);
        if (!belongs(head.kind, type)) {
          this.#events.outOfStep(`an answer of type ${type} to a message of kind ${head.kind}`);
          return bytes.length;
        }
        if (head.held !== undefined) this.#release(head);
        this.#pass(head.to, bytes, at, end);
        this.#remaining = at + total - end;
        this.#remainingTo = head.to;
        at = end;
        continue;
      }
      if (bytes.length - at < total) break;

      this.#read(type, bytes, at, at + total);
      at += total;
    }
    return at;
  }

  #read(type: number, chunk: Buffer, start: number, end: number): void {
    const bytes = (): Buffer => chunk.subarray(start, end);
    const head = this.#queue[0];

    switch (type) {
      case Back.parameterStatus:
        this.#events.parameter(...readParameter(bytes()));
        return;
      case Back.notification:
        this.#events.notification(...readNotification(bytes()));
        return;
      case Back.notice:
        if (this.#events.notice(bytes())) return;
        if (head?.held !== undefined) this.#release(head);
        this.#pass(head?.kind === 'ask' ? undefined : head?.to, chunk, start, end);
        return;
      case Back.error:
        this.#fail(head, bytes());
        return;
    }
    if (head === undefined || !belongs(head.kind, type)) {
      this.#events.outOfStep(`an answer of type ${type} to ${head === undefined ? 'nothing' : `a ${head.kind}`}`);
      return;
    }
    if (head.held !== undefined && type !== Back.ready) this.#release(head);

    if (type === Back.ready) this.#ready(head, chunk[start + 5] ?? 0);
    else this.#readPart(head, type, chunk, start, end);
  }

  #readPart(head: Expectation, type: number, chunk: Buffer, start: number, end: number): void {
    if (type === Back.commandComplete) {
      const other = head.tag?.(chunk.subarray(start, end));
      if (head.hold === true) {
        head.held = Buffer.from(other ?? chunk.subarray(start, end));
        return;
      }
      if (other !== undefined) return this.#replaceTag(head, other);
    }
    if (isOwn(head.kind)) {
      if (type === Back.dataRow) head.row?.(chunk.subarray(start, end));
      if (type === Back.copyIn) head.copyIn?.();
      if (type === Back.commandComplete) this.#pass(head.to, chunk, start, end);
      return;
    }

    this.#pass(head.to, chunk, start, end);
    if (type === Back.copyIn) head.copyIn?.();
    if (completes(head.kind, type)) this.#complete(head, { status: this.status, held: undefined });
  }

  #replaceTag(head: Expectation, tag: Buffer): void {
    this.settle();
    head.to?.send(tag);
    if (completes(head.kind, Back.commandComplete)) this.#complete(head, { status: this.status, held: undefined });
  }

  #ready(head: Expectation, status: number): void {
    const { held } = head;
    head.held = undefined;
    this.status = status;
    this.#complete(head, { status, held });
  }

  #complete(head: Expectation, end: End): void {
    this.#queue.shift();
    head.done?.(end);
    this.#advance();
  }

  #fail(head: Expectation | undefined, error: Buffer): void {
    // The connection is about to end, and its end is what the client will be told of.
    const fatal = /^(?:FATAL|PANIC)$/.test(readFields(error)['V'] ?? '');
    if (head === undefined || fatal) {
      this.lastWords = Buffer.from(error);
      return;
    }

    if (head.held !== undefined) this.#release(head);
    if (completes(head.kind, Back.ready)) return head.failed?.(error);

    // The server skips everything up to the next Sync; the last is undone first.
    const sync = this.#queue.findIndex(({ kind }) => hasSync(kind));
    const dropped = this.#queue.splice(0, sync < 0 ? this.#queue.length : sync);
    for (const expectation of dropped.slice(1).reverse()) expectation.dropped?.();
    head.failed?.(error);
    this.#advance();
  }

  /** The relay's own answers come when those before them have come. */
  #advance(): void {
    for (let head = this.#queue[0]; head?.kind === 'local'; head = this.#queue[0]) {
      this.#queue.shift();
      if (head.bytes !== undefined) head.to?.send(head.bytes);
    }
    if (this.#queue.length === 0) this.#events.idle();
  }

  #release(head: Expectation): void {
    const { held } = head;
    head.held = undefined;
    if (held !== undefined) head.to?.send(held);
  }

  #pass(to: Sink | undefined, chunk: Buffer, start: number, end: number): void {
    const run = this.#run;
    if (run !== undefined && run.to === to && run.chunk === chunk && run.end === start) {
      run.end = end;
      return;
    }
    this.settle();
    if (to !== undefined) this.#run = { to, chunk, start, end };
  }
}
