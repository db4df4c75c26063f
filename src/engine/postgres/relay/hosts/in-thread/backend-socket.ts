import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { RawConnection } from '../../server-module.js';
import type { BackendEnd, BackendEvents } from '../upstream.js';
import { afterUnref, soon } from '../../../../clock.js';
import { CancelRequest } from './cancel-request.js';
import { type Descriptor, descriptor, descriptorOf, LATER } from './descriptor.js';

/** What one blocking read takes at most. */
const CHUNK = 64 * 1024;
/** Up to so many bytes are copied out of the memory that all blocking reads share. */
const SMALL = 4 * 1024;
/** Looks, without a pause between them, before it is waited for a system that takes no more bytes. */
const LOOKS = 10;

const CLOSED = 'the server closed the connection';

/**
 * The socket to the server, in the thread of the tests: read by the event loop, or by a statement of
 * the session that blocks the thread until its answer is there. Both take the same bytes off the same
 * descriptor, and nothing is read ahead, so neither can miss what the other has seen.
 *
 * It is written at once and never by the loop: what the loop would keep, a blocked thread could not send.
 */
export class BackendSocket implements BackendEnd {
  readonly parameters: ReadonlyMap<string, string>;
  readonly processId: number;
  readonly #stream: Socket;
  readonly #descriptor: Descriptor;
  readonly #connection: RawConnection;
  readonly #events: BackendEvents;
  #scratch: Buffer = Buffer.allocUnsafeSlow(CHUNK);
  /** What the system has not taken yet. */
  #unwritten: Uint8Array[] = [];
  #retrying = false;
  readonly #cancelling = new Set<CancelRequest>();
  #over = false;
  /** Whether the process is kept alive for an answer. */
  #awaited = true;

  /** Whether a connection can be read with the thread blocked: it is not encrypted, and has a descriptor. */
  static canTake({ stream }: RawConnection): boolean {
    return stream instanceof Socket && !(stream instanceof TLSSocket) && descriptorOf(stream) !== undefined;
  }

  constructor(connection: RawConnection, events: BackendEvents) {
    const { stream, parameters, processId } = connection;

    this.parameters = parameters;
    this.processId = processId;
    this.#connection = connection;
    this.#events = events;
    this.#stream = stream as Socket;
    this.#descriptor = descriptor(descriptorOf(this.#stream) ?? -1);
    this.#stream.on('data', (chunk) => this.#received(chunk));
    this.#stream.on('error', (error) => this.#ended(error.message));
    this.#stream.on('close', () => this.#ended(CLOSED));
    this.#stream.on('end', () => this.#ended(CLOSED));
    this.#stream.resume();
    this.rest();
  }

  write(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#await();
    if (this.#unwritten.length > 0) this.#unwritten.push(bytes);
    else this.#writeNow(bytes);
  }

  cancel(done: () => void): void {
    // It may be over before it is made, where the server cannot be reached.
    const request = new CancelRequest(this.#stream, this.#connection, (ended) => {
      this.#cancelling.delete(ended);
      done();
    });
    if (!request.over) this.#cancelling.add(request);
  }

  /** Blocks until the server has got all cancel requests. */
  finishCancelling(): void {
    for (const request of this.#cancelling) request.finishNow();
  }

  destroy(): void {
    this.#over = true;
    this.#unwritten = [];
    this.#stream.destroy();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Nothing is asked for that is not answered: the socket keeps no process alive. */
  rest(): void {
    if (!this.#awaited) return;
    this.#awaited = false;
    this.#stream.unref();
  }

  #await(): void {
    if (this.#awaited) return;
    this.#awaited = true;
    this.#stream.ref();
  }

  /** Blocks until something has come, and takes it, or until so many milliseconds have passed. */
  receiveWithin(milliseconds: number): void {
    if (this.#over) return;
    if (this.#unwritten.length > 0) this.#flush();
    // What the loop has read before a client made it stop comes first.
    if (this.#stream.readableLength > 0) {
      this.#stream.read();
      return;
    }

    // Behind what is not written yet there may be no answer before it is.
    const limit = this.#unwritten.length > 0 ? Math.min(milliseconds, 1) : milliseconds;
    try {
      this.#take(this.#descriptor.readWithin(this.#scratch, limit));
    } catch (error) {
      this.#fail(error);
    }
  }

  #take(length: number): void {
    if (length === LATER) return;
    if (length === 0) {
      this.#stream.destroy();
      this.#ended(CLOSED);
      return;
    }

    const bytes = this.#scratch.subarray(0, length);
    if (length <= SMALL) this.#received(Buffer.from(bytes));
    else {
      this.#scratch = Buffer.allocUnsafeSlow(CHUNK);
      this.#received(bytes);
    }
  }

  #received(chunk: Buffer): void {
    if (!this.#over) this.#events.received(chunk);
  }

  #ended(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#unwritten = [];
    this.#events.ended(reason);
  }

  #fail(error: unknown): void {
    this.#stream.destroy();
    this.#ended(error instanceof Error ? error.message : String(error));
  }

  #writeNow(bytes: Uint8Array): void {
    let rest = bytes;
    try {
      for (let looks = 0; rest.length > 0 && looks < LOOKS; looks += 1) {
        const written = this.#descriptor.write(rest);
        if (written !== LATER) rest = rest.subarray(written);
      }
    } catch (error) {
      // The hub is amid something: it learns of the end as it would of any other.
      soon(() => this.#fail(error));
      return;
    }
    if (rest.length === 0) return;
    this.#unwritten.unshift(rest);
    this.#retryLater();
  }

  #flush(): void {
    const unwritten = this.#unwritten;
    this.#unwritten = [];
    for (const [index, bytes] of unwritten.entries()) {
      this.#writeNow(bytes);
      if (this.#unwritten.length === 0) continue;
      this.#unwritten.push(...unwritten.slice(index + 1));
      return;
    }
  }

  /** The server has much to read: nobody tells when it goes on, but it soon does. */
  #retryLater(): void {
    if (this.#retrying) return;
    this.#retrying = true;
    afterUnref(1, () => {
      this.#retrying = false;
      if (!this.#over) this.#flush();
      if (this.#unwritten.length > 0) this.#retryLater();
    });
  }
}
