import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Pipe } from '../../../pipe.js';
import type { WorkerLink } from './worker-link.js';
import { ReplySlot } from './reply-slot.js';
import { Word } from '../../../shared.js';

/** Waits until `Word.piped` has another value, for at most so many milliseconds. Gives how long that took. */
export type Wait = (seen: number, milliseconds: number) => number;

/**
 * A byte stream to the relay whose reads block the thread. Its far end is a client of the relay like
 * any other, only without a socket.
 */
export class WorkerPipe implements Pipe {
  readonly #link: WorkerLink;
  readonly #port: MessagePort;
  readonly #wait: Wait;
  readonly #slot: ReplySlot = new ReplySlot();
  /** The number of the chunk that comes next. */
  #next = 1;
  /** One that has come and whose turn it may not be yet. */
  #message: { readonly message: Uint8Array | null } | undefined;
  #open = true;

  /** @param wait by default the thread is blocked, and nothing else goes on */
  constructor(link: WorkerLink, wait: Wait = (seen, milliseconds) => link.wait(Word.piped, seen, milliseconds)) {
    const { port1, port2 } = new MessageChannel();
    this.#link = link;
    this.#wait = wait;
    this.#port = port1;
    link.post({ kind: 'pipe', port: port2, slot: this.#slot.memory }, [port2]);
  }

  /** Sends bytes; never blocks. */
  write(bytes: Uint8Array): void {
    // A copy: a message takes the whole memory that its bytes are part of, which may be Node's pool.
    this.#port.postMessage(new Uint8Array(bytes));
  }

  /**
   * Returns what has come, blocking until something has.
   *
   * @param timeout Milliseconds.
   * @throws Error when the time has passed, when the far end has closed, and when the relay's thread has ended.
   */
  read(timeout: number): Uint8Array {
    let left = timeout;

    for (;;) {
      const seen = this.#link.load(Word.piped);
      const chunk = this.#receive();
      if (chunk === null) this.#open = false;
      else if (chunk !== undefined) return chunk;

      if (!this.#open) throw new Error('the relay closed the connection');
      if (left <= 0) throw new Error(`no answer within ${timeout} ms`);
      left -= this.#wait(seen, left);
    }
  }

  /**
   * The next chunk, if it is here; null when the far end has closed. The relay sends by message what comes
   * while the slot is taken: having a message, what lies in the slot came before it.
   */
  #receive(): Uint8Array | null | undefined {
    const first = this.#slot.take(this.#next);
    if (first !== undefined) return this.#count(first);

    this.#message ??= receiveMessageOnPort(this.#port) as { readonly message: Uint8Array | null } | undefined;
    if (this.#message === undefined) return undefined;
    const earlier = this.#slot.take(this.#next);
    if (earlier !== undefined) return this.#count(earlier);

    const { message } = this.#message;
    this.#message = undefined;
    return this.#count(message);
  }

  #count<Chunk>(chunk: Chunk): Chunk {
    this.#next += 1;
    return chunk;
  }

  /** Closes both directions. May be called twice. */
  close(): void {
    this.#open = false;
    this.#port.close();
  }
}
