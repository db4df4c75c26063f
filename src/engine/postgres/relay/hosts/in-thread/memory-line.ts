import { AsyncResource } from 'node:async_hooks';
import type { Socket } from 'node:net';
import type { Host } from '../../../../engine.js';
import type { Line } from '../../client/line.js';
import type { Backpressure } from '../backpressure.js';
import type { Receiver } from '../socket-line.js';

type Done = (error?: Error | null) => void;

/** What is set on a socket of the app's in place of Node's own: it has no handle. */
interface Ends {
  connecting: boolean;
  /** What Node tells of a socket's far end, where it has no handle to ask. */
  _peername: object;
  _read(): void;
  _write(chunk: Buffer | string, encoding: BufferEncoding, done: Done): void;
  _writev(chunks: readonly { chunk: Buffer | string; encoding: BufferEncoding }[], done: Done): void;
  _final(done: Done): void;
  ref(): unknown;
  unref(): unknown;
  /** Begins the socket's own timeout anew. */
  _unrefTimer?(): void;
}

/** The two by which bytes reach the app; as they were when its sockets were made, whatever is faked since. */
export interface Ticks {
  readonly nextTick: (callback: () => void) => void;
  readonly setImmediate: (callback: () => void) => void;
}

/** What a line asks of whoever runs the tests. */
export type Contexts = Pick<Host, 'endedOwner' | 'asNobody'>;

/** Who is told what the app has under way. */
export interface LineEvents {
  /** The line has something under way: it is being opened, or has answers that the app has not got. */
  active(line: MemoryLine): void;
  idle(line: MemoryLine): void;
}

/**
 * A line between a socket of the app's and the hub, within this thread. What the app writes has
 * reached the hub when `write` returns, so that nothing is ever on its way unseen.
 *
 * What the hub sends arrives in a later tick, never within a call of the hub's or of the app's: an
 * exception thrown by a receiver is then its own. It is received in the async context in which the
 * socket was connected, as Node has it for sockets of the system, but as the work of no test: a
 * connection goes on over all of them.
 */
export class MemoryLine implements Line {
  readonly password: string | undefined;
  readonly #socket: Socket & Ends;
  readonly #context: AsyncResource;
  readonly #contexts: Contexts;
  readonly #ticks: Ticks;
  readonly #backpressure: Backpressure;
  readonly #events: LineEvents;
  #client: Receiver | undefined;
  #answers: Buffer[] = [];
  #state: 'opening' | 'open' | 'ending' | 'ended' | 'closed' = 'opening';
  #scheduled = false;
  /** Bytes, and what has to be called when the hub reads again. */
  #held: { readonly bytes: Buffer; readonly done: Done } | undefined;
  #reading = true;

  /**
   * Connects the socket, which has no handle, to a client that `accept` makes.
   *
   * @param password what the client has to know
   */
  constructor(
    socket: Socket,
    password: string | undefined,
    accept: (line: Line) => Receiver,
    parts: {
      readonly ticks: Ticks;
      readonly backpressure: Backpressure;
      readonly events: LineEvents;
      readonly contexts: Contexts;
    },
  ) {
    this.password = password;
    this.#socket = socket as unknown as Socket & Ends;
    this.#contexts = parts.contexts;
    this.#context = parts.contexts.asNobody(() => new AsyncResource('LOCKSTEPLINE'));
    this.#ticks = parts.ticks;
    this.#backpressure = parts.backpressure;
    this.#events = parts.events;
    this.#takeOver();
    this.#events.active(this);
    // A socket is connected by the loop, never before whoever connects it has returned.
    this.#ticks.setImmediate(() => this.#context.runInAsyncScope(() => this.#open(accept)));
  }

  #takeOver(): void {
    const socket = this.#socket;
    const own: Omit<Ends, '_unrefTimer'> = {
      connecting: true,
      _peername: {},
      _read: () => this.#backpressure.relieved(this),
      _write: (chunk, encoding, done) => this.#send(bytesOf(chunk, encoding), done),
      _writev: (chunks, done) =>
        this.#send(Buffer.concat(chunks.map(({ chunk, encoding }) => bytesOf(chunk, encoding))), done),
      _final: (done) => {
        this.#ticks.nextTick(() => this.#appEnded());
        done();
      },
      // Node waits for a handle with both.
      ref: () => socket,
      unref: () => socket,
    };

    for (const [name, value] of Object.entries(own))
      Object.defineProperty(socket, name, { configurable: true, writable: true, value });
    Object.defineProperty(socket, 'pending', { configurable: true, get: () => socket.connecting });
    socket.once('close', () => this.#closed());
  }

  #open(accept: (line: Line) => Receiver): void {
    const socket = this.#socket;
    if (this.#state !== 'opening') return;

    this.#state = 'open';
    this.#events.idle(this);
    this.#client = accept(this);
    socket.connecting = false;
    socket._unrefTimer?.();
    socket.emit('connect');
    socket.emit('ready');
    // As Node does: a socket that nobody reads notices its end all the same.
    if (!socket.destroyed && socket.readable && !socket.isPaused()) socket.read(0);
  }

  // ---- from the app

  #send(bytes: Buffer, done: Done): void {
    this.#socket._unrefTimer?.();
    if (this.#state === 'opening') {
      this.#socket.once('connect', () => this.#send(bytes, done));
      return;
    }
    if (!this.#reading) {
      this.#held = { bytes, done };
      return;
    }
    this.#client?.receive(bytes, this.#contexts.endedOwner());
    done();
  }

  #appEnded(): void {
    this.#leave();
    this.#end();
  }

  #closed(): void {
    this.#state = 'closed';
    this.#answers = [];
    this.#events.idle(this);
    this.#backpressure.relieved(this);
    this.#leave();
  }

  #leave(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.disconnected();
  }

  // ---- from the hub

  write(bytes: Buffer): void {
    if (this.#state !== 'open') return;
    this.#answers.push(bytes);
    this.#deliverSoon();
  }

  pause(): void {
    this.#reading = false;
  }

  resume(): void {
    this.#reading = true;
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) {
      // Whose it was cannot be told any more.
      this.#ticks.nextTick(() => this.#contexts.asNobody(() => this.#send(held.bytes, held.done)));
    }
  }

  end(): void {
    this.#end();
  }

  destroy(): void {
    this.#answers = [];
    this.#end();
  }

  #end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#deliverSoon();
  }

  #deliverSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#events.active(this);
    this.#ticks.nextTick(() => this.#context.runInAsyncScope(this.#deliver, this));
  }

  #deliver(): void {
    const socket = this.#socket;
    const answers = this.#answers;
    this.#answers = [];
    this.#scheduled = false;
    this.#events.idle(this);
    if (this.#state === 'closed' || socket.destroyed) return;

    const [first] = answers;
    if (first !== undefined) {
      socket._unrefTimer?.();
      // One chunk, as the system would give it.
      if (!socket.push(answers.length === 1 ? first : Buffer.concat(answers))) this.#backpressure.full(this);
    }
    // What the app has sent meanwhile may be answered already, in the tick to come.
    if (this.#state !== 'ending' || this.#scheduled) return;
    this.#state = 'ended';
    socket.push(null);
  }
}

/** A copy: whoever has written may use the memory for something else as soon as it is told that it was taken. */
function bytesOf(chunk: Buffer | string, encoding: BufferEncoding): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk);
}
