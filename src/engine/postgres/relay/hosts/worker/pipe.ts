import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Pipe } from '../../../pipe.js';
import type { WorkerLink } from './worker-link.js';
import { ReplySlot } from './reply-slot.js';
import { Word } from '../../../shared.js';

/**
 * A byte stream to the relay whose reads block the thread. Its far end is a client of the relay like
 * any other, only without a socket.
 */
export class WorkerPipe implements Pipe {
  readonly #link: WorkerLink;
  readonly #port: MessagePort;
  readonly #slot: ReplySlot = new ReplySlot();
  /** The number of the chunk that comes next. */
  #next = 1;
  #open = true;

  constructor(link: WorkerLink) {
    const { port1, port2 } = new MessageChannel();
    this.#link = link;
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
    const deadline = performance.now() + timeout;

    for (;;) {
      const seen = this.#link.load(Word.piped);
      const chunk = this.#receive();
      if (chunk === null) this.#open = false;
      else if (chunk !== undefined) return chunk;

      if (!this.#open) throw new Error('the relay closed the connection');
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`no answer within ${timeout} ms`);
      this.#link.wait(Word.piped, seen, left);
    }
  }

  /** The next chunk, if it is here; null when the far end has closed. */
  #receive(): Uint8Array | null | undefined {
    const chunk = this.#slot.take(this.#next) ?? this.#receiveMessage();
    if (chunk !== undefined) this.#next += 1;
    return chunk;
  }

  #receiveMessage(): Uint8Array | null | undefined {
    return (receiveMessageOnPort(this.#port) as { message: Uint8Array | null } | undefined)?.message;
  }

  /** Closes both directions. May be called twice. */
  close(): void {
    this.#open = false;
    this.#port.close();
  }
}
