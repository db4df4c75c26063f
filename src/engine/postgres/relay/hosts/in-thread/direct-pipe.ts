import type { Pipe } from '../../../pipe.js';
import type { Line } from '../../client/line.js';
import type { Receiver } from '../socket-line.js';

/** Blocks the thread until it is done, and takes meanwhile what the server sends. */
export type Block = (done: () => boolean, milliseconds: number) => void;

/** The session's line to the hub: it calls, and waits with the thread blocked. */
export class DirectPipe implements Pipe {
  readonly #client: Receiver;
  readonly #block: Block;
  #answers: Buffer[] = [];
  #open = true;

  constructor(accept: (line: Line) => Receiver, block: Block) {
    this.#block = block;
    this.#client = accept({
      password: undefined,
      write: (bytes) => void this.#answers.push(bytes),
      pause: () => undefined,
      resume: () => undefined,
      end: () => (this.#open = false),
      destroy: () => (this.#open = false),
    });
  }

  write(bytes: Uint8Array): void {
    if (this.#open) this.#client.receive(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  /** @throws Error when the time has passed, and when the hub has closed the line. */
  read(timeout: number): Uint8Array {
    if (this.#answers.length === 0 && this.#open) this.#block(() => this.#answers.length > 0 || !this.#open, timeout);

    const answer = this.#answers.shift();
    if (answer !== undefined) return answer;
    throw new Error(this.#open ? `no answer within ${Math.round(timeout)} ms` : 'the relay closed the connection');
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#client.disconnected();
  }
}
